"""A border or road that is closed until further notice: departures that are to pass it go off sale, and later
ones are taken in as they come near. Their passengers may wait, take another coach or have the money back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.disruptions.lines import line_of
from bookings.domain.disruptions.messages import tell_open_again, tell_orders
from bookings.domain.disruptions.parties import affected_parties
from bookings.domain.disruptions.passing import departures_passing
from bookings.domain.disruptions.policies import entitlements_of, list_policies
from bookings.domain.inventory.claims import lock_schedules
from bookings.models import (
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    Order,
    RouteStop,
    Schedule,
    ScheduleEvent,
    Ticket,
    User,
)

TAKES_IN: Final = timedelta(hours=48)  # how long before it passes a departure is taken in
_RUNS: Final = (
    Schedule.Status.PLANNED,
    Schedule.Status.ON_SALE,
    Schedule.Status.CLOSED,
    Schedule.Status.BOARDING,
)


def plan_closure(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> list[DisruptionLine]:
    """Who is to pass the place, or to get on or off there: they keep what they have, and may choose."""
    positions = _positions(case, schedule_ids)
    return [
        _line(case, ticket)
        for party in sorted(affected_parties(schedule_ids), key=lambda party: party.comes_first)
        if party.segment.board.position
        <= positions[party.segment.schedule.pk]
        <= party.segment.alight.position
        for ticket in party.tickets
        if ticket.status == Ticket.Status.VALID
    ]


def _positions(case: Disruption, schedule_ids: Sequence[int]) -> dict[int, int]:
    """Where each departure is at the place first; beyond its last stop where it never is."""
    routes = dict(Schedule.objects.filter(pk__in=schedule_ids).values_list("pk", "route"))
    calls = RouteStop.objects.filter(route__in=routes.values(), stop__city=case.city_id).order_by("-position")
    at = dict(calls.values_list("route", "position"))
    return {pk: at.get(route, 2**15) for pk, route in routes.items()}


def _line(case: Disruption, ticket: Ticket) -> DisruptionLine:
    line = line_of(case, ticket)
    line.action = DisruptionLine.Action.STAY
    line.note = _("may not run: may wait, or choose")
    return line


def pause_sale(case: Disruption, schedules: Sequence[Schedule], *, actor: User | None, now: datetime) -> None:
    """The caller holds the departures."""
    for schedule in schedules:
        if schedule.status == Schedule.Status.ON_SALE:
            _step(case, schedule, Schedule.Status.CLOSED, actor, now)


def _step(case: Disruption, schedule: Schedule, status: str, actor: User | None, now: datetime) -> None:
    reason = _("case %(number)d: %(place)s closed") % {"number": case.pk, "place": case.city}
    if status == Schedule.Status.ON_SALE:
        reason = _("case %(number)d: %(place)s open again") % {"number": case.pk, "place": case.city}
    ScheduleEvent.objects.create(
        schedule=schedule,
        from_status=schedule.status,
        to_status=status,
        actor=actor,
        reason=reason[:200],
        at=now,
    )
    schedule.status, schedule.revision = Schedule.Status(status), schedule.revision + 1
    schedule.save(update_fields=["status", "revision"])


def take_in_departures(*, now: datetime | None = None) -> int:
    """Let the open closures take in what is to pass within two days and is in none of them yet; returns how
    many departures.
    """
    now = now or database_now()
    cases = Disruption.objects.filter(kind=Disruption.Kind.CLOSURE, status=Disruption.Status.CONFIRMED)
    return sum(_take_in(case, now) for case in cases.select_related("city", "confirmed_by").order_by("pk"))


def _take_in(case: Disruption, now: datetime) -> int:
    if case.city is None:
        raise ValueError(f"{case} is about no place")
    start = max(now, case.since or now)
    known = set(case.schedules.values_list("schedule", flat=True))
    passing = [row.schedule.pk for row in departures_passing(case.city.slug, start, now + TAKES_IN)]
    new = [pk for pk in passing if pk not in known]
    if not new:
        return 0
    with short_transaction():
        locked = [row for row in lock_schedules(new).values() if row.status in _RUNS]
        open_case = Disruption.objects.select_for_update(no_key=True).filter(
            pk=case.pk, status=Disruption.Status.CONFIRMED
        )
        if not open_case.exists():  # open again by now
            return 0
        done = set(DisruptedSchedule.objects.filter(disruption=case).values_list("schedule", flat=True))
        schedules = [schedule for schedule in locked if schedule.pk not in done]
        DisruptedSchedule.objects.bulk_create(
            DisruptedSchedule(disruption=case, schedule=schedule, revision=schedule.revision)
            for schedule in schedules
        )
        pause_sale(case, schedules, actor=case.confirmed_by, now=now)
        _add_lines(case, [schedule.pk for schedule in schedules], now)
    return len(schedules)


def _add_lines(case: Disruption, schedule_ids: Sequence[int], now: datetime) -> None:
    known, policies = set(case.lines.values_list("ticket", flat=True)), list_policies()
    lines = [line for line in plan_closure(case, schedule_ids, now) if line.ticket_id not in known]
    segments = {party.reference: party.segment for party in affected_parties(schedule_ids)}
    for line in lines:
        segment = segments.get(line.ticket.booking.booking_reference)
        line.entitlements = entitlements_of(case, segment, policies, now=now) if segment else []
    DisruptionLine.objects.bulk_create(lines)
    ids = {line.ticket.booking.order_id for line in lines}
    orders = Order.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    tell_orders(case, orders, lines, now=now)


def reopen(case: Disruption, *, actor: User | None, now: datetime) -> None:
    """Put what the case took off sale on sale again, and tell who has waited. The caller holds its departures
    and the case.
    """
    schedules = Schedule.objects.filter(disruptions__disruption=case, status=Schedule.Status.CLOSED)
    for schedule in schedules.order_by("pk"):
        last = ScheduleEvent.objects.filter(schedule=schedule, to_status=Schedule.Status.CLOSED).last()
        if last and last.from_status == Schedule.Status.ON_SALE and last.at >= case.created_at:
            _step(case, schedule, Schedule.Status.ON_SALE, actor, now)
    lines = case.lines.filter(
        ticket__status=Ticket.Status.VALID, ticket__schedule__disruptions__disruption=case
    ).exclude(ticket__schedule__status=Schedule.Status.CANCELLED)
    orders = Order.objects.filter(bookings__tickets__disruption_lines__in=lines).distinct()
    tell_open_again(case, orders.order_by("pk"), now=now)
