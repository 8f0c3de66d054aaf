"""Postings of a sale: what is owed for a booking, and taken back."""

from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from bookings.base.money import ZERO, cents
from bookings.database.compiled import compiled
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    LedgerEntry,
    Order,
    Posting,
    SaleStatus,
    Total,
)


def owed_on(order: Order) -> Decimal:
    """What is still owed on an order; negative: what was paid too much."""
    rows = _receivable(order.pk)
    return cents(rows[0][0]) if rows else ZERO


@compiled
def _receivable(order_id: int) -> QuerySet[LedgerEntry, tuple[Decimal]]:
    entries = LedgerEntry.objects.filter(order=order_id, account=Account.RECEIVABLE)
    return entries.order_by().values("order").annotate(total=Total("amount")).values_list("total")


def take_back_sale(booking: Booking, *, cause: str, now: datetime) -> None:
    """Undo the sale posting of an unpaid booking: nothing is owed for it any more."""
    owed = LedgerEntry.objects.balance(Account.REVENUE, booking=booking)
    if owed:
        LedgerEntry.objects.post(
            Posting(cause, {Account.REVENUE: -owed, Account.RECEIVABLE: owed}, at=now, booking=booking)
        )


def post_sale(booking: Booking, sold: Decimal, *, now: datetime) -> None:
    """A new booking's first event, and what is owed for it."""
    shift, seller = booking.order.shift, booking.order.seller
    BookingEvent.objects.record(BookingStep(booking, "", SaleStatus.PENDING, at=now, actor=seller))
    amounts = {Account.RECEIVABLE: sold, Account.REVENUE: -sold}
    LedgerEntry.objects.post(
        Posting(f"sale:{booking.pk}", amounts, at=now, booking=booking, shift=shift, actor=seller)
    )
