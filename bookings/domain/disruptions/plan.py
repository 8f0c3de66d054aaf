"""The dry run of a case: who is affected, where each party could go, and what it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.domain.disruptions.parties import AffectedParty, affected_parties
from bookings.domain.disruptions.seats import FreeSeats, SeatOf
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import local_text
from bookings.models import DisruptedSchedule, Disruption, DisruptionLine, Schedule


def write_plan(case: Disruption, *, now: datetime) -> None:
    """Make the lines of an unconfirmed case anew, with the revisions that they hold for.

    The caller holds the case. Nothing is changed but the case's own rows.
    """
    own = list(case.schedules.filter(is_target=False).values_list("schedule", flat=True))
    lines, targets = _plan_cancellation(case, own, now)
    DisruptionLine.objects.filter(disruption=case).delete()
    DisruptionLine.objects.bulk_create(lines)
    DisruptedSchedule.objects.filter(disruption=case).delete()
    revisions = dict(Schedule.objects.filter(pk__in={*own, *targets}).values_list("pk", "revision"))
    DisruptedSchedule.objects.bulk_create(
        DisruptedSchedule(disruption=case, schedule_id=pk, is_target=pk not in own, revision=revisions[pk])
        for pk in [*own, *sorted(targets - set(own))]
    )


def _plan_cancellation(
    case: Disruption, schedule_ids: Sequence[int], now: datetime
) -> tuple[list[DisruptionLine], set[int]]:
    """Each party goes to the first later departure, on the day or the next, that has seats for all of it."""
    free = FreeSeats(now)
    lines: list[DisruptionLine] = []
    targets: set[int] = set()
    for party in sorted(affected_parties(schedule_ids), key=lambda party: party.comes_first):
        proposal = _first_place(party, schedule_ids, free)
        if proposal:
            free.give(*proposal)
            targets.add(proposal[0].schedule.pk)
        lines += _lines(case, party, proposal)
    return lines, targets


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


def _lines(
    case: Disruption, party: AffectedParty, proposal: tuple[Segment, SeatOf] | None
) -> list[DisruptionLine]:
    lines = []
    for ticket in party.tickets:
        booking = ticket.booking
        line = DisruptionLine(
            disruption=case,
            ticket=ticket,
            from_schedule=booking.schedule,
            from_stop=booking.from_stop,
            to_stop=booking.to_stop,
            from_seat=ticket.seat,
            from_place=ticket.place,
            boards_at=booking.boards_at,
        )
        if proposal:
            segment, seats = proposal
            line.new_schedule, line.new_seat = segment.schedule, seats[ticket.pk]
            line.new_from_stop, line.new_to_stop = segment.board, segment.alight
            line.note = _("moved to %(when)s") % {"when": local_text(segment.boards_at)}
        else:
            line.note = _("no other departure has room for the whole party")
        lines.append(line)
    return lines


def same_plan(before: Sequence[DisruptionLine], after: Sequence[DisruptionLine]) -> bool:
    """Whether two plans do the same with the same tickets."""

    def facts(lines: Sequence[DisruptionLine]) -> set[tuple[int | None, ...]]:
        return {
            (line.ticket_id, line.from_seat_id, line.new_schedule_id, line.new_from_stop_id, line.new_seat_id)
            for line in lines
        }

    return facts(before) == facts(after)
