"""Fares are earned by the departure: until then they are owed to the passengers, no-shows included."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from bookings.base.money import cents
from bookings.database.transactions import database_now, short_transaction
from bookings.models import Account, Booking, LedgerEntry, Order, Posting, SaleStatus, Total

_EACH_MINUTE: Final = timedelta(hours=2)  # what boarded before that, the nightly sweep finds
_AT_ONCE: Final = 200


def earn_fares(*, now: datetime | None = None) -> int:
    """Move the fares of passengers who boarded within two hours, or should have, to revenue.

    Returns of how many bookings.
    """
    now = now or database_now()
    return _earn(Booking.objects.filter(boards_at__gt=now - _EACH_MINUTE, boards_at__lte=now), now)


def earn_old_fares(*, now: datetime | None = None) -> int:
    """As `earn_fares`, of whatever has boarded and was not seen while the queue stood still."""
    now = now or database_now()
    return _earn(Booking.objects.filter(boards_at__lte=now), now)


def _earn(boarded: QuerySet[Booking], now: datetime) -> int:
    entries = LedgerEntry.objects.filter(account=Account.UNEARNED_FARES)
    unearned = entries.filter(booking__in=boarded.filter(status=SaleStatus.CONFIRMED))
    sums = unearned.order_by().values("booking").annotate(total=Total("amount")).exclude(total=0)
    bookings = sorted(sums.values_list("booking", flat=True))
    return sum(
        _earn_some(bookings[first : first + _AT_ONCE], now) for first in range(0, len(bookings), _AT_ONCE)
    )


def _earn_some(bookings: Sequence[int], now: datetime) -> int:
    """Those whose order is just being changed come the next time."""
    with short_transaction():
        orders = Order.objects.filter(pk__in=Booking.objects.filter(pk__in=bookings).values("order"))
        held = list(orders.select_for_update(no_key=True, skip_locked=True).order_by("pk"))
        entries = LedgerEntry.objects.filter(
            booking__in=bookings, booking__order__in=held, booking__status=SaleStatus.CONFIRMED
        )
        unearned = entries.filter(account=Account.UNEARNED_FARES).order_by().values_list("booking")
        sums = {pk: cents(total) for pk, total in unearned.annotate(total=Total("amount")) if total}
        # A second time: what was sold again to passengers who were left behind
        before = entries.filter(cause__startswith="earned:", account=Account.REVENUE).order_by()
        times = dict(before.values_list("booking").annotate(Count("pk")))
        for booking in Booking.objects.select_related("order").filter(pk__in=sums).order_by("pk"):
            cause = f"earned:{booking.pk}" + (f":{times[booking.pk]}" if booking.pk in times else "")
            amounts = {Account.UNEARNED_FARES: -sums[booking.pk], Account.REVENUE: sums[booking.pk]}
            LedgerEntry.objects.post(Posting(cause, amounts, at=now, booking=booking))
        return len(sums)
