"""What must always be true of what one person may not do alone. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Q, Subquery

from bookings.domain.company.setting_changes import highest_since
from bookings.models import Account, BookingEvent, Payment, Refund, SaleStatus, TillMovement, Total

# Limits change, and what was done under an older one stays as it is
_LIMITS_HOLD: Final = timedelta(days=30)


def waivers_are_approved(now: datetime) -> Iterator[object]:
    """Whoever waives a fee has a second person beside them in the history."""
    waived = BookingEvent.objects.filter(approver=None, ticket=None)
    waived = waived.filter(Q(reason__startswith="fee waived: ") | Q(reason__contains="; fee waived: "))
    yield from waived.values_list("booking__booking_reference", flat=True)


def sums_over_the_limits_are_approved(now: datetime) -> Iterator[object]:
    """A void, cash refund or pay-out of the last month that is over its limit has its second person.

    So has an EFT that a till took.
    """
    since = now - _LIMITS_HOLD
    back = Refund.objects.filter(order=OuterRef("booking__order"), cause__startswith="void:").order_by()
    voids = BookingEvent.objects.filter(
        ticket=None, to_status=SaleStatus.CANCELLED, reason__startswith="void: ", approver=None, at__gte=since
    )
    given_back = Subquery(back.values("order").annotate(total=Total("amount")).values("total"))
    large = voids.annotate(given_back=given_back).filter(
        given_back__gt=highest_since("void_approval_over", since)
    )
    yield from (f"void of {name}" for name in large.values_list("booking__booking_reference", flat=True))
    cash = Refund.objects.filter(method=Account.CASH, approver=None, paid_at__gte=since)
    by_order = cash.exclude(cause__startswith="void:").order_by().values_list("order")
    limit = highest_since("cash_refund_approval_over", since)
    sums = by_order.annotate(total=Total("amount")).filter(total__gt=limit)
    yield from (f"cash of order {order_id}" for order_id, _total in sums)
    unseen = Payment.objects.filter(
        method=Account.EFT, shift__isnull=False, approver=None, paid_at__gte=since
    )
    # A till of before took what nobody had seen
    unseen = unseen.exclude(external_id__startswith="till:")
    yield from (f"payment {pk}" for pk in unseen.values_list("pk", flat=True))
    paid_out = TillMovement.objects.filter(
        approver=None, at__gte=since, amount__lt=-highest_since("pay_out_approval_over", since)
    )
    yield from (f"movement {pk}" for pk in paid_out.values_list("pk", flat=True))
