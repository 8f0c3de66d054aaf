"""A coach that passes stops by, ends early or breaks down: who cannot travel as booked, and who goes how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.disruptions.lines import line_of, propose
from bookings.domain.disruptions.parties import AffectedParty, affected_parties
from bookings.domain.disruptions.seats import FreeSeats, SeatOf
from bookings.domain.timetable.call_times import call_time
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment, route_calls
from bookings.models import Disruption, DisruptionLine, RouteStop, Schedule, Ticket

Kind = Disruption.Kind
ENDS_EARLY: Final = (Kind.SHORT_TURN, Kind.BREAKDOWN)
CUTS_SHORT: Final = (Kind.SKIP_STOP, *ENDS_EARLY)


def skipped_positions(case: Disruption, calls: Iterable[RouteStop]) -> list[int]:
    """The stops of the departure that are not served because of the case."""
    if case.position is None:
        raise ValueError(f"{case} is about no stop")
    if case.kind == Kind.SKIP_STOP:
        return [case.position]
    return [call.position for call in calls if call.position > case.position]


def plan_cut(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> list[DisruptionLine]:
    """Who is on board goes on first: with the vehicle of the case, or by the next coaches from the stop where
    they wait; then who would have got on or off at a stop that is not served. Who is on board of a coach that
    only passes their stop by stays, and the driver is told.
    """
    lines: list[DisruptionLine] = []
    free = FreeSeats(now)
    for schedule in Schedule.objects.filter(pk__in=schedule_ids).order_by("pk"):
        calls = route_calls(schedule.route_id)
        skipped = set(skipped_positions(case, calls))
        parties = [
            part
            for party in affected_parties([schedule.pk])
            if _loses(case, party.segment, skipped)
            for part in _by_place(party)
        ]
        for party in sorted(parties, key=lambda party: (not _is_on_board(party), *party.comes_first)):
            start = _start(case, party, calls)
            lines += _plan_party(case, party, start, skipped, free)
    return lines


def _loses(case: Disruption, segment: Segment, skipped: set[int]) -> bool:
    return segment.alight.position in skipped or segment.board.position in skipped


def _by_place(party: AffectedParty) -> list[AffectedParty]:
    """Who is on board, and who is not (yet)."""
    parts = [
        tuple(ticket for ticket in party.tickets if (ticket.status == Ticket.Status.BOARDED) == on_board)
        for on_board in (True, False)
    ]
    return [
        replace(
            party,
            tickets=part,
            bookings=tuple({ticket.booking_id: ticket.booking for ticket in part}.values()),
        )
        for part in parts
        if part
    ]


def _is_on_board(party: AffectedParty) -> bool:
    return party.tickets[0].status == Ticket.Status.BOARDED


def _start(case: Disruption, party: AffectedParty, calls: Sequence[RouteStop]) -> RouteStop:
    """Where they go on from: who is on board, from where the coach ends."""
    if case.kind in ENDS_EARLY and _is_on_board(party):
        return next(call for call in calls if call.position == case.position)
    return party.segment.board


def _plan_party(
    case: Disruption, party: AffectedParty, start: RouteStop, skipped: set[int], free: FreeSeats
) -> list[DisruptionLine]:
    segment = party.segment
    lines = [line_of(case, ticket) for ticket in party.tickets]
    for line in lines:
        line.from_stop = start
        line.boards_at = call_time(segment.schedule, start).planned_departure
    if case.kind == Kind.SKIP_STOP and _is_on_board(party):
        for line in lines:
            line.action = DisruptionLine.Action.STAY
            line.note = _("on board: the driver has to be told")
        return lines
    place = _first_place(case, party, start, skipped, free)
    if place:
        free.give(*place, sum(ticket.extra_luggage for ticket in party.tickets))
    for line in lines:
        if place:
            propose(line, *place)
        else:
            line.note = _("no other departure has room for the whole party")
    return lines


def _first_place(
    case: Disruption, party: AffectedParty, start: RouteStop, skipped: set[int], free: FreeSeats
) -> tuple[Segment, SeatOf] | None:
    segment = party.segment
    if case.kind == Kind.SKIP_STOP and (place := _other_stop(party, skipped)):
        return place
    if case.target_id:
        vehicle = get_segment(SegmentRef(case.target_id, start.ref, segment.alight.ref))
        seats = free.seats_for(vehicle, party.with_places, is_sold=False)
        if seats is not None:
            return vehicle, seats
    reached = max(call_time(segment.schedule, start).expected_arrival, free.now)
    not_before = reached if _is_on_board(party) else segment.boards_at
    for other in free.departures(start, segment.alight, not_before):
        if other.schedule.pk == segment.schedule.pk or other.boards_at < not_before:
            continue
        seats = free.seats_for(other, party.with_places)
        if seats is not None:
            return other, seats
    return None


def _other_stop(party: AffectedParty, skipped: set[int]) -> tuple[Segment, SeatOf] | None:
    """The same seats on the same coach from or to another stop in the city, if there is one on the way
    between the two that the passenger booked.
    """
    segment = party.segment
    board, alight = segment.board, segment.alight
    calls = [call for call in route_calls(segment.schedule.route_id) if call.position not in skipped]
    between = [call for call in calls if board.position <= call.position <= alight.position]
    if board.position in skipped:
        starts = [call for call in between if call.may_board and call.stop.city_id == board.stop.city_id]
        board = starts[0] if starts else board
    if alight.position in skipped:
        ends = [call for call in between if call.may_alight and call.stop.city_id == alight.stop.city_id]
        alight = ends[-1] if ends else alight
    if {board.position, alight.position} & skipped or board.position >= alight.position:
        return None
    return Segment(segment.schedule, board, alight), {ticket.pk: ticket.seat for ticket in party.tickets}
