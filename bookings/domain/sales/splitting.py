from collections.abc import Sequence
from datetime import datetime

from bookings.base.money import ZERO
from bookings.domain.sales.checkout import new_reference
from bookings.models import Account, Booking, BookingEvent, LedgerEntry, Ticket, User


def split_off(booking: Booking, tickets: Sequence[Ticket], now: datetime, *, actor: User | None) -> Booking:
    """Give some passengers a booking of their own in the same order, with their share of what was sold."""
    part = Booking.objects.get(pk=booking.pk)
    part.pk, part._state.adding = None, True
    part.booking_reference = new_reference()
    part.save()
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(booking=part)
    fare = sum((ticket.fare for ticket in tickets), ZERO)
    moved_out = {Account.REVENUE: fare, Account.RECEIVABLE: -fare}
    moved_in = {Account.REVENUE: -fare, Account.RECEIVABLE: fare}
    LedgerEntry.objects.post(f"split-out:{part.pk}", moved_out, at=now, booking=booking)
    LedgerEntry.objects.post(f"split-in:{part.pk}", moved_in, at=now, booking=part)
    BookingEvent.objects.record(part, "", part.status, at=now, actor=actor, reason=f"split off {booking.booking_reference}")
    return part
