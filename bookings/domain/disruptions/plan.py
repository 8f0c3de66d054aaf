"""The dry run of a case: who is affected, where each party could go, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.disruptions.closures import plan_closure
from bookings.domain.disruptions.cut_short import plan_cut
from bookings.domain.disruptions.lines import line_of, propose
from bookings.domain.disruptions.parties import AffectedParty, affected_parties
from bookings.domain.disruptions.policies import entitlements_of, list_policies
from bookings.domain.disruptions.replacement import replacement_text
from bookings.domain.disruptions.seats import FreeSeats, SeatOf
from bookings.domain.disruptions.swap import plan_line, plan_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import (
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    SaleStatus,
    Schedule,
    Ticket,
)

Action, Kind = DisruptionLine.Action, Disruption.Kind
Lines = list[DisruptionLine]


@dataclass(frozen=True)
class CasePlan:
    """The lines of a case, and the revisions of the departures that they hold for."""

    lines: Lines
    own: Sequence[int]
    revisions: Mapping[int, int]


def make_plan(case: Disruption, *, now: datetime) -> CasePlan:
    """What would become of everybody now. Nothing is locked and nothing is written; each revision was read
    before the seats, so that whatever changes meanwhile shows when the plan is carried out.
    """
    own = list(case.schedules.filter(is_target=False).order_by("pk").values_list("schedule", flat=True))
    revisions = _revisions(own)
    lines, policies = _PLANS[Kind(case.kind)](case, own, now), list_policies()
    for line in lines:
        before = Segment(line.from_schedule, line.from_stop, line.to_stop)
        line.entitlements = entitlements_of(case, before, policies, now=now)
    for schedule in (line.new_schedule for line in lines if line.new_schedule):
        revisions[schedule.pk] = min(schedule.revision, revisions.get(schedule.pk, schedule.revision))
    elsewhere = {line.ticket.schedule_id for line in lines} - set(revisions)
    return CasePlan(lines, own, revisions | _revisions(elsewhere))


def _revisions(schedule_ids: Collection[int]) -> dict[int, int]:
    rows = Schedule.objects.filter(pk__in=schedule_ids) if schedule_ids else Schedule.objects.none()
    return dict(rows.values_list("pk", "revision"))


def write_plan(case: Disruption, plan: CasePlan) -> None:
    """Put a plan into an unconfirmed case, which the caller holds. Nothing is changed but the case's own
    rows.
    """
    DisruptionLine.objects.filter(disruption=case).delete()
    DisruptionLine.objects.bulk_create(plan.lines)
    DisruptedSchedule.objects.filter(disruption=case).delete()
    targets = sorted(set(plan.revisions) - set(plan.own))
    DisruptedSchedule.objects.bulk_create(
        DisruptedSchedule(
            disruption=case, schedule_id=pk, is_target=pk in targets, revision=plan.revisions[pk]
        )
        for pk in [*plan.own, *targets]
    )


def _plan_cancellation(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> Lines:
    """Each party goes to the first later departure, on the day or the next, that has seats for all of it."""
    free = FreeSeats(now)
    lines: Lines = []
    for party in sorted(affected_parties(schedule_ids), key=lambda party: party.comes_first):
        proposal = _first_place(party, schedule_ids, free)
        if proposal:
            free.give(*proposal, sum(ticket.extra_luggage for ticket in party.tickets))
        for ticket in party.tickets:
            line = line_of(case, ticket)
            if proposal:
                propose(line, proposal[0], proposal[1])
            else:
                line.note = _("no other departure has room for the whole party")
            lines.append(line)
    return lines


def _first_place(
    party: AffectedParty, schedule_ids: Sequence[int], free: FreeSeats
) -> tuple[Segment, SeatOf] | None:
    before = party.segment
    for segment in free.departures(before.board, before.alight, before.boards_at):
        if segment.schedule.pk in schedule_ids or segment.boards_at < before.boards_at:
            continue
        seats = free.seats_for(segment, party.with_places)
        if seats is not None:
            return segment, seats
    return None


def _plan_relief(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> Lines:
    """Who waits for a seat, and then who stands by, gets one on the relief coach while there are some."""
    if case.target_id is None:
        raise ValueError(f"{case} has no relief coach")
    free, lines = FreeSeats(now), []
    parties = [party for party in affected_parties(schedule_ids) if party.has_no_seat]
    for party in sorted(parties, key=lambda party: (not party.is_waiting, *party.comes_first)):
        before = party.segment
        ref = SegmentRef(case.target_id, before.board.ref, before.alight.ref)
        segment = get_segment(ref)
        seats = free.seats_for(segment, party.with_places, is_sold=False)
        if seats is None:
            continue
        free.give(segment, seats, sum(ticket.extra_luggage for ticket in party.tickets))
        for ticket in party.tickets:
            line = line_of(case, ticket)
            propose(line, segment, seats)
            line.note = _("onto the relief coach")
            lines.append(line)
    return lines


def _plan_swap(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> Lines:
    """Everybody onto the other coach, who finds no seat first in the list."""
    lines: Lines = []
    for schedule in Schedule.objects.filter(pk__in=schedule_ids).order_by("pk"):
        if case.layout_id is None:
            raise ValueError(f"{case} has no other coach")
        for party, seating in plan_seats(schedule, case.layout_id, now=now):
            for ticket in party.tickets:
                line = line_of(case, ticket)
                plan_line(line, party.segment, seating)
                lines.append(line)
    return sorted(lines, key=lambda line: line.action != Action.WAIT)


def _plan_replacement(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> Lines:
    """Everybody keeps the seat on the departure that takes the place of this one; who waits still waits."""
    lines: Lines = []
    for party in sorted(affected_parties(schedule_ids), key=lambda party: party.comes_first):
        for ticket in party.tickets:
            line = line_of(case, ticket)
            if ticket.place != Ticket.Place.WAITING:
                line.action, line.new_seat = Action.MOVE, ticket.seat
                line.note = replacement_text(case, party.segment)
            lines.append(line)
    return lines


def _plan_reinstatement(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> Lines:
    """Who has not answered comes back to the own seat; who chose stays there and is asked; who had the money
    back keeps it.
    """
    before = DisruptionLine.objects.filter(
        disruption__kind=Kind.CANCEL,
        disruption__status__in=(Disruption.Status.CONFIRMED, Disruption.Status.CLOSED),
        from_schedule__in=schedule_ids,
        ticket__status=Ticket.Status.VALID,
        ticket__booking__status=SaleStatus.CONFIRMED,
    )
    related = ("ticket__booking__schedule", "ticket__booking__from_stop", "ticket__booking__to_stop")
    stops = ("from_schedule", "from_stop", "to_stop", "from_seat", "ticket__seat")
    latest = {line.ticket_id: line for line in before.select_related(*related, *stops).order_by("pk")}
    answered = {line.ticket.booking_id for line in latest.values() if line.choice}
    lines: Lines = []
    for old in latest.values():
        line = line_of(case, old.ticket)
        if old.ticket.booking_id in answered or not (old.from_seat or old.from_place == Ticket.Place.LAP):
            line.action, line.note = Action.STAY, _("has answered: keeps that, and is asked")
        else:
            line.action, line.new_schedule, line.new_seat = Action.MOVE, old.from_schedule, old.from_seat
            line.new_from_stop, line.new_to_stop = old.from_stop, old.to_stop
            line.note = _("back on the coach as booked")
        lines.append(line)
    return lines


_PLANS: Final[Mapping[Disruption.Kind, Callable[[Disruption, Sequence[int], datetime], Lines]]] = {
    Kind.CANCEL: _plan_cancellation,
    Kind.SWAP_COACH: _plan_swap,
    Kind.REINSTATE: _plan_reinstatement,
    Kind.RELIEF: _plan_relief,
    Kind.RETIME: _plan_replacement,
    Kind.MOVE_STOP: _plan_replacement,
    Kind.SKIP_STOP: plan_cut,
    Kind.SHORT_TURN: plan_cut,
    Kind.BREAKDOWN: plan_cut,
    Kind.CLOSURE: plan_closure,
    Kind.INCIDENT: lambda _case, _schedule_ids, _now: [],
}


def same_plan(before: Sequence[DisruptionLine], after: Sequence[DisruptionLine]) -> bool:
    """Whether two plans do the same with the same tickets."""

    def facts(lines: Sequence[DisruptionLine]) -> set[tuple[object, ...]]:
        return {
            (line.ticket_id, line.from_seat_id, line.action, line.new_schedule_id, line.new_seat_id)
            for line in lines
        }

    return facts(before) == facts(after)
