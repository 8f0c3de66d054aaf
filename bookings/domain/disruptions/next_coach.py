"""Who has a valid ticket and was left by the coach travels on the next one, free of charge: a case of its
own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.database.transactions import database_now
from bookings.domain.disruptions.lines import line_of, propose
from bookings.domain.disruptions.messages import tell_orders
from bookings.domain.disruptions.parties import AffectedParty
from bookings.domain.disruptions.seats import FreeSeats, SeatOf
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.bookings import booking_called, mail_new_tickets, next_cause
from bookings.domain.sales.cancellations import is_whole_booking
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.orders import lock_order, split_off
from bookings.domain.sales.reaccommodation import replace_tickets
from bookings.domain.timetable.leavings import has_passed
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Booking,
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    SaleStatus,
    Schedule,
    Ticket,
    User,
)

WITHIN: Final = timedelta(hours=24)  # after the coach that left
_LEFT: Final = (Ticket.Status.VALID, Ticket.Status.NO_SHOW)


def missed_tickets(booking: Booking, *, now: datetime) -> list[Ticket]:
    """Those of a paid booking whom the coach has left within a day, whether by their fault or by ours."""
    is_recent = booking.boards_at <= now <= booking.boards_at + WITHIN
    has_left = has_passed(booking.schedule, booking.from_stop)
    if booking.status != SaleStatus.CONFIRMED or not (is_recent and has_left):
        return []
    rows = booking.tickets.filter(status__in=_LEFT, place__in=(Ticket.Place.SEAT, Ticket.Place.LAP))
    return list(rows.select_related("seat", "passenger_type", "fare_class").order_by("pk"))


def chosen_of(booking: Booking, ticket_ids: Collection[int], *, now: datetime) -> list[Ticket]:
    """Raises Refusal for nobody, Conflict where somebody of them was not left by the coach."""
    if not ticket_ids:
        raise Refusal(_("Choose at least one passenger."))
    tickets = [ticket for ticket in missed_tickets(booking, now=now) if ticket.pk in ticket_ids]
    if len(tickets) != len(set(ticket_ids)):
        raise Conflict(_("Their coach has not left, or left more than a day ago, or they travel already."))
    return tickets


def departures_after(booking: Booking, *, now: datetime) -> list[Segment]:
    """Between the same cities, within a day after the coach that left, from now on."""
    departures = FreeSeats(now).departures(booking.from_stop, booking.to_stop, booking.boards_at)
    until = booking.boards_at + WITHIN
    return [
        row for row in departures if row.schedule.pk != booking.schedule_id and now < row.boards_at <= until
    ]


def take_on_next_coach(
    reference: str,
    ticket_ids: Collection[int],
    *,
    actor: User,
    submission: str,
    now: datetime | None = None,
) -> Disruption:
    """Give who was left behind seats on the next coach that has them, with new tickets, once per
    `submission`; without one they wait, and choose by the link of the case.

    Raises NotFound, Refusal, or Conflict where somebody was not left behind.
    """
    moment, chosen = now or database_now(), sorted(ticket_ids)
    action = partial(_take_on, reference, chosen, actor, now)
    case_id = run_once("left-behind", submission, f"{reference} {chosen}", action=action, now=moment)
    return Disruption.objects.get(pk=case_id)


def _take_on(reference: str, ticket_ids: Sequence[int], actor: User, now: datetime | None) -> str:
    before = booking_called(reference)
    candidates = [segment.schedule.pk for segment in departures_after(before, now=now or database_now())]
    locked = lock_order(before.order_id, also=candidates)
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    booking = booking_called(reference)
    booking.order = locked.order
    tickets = chosen_of(booking, ticket_ids, now=now)
    place = _next_place(booking, tickets, now)
    case = Disruption.objects.create(
        kind=Disruption.Kind.LEFT_BEHIND,
        status=Disruption.Status.CONFIRMED,
        reason=Disruption.Reason.OTHER,
        created_by=actor,
        created_at=now,
        confirmed_by=actor,
        confirmed_at=now,
    )
    left = Schedule.objects.get(pk=booking.schedule_id)
    DisruptedSchedule.objects.create(disruption=case, schedule=left, revision=left.revision)
    lines = []
    for ticket in tickets:
        ticket.booking = booking
        line = line_of(case, ticket)
        if place:
            propose(line, *place)
        else:
            line.note = _("no coach within a day has seats for all of them")
        lines.append(line)
    part = booking
    if not is_whole_booking(booking, tickets):
        part = split_off(booking, tickets, now, actor=actor)
    segment, seats = place or (Segment(booking.schedule, booking.from_stop, booking.to_stop), None)
    reason = _("case %(number)d: left behind") % {"number": case.pk}
    issued = replace_tickets(part, segment, seats, reason=reason, actor=actor, now=now)
    for line in lines:
        line.ticket = issued[line.ticket_id]
    DisruptionLine.objects.bulk_create(lines)
    if place:
        mail_new_tickets(part, next_cause("case", part), now=now)
    tell_orders(case, [locked.order], lines, now=now)
    refresh(locked.schedules)
    return str(case.pk)


def _next_place(booking: Booking, tickets: Sequence[Ticket], now: datetime) -> tuple[Segment, SeatOf] | None:
    party = AffectedParty((booking,), tuple(tickets), {ticket.pk: ticket.place for ticket in tickets})
    free = FreeSeats(now)
    for segment in departures_after(booking, now=now):
        seats = free.seats_for(segment, party.with_places)
        if seats is not None:
            fresh = Schedule.objects.select_related("route__line", "layout").get(pk=segment.schedule.pk)
            return replace(segment, schedule=fresh), seats
    return None
