"""What must always be true of order lines and of what the ledger says is sold. Queries that should find
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bookings.domain.sales.ledger import EARNED
from bookings.domain.sales.order_lines import ACCOUNTS, OF_FARE, OF_TRIP
from bookings.models import Account, Booking, LedgerEntry, Order, OrderLine, SaleStatus, Ticket, Total

_AMOUNT: Final = LedgerEntry._meta.get_field("amount")
_EARNING_TIME: Final = timedelta(days=1)
_FEES: Final = tuple(kind for kind, account in ACCOUNTS.items() if account == Account.FEE)
_STANDS: Final = (SaleStatus.PENDING, SaleStatus.CONFIRMED)


def total_of(rows: QuerySet[Any], of: str, amount: str = "amount") -> Coalesce:
    """Σ of the rows that belong to an order or booking."""
    sums = rows.filter(**{of: OuterRef("pk")}).order_by().values(of).annotate(total=Total(amount))
    return Coalesce(Subquery(sums.values("total")), 0, output_field=_AMOUNT)


def totals_are_the_sums_of_lines(now: datetime) -> Iterator[object]:
    """The total of an order is the sum of its lines, and each line is of the order of its booking."""
    orders = Order.objects.annotate(sold=total_of(OrderLine.objects.all(), "order"))
    yield from orders.exclude(total=F("sold")).values_list("pk", flat=True)
    foreign = OrderLine.objects.filter(booking__isnull=False).exclude(order=F("booking__order"))
    yield from (f"line {pk}" for pk in foreign.values_list("pk", flat=True))


def bookings_are_sold_for_their_fares(now: datetime) -> Iterator[object]:
    """A booking that stands is sold for the fares of its tickets, any other for nothing."""
    tickets = Ticket.objects.exclude(status__in=(Ticket.Status.CANCELLED, Ticket.Status.REPLACED))
    lines = OrderLine.objects.filter(kind__in=OF_FARE)
    rows = Booking.objects.annotate(
        sold=total_of(lines, "booking"), fares=total_of(tickets, "booking", "fare")
    )
    yield from (
        rows.filter(status__in=_STANDS).exclude(sold=F("fares")).values_list("booking_reference", flat=True)
    )
    trip = Booking.objects.exclude(status__in=_STANDS).annotate(
        sold=total_of(OrderLine.objects.filter(kind__in=OF_TRIP), "booking")
    )
    yield from trip.exclude(sold=0).values_list("booking_reference", flat=True)


def ledger_follows_the_lines(now: datetime) -> Iterator[object]:
    """What a booking's trip is sold for, earned or not, and its fees are in the ledger as in its lines, and
    never is more earned than was sold.
    """
    lines, entries = OrderLine.objects.all(), LedgerEntry.objects.all()
    rows = Booking.objects.annotate(
        trip=total_of(lines.filter(kind__in=OF_TRIP), "booking"),
        fees=total_of(lines.filter(kind__in=_FEES), "booking"),
        sold=total_of(entries.filter(account__in=EARNED), "booking"),
        charged=total_of(entries.filter(account=Account.FEE), "booking"),
        unearned=total_of(entries.filter(account=Account.UNEARNED_FARES), "booking"),
    )
    agrees = Q(trip=-F("sold"), fees=-F("charged"), unearned__lte=0)
    yield from rows.exclude(agrees).values_list("booking_reference", flat=True)


def fares_are_earned(now: datetime) -> Iterator[object]:
    """No fare is unearned a day after boarding."""
    boarded = Booking.objects.filter(boards_at__lte=now - _EARNING_TIME)
    entries = LedgerEntry.objects.filter(account=Account.UNEARNED_FARES)
    rows = boarded.annotate(unearned=total_of(entries, "booking"))
    yield from rows.exclude(unearned=0).values_list("booking_reference", flat=True)
