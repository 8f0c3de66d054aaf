"""Passengers whom the company itself moves to another departure, or whose seats it takes away.

Their tickets stay: the same number and code, printed anew. Nothing is charged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import F

from bookings.base.errors import Conflict
from bookings.domain.inventory import claims
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.orders import new_spoken_code
from bookings.domain.timetable.segments import Segment
from bookings.models import Booking, BookingEvent, BookingStep, Seat, Ticket, User, Webhook


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
            "place": Ticket.Place.SEAT if seat else Ticket.Place.LAP,
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


def _spoken_code(ticket: Ticket, segment: Segment) -> str:
    """The ticket's own, unless somebody on the other departure has it."""
    others = Ticket.objects.filter(spoken_code=ticket.spoken_code, schedule=segment.schedule)
    if others.exclude(pk=ticket.pk).exists():
        return new_spoken_code(segment.schedule.pk)
    return ticket.spoken_code


def _record(booking: Booking, ticket: Ticket, reason: str, actor: User | None, now: datetime) -> None:
    step = BookingStep(booking, ticket.status, ticket.status, at=now, actor=actor, reason=reason)
    BookingEvent.objects.record(replace(step, ticket=ticket))
