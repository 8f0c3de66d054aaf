"""A delay over the trigger of a policy is a case by itself: who is that late may travel later, take another
coach or have the money back. Nothing is moved, and nobody signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import F

from bookings.domain.disruptions.lines import line_of
from bookings.domain.disruptions.messages import tell_orders
from bookings.domain.disruptions.parties import AffectedParty, affected_parties
from bookings.domain.disruptions.policies import entitlements_of, list_policies
from bookings.domain.timetable.call_times import CallTimes
from bookings.models import (
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    DisruptionPolicy,
    Order,
    Schedule,
    ScheduleChange,
    Ticket,
    User,
)

Kind, Reason = Disruption.Kind, Disruption.Reason
_REASONS: Final[Mapping[str, str]] = {
    ScheduleChange.Reason.ROAD_CLOSED: Reason.ROAD_CLOSED,
    ScheduleChange.Reason.WEATHER: Reason.WEATHER,
    ScheduleChange.Reason.TECHNICAL: Reason.BREAKDOWN,
    ScheduleChange.Reason.ACCIDENT: Reason.ACCIDENT,
    ScheduleChange.Reason.BORDER: Reason.BORDER_CLOSED,
    ScheduleChange.Reason.STRIKE: Reason.STRIKE,
    ScheduleChange.Reason.STAFF: Reason.NO_DRIVER,
}


def follow_delay(
    schedule: Schedule,
    times: Mapping[int, CallTimes],
    passed: int,
    *,
    reason: str,
    actor: User | None,
    now: datetime,
) -> set[int]:
    """Open the case of a late departure, or take more passengers into it; returns the ids of the orders that
    its message tells. `times` has the calls of its route by id, `passed` is the last stop that it has left.

    The caller holds the departure.
    """
    policies = [policy for policy in list_policies() if Kind.DELAY in policy.kinds]
    least = min((policy.trigger_minutes for policy in policies), default=0)
    late = {pk: call.late_min for pk, call in times.items()}
    if actor is None or not policies or max(late.values()) < max(least, 1):
        return set()
    case = _open_case(schedule) or Disruption(
        kind=Kind.DELAY,
        status=Disruption.Status.CONFIRMED,
        reason=_REASONS.get(reason, Reason.OTHER),
        created_by=actor,
        created_at=now,
        confirmed_by=actor,
        confirmed_at=now,
    )
    due = [
        (party, codes)
        for party in affected_parties([schedule.pk])
        if party.bookings[0].from_stop.position > passed
        if (codes := _due(case, party, late[party.bookings[0].from_stop_id], policies, now))
    ]
    if not due:
        return set()
    if case.pk is None:
        case.save(force_insert=True)
        DisruptedSchedule.objects.create(disruption=case, schedule=schedule, revision=schedule.revision)
    return _take_in(case, due, now)


def _open_case(schedule: Schedule) -> Disruption | None:
    rows = Disruption.objects.select_for_update(no_key=True).filter(
        kind=Kind.DELAY, status=Disruption.Status.CONFIRMED, schedules__schedule=schedule
    )
    return rows.order_by("-pk").first()


def _due(
    case: Disruption,
    party: AffectedParty,
    late_min: int,
    policies: Sequence[DisruptionPolicy],
    now: datetime,
) -> list[str]:
    if any(ticket.status != Ticket.Status.VALID for ticket in party.tickets):
        return []  # on board already
    return entitlements_of(case, party.segment, policies, late_min=late_min, now=now)


def _take_in(case: Disruption, due: Sequence[tuple[AffectedParty, list[str]]], now: datetime) -> set[int]:
    known = {line.ticket_id: line for line in case.lines.all()}
    new: list[DisruptionLine] = []
    for party, codes in due:
        for ticket in party.tickets:
            line = known.get(ticket.pk)
            if line is None:
                line = line_of(case, ticket)
                line.action, line.entitlements = DisruptionLine.Action.STAY, codes
                new.append(line)
            elif set(codes) > set(line.entitlements):
                DisruptionLine.objects.filter(pk=line.pk).update(entitlements=codes)
    if known and new:
        Disruption.objects.filter(pk=case.pk).update(version=F("version") + 1)
    DisruptionLine.objects.bulk_create(new)
    orders_told = {line.ticket.booking.order_id for line in new}
    orders = Order.objects.select_for_update(no_key=True).filter(pk__in=orders_told)
    tell_orders(case, orders.order_by("pk"), new, now=now)
    return orders_told
