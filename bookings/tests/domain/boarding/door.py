"""A coach that boards at NOW: it leaves at 10:20, boarding is open from 09:50 to 10:10."""

from datetime import datetime, timedelta
from typing import Any, Final

from bookings.domain.boarding.check_in import Scan, check_in
from bookings.domain.boarding.scan_result import CheckIn
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.messages import queue_message
from bookings.models import Booking, OutboxMessage, Schedule, Ticket, User
from bookings.tests.make import NOW, make_booking, make_schedule

LEAVES: Final = NOW + timedelta(minutes=20)
CLOSES: Final = NOW + timedelta(minutes=10)


def make_coach(**changes: Any) -> Schedule:
    return make_schedule(**{"departs": LEAVES, **changes})


def sell(
    schedule: Schedule,
    *names: str,
    first: int = 0,
    last: int = -1,
    now: datetime = NOW,
    status: str = "confirmed",
    paid_by: str = "demo",
) -> Booking:
    """A booking with its mail, so that the invariants hold."""
    booking = make_booking(
        schedule=schedule,
        names=names or ("Thandi Nkosi",),
        first=first,
        last=last,
        now=now,
        status=status,
        paid_by=paid_by,
    )
    queue_message(OutboxMessage.Kind.CONFIRMATION, booking.order, booking.order, now=now)
    return booking


def ticket_of(booking: Booking) -> Ticket:
    return booking.tickets.get()


def stand_by(
    schedule: Schedule,
    name: str = "Ayanda Moyo",
    *,
    first: int = 0,
    last: int = -1,
    now: datetime = NOW,
    paid_by: str = "demo",
) -> Ticket:
    """A ticket sold without a seat; the coach may be full."""
    taken = list(schedule.claims.all())
    schedule.claims.all().delete()
    ticket = ticket_of(sell(schedule, name, first=first, last=last, now=now, paid_by=paid_by))
    ticket.claims.all().delete()
    schedule.claims.bulk_create(taken)
    Ticket.objects.filter(pk=ticket.pk).update(place=Ticket.Place.STANDBY, seat=None)
    refresh([schedule.pk])
    ticket.refresh_from_db()
    return ticket


def scan(
    ticket: Ticket | str,
    *,
    by: User,
    schedule: Schedule,
    now: datetime = NOW,
    stop: int = 0,
    nonce: str = "",
    **options: Any,
) -> CheckIn:
    """One scan at the door."""
    code = ticket if isinstance(ticket, str) else ticket.code
    nonce = nonce or f"{code[:60]} {now:%H%M} {stop}"
    return check_in(schedule.pk, Scan(code, stop, nonce, **options), actor=by, now=now)
