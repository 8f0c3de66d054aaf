"""Passengers whom the company itself moves to another departure, or whose seats it takes away.

Their tickets stay: the same number and code, printed anew. Only who had begun the trip gets a new one.
Nothing is charged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime

from django.db.models import F

from bookings.base.codes import new_ticket_code
from bookings.base.errors import Conflict
from bookings.domain.inventory import claims
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.order_lines import Cause, LineChange, open_lines, write_lines
from bookings.domain.sales.orders import new_spoken_code
from bookings.domain.sales.text_messages import copy_contacts
from bookings.domain.timetable.segments import Segment
from bookings.models import Account, Booking, BookingEvent, BookingStep, Seat, Ticket, User, Webhook


def take_seats_away(
    booking: Booking, tickets: Sequence[Ticket], *, reason: str, actor: User | None, now: datetime
) -> None:
    """Let these valid tickets wait without a seat, until it is decided what becomes of their passengers.

    The caller holds the departure and the order, and refreshes. Raises Conflict if one changed meanwhile.
    """
    claims.release_tickets(tickets)
    for ticket in tickets:
        row = Ticket.objects.filter(pk=ticket.pk, status=Ticket.Status.VALID)
        if row.update(place=Ticket.Place.WAITING, seat=None, version=F("version") + 1) != 1:
            raise Conflict("A ticket changed meanwhile.")
        _record(booking, ticket, reason, actor, now)
    notify_partner(booking.order, Webhook.Event.CHANGED, booking, at=now)


def move_booking(
    booking: Booking,
    segment: Segment,
    seats: Mapping[int, Seat | None],
    *,
    reason: str,
    actor: User | None,
    now: datetime,
) -> None:
    """Put the passengers of a whole booking onto a segment: `seats` has each valid ticket by its id, without
    a seat on a lap.

    The caller holds both departures, cleared of expired claims, and the order, and refreshes. A seat that is
    taken is an IntegrityError; raises Conflict if a ticket changed meanwhile.
    """
    booking.schedule, booking.from_stop, booking.to_stop = segment.schedule, segment.board, segment.alight
    booking.boards_at, booking.alights_at = segment.boards_at, segment.alights_at
    booking.save(update_fields=["schedule", "from_stop", "to_stop", "boards_at", "alights_at"])
    claims.release_tickets(seats)
    new_claims = []
    for ticket in Ticket.objects.filter(pk__in=seats).order_by("pk"):
        seat = seats[ticket.pk]
        change = {
            "schedule": segment.schedule,
            "seat": seat,
            "place": Ticket.Place.SEAT if seat else _without_seat(ticket),
            "spoken_code": _spoken_code(ticket, segment),
            "version": F("version") + 1,
        }
        if Ticket.objects.filter(pk=ticket.pk, status=Ticket.Status.VALID).update(**change) != 1:
            raise Conflict("A ticket changed meanwhile.")
        ticket.schedule = segment.schedule
        if seat:
            new_claims += claims.claims_of_ticket(ticket, segment.legs, seat=seat)
        _record(booking, ticket, reason, actor, now)
    claims.claim(new_claims)
    notify_partner(booking.order, Webhook.Event.CHANGED, booking, at=now)


def _without_seat(ticket: Ticket) -> str:
    """Who stands by goes on standing by."""
    return Ticket.Place.STANDBY if ticket.place == Ticket.Place.STANDBY else Ticket.Place.LAP


def replace_tickets(
    booking: Booking,
    segment: Segment,
    seats: Mapping[int, Seat | None] | None,
    *,
    reason: str,
    actor: User | None,
    now: datetime,
) -> dict[int, Ticket]:
    """Issue new tickets over a segment to all who are left on a booking and have begun their trip or missed
    it by our fault: `seats` as of `move_booking`, None: they wait without. What they paid goes with them.
    Returns the new tickets by the ids of the old ones, which are replaced.

    The caller holds both departures, cleared of expired claims, and the order, and refreshes. A seat that is
    taken is an IntegrityError.
    """
    over = (Ticket.Status.CANCELLED, Ticket.Status.REPLACED)
    tickets = list(booking.tickets.exclude(status__in=over).order_by("pk"))
    booking.schedule, booking.from_stop, booking.to_stop = segment.schedule, segment.board, segment.alight
    booking.boards_at, booking.alights_at = segment.boards_at, segment.alights_at
    booking.save(update_fields=["schedule", "from_stop", "to_stop", "boards_at", "alights_at"])
    taken_back = open_lines(booking, tickets)
    claims.release_tickets(tickets)
    new_claims, issued = [], {}
    step = BookingStep(booking, "", Ticket.Status.VALID, at=now, actor=actor, reason=reason)
    for ticket in tickets:
        seat = seats.get(ticket.pk) if seats else None
        place = Ticket.Place.SEAT if seat else _without_seat(ticket)
        new = copy(ticket)
        new.pk, new._state.adding = None, True
        new.status, new.seat, new.schedule = Ticket.Status.VALID, seat, segment.schedule
        new.place = Ticket.Place.WAITING if seats is None else place
        new.code, new.spoken_code = new_ticket_code(), new_spoken_code(segment.schedule.pk)
        new.version, new.booking = 1, booking
        new.save(force_insert=True)
        Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.REPLACED)
        replaced = replace(step, before=ticket.status, after=Ticket.Status.REPLACED, ticket=ticket)
        BookingEvent.objects.record(replaced)
        BookingEvent.objects.record(replace(step, ticket=new))
        new_claims += claims.claims_of_ticket(new, segment.legs) if seat else []
        issued[ticket.pk] = new
    copy_contacts(issued)
    claims.claim(new_claims)
    sold = [
        replace(line, amount=-line.amount, ticket=issued[line.ticket.pk])
        for line in taken_back
        if line.ticket
    ]
    cause = Cause(
        name=f"replaced:{booking.pk}:{booking.events.count()}",
        against=Account.REFUNDS_OWED,
        at=now,
        actor=actor,
    )
    write_lines(booking, LineChange(sold, taken_back), cause)
    notify_partner(booking.order, Webhook.Event.CHANGED, booking, at=now)
    return issued


def _spoken_code(ticket: Ticket, segment: Segment) -> str:
    """The ticket's own, unless somebody on the other departure has it."""
    others = Ticket.objects.filter(spoken_code=ticket.spoken_code, schedule=segment.schedule)
    if others.exclude(pk=ticket.pk).exists():
        return new_spoken_code(segment.schedule.pk)
    return ticket.spoken_code


def _record(booking: Booking, ticket: Ticket, reason: str, actor: User | None, now: datetime) -> None:
    step = BookingStep(booking, ticket.status, ticket.status, at=now, actor=actor, reason=reason)
    BookingEvent.objects.record(replace(step, ticket=ticket))
