"""A departure that is sold keeps its row when the plan has it under another id, or a few minutes off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.database.transactions import short_transaction
from bookings.domain.timetable.call_times import changes_of
from bookings.domain.timetable.generate import ServicePlan
from bookings.domain.timetable.stale import (
    UNDER_WAY,
    Comparison,
    ImportedDeparture,
    describe,
    find_in_use,
    find_recorded,
    passenger_lines,
    standing_bookings,
)
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    HoldTrip,
    Route,
    RouteStop,
    Schedule,
    StaffTask,
)

RETIMING: Final = timedelta(minutes=30)  # by which a departure may be moved and still be the same coach
_NEARBY_DAYS: Final = (0, -1, 1)  # a coach about midnight may count for the day before

Pattern = tuple[int, tuple[int, ...]]  # line, stops


@dataclass
class Relinked:
    departures: int = 0
    retimed: list[str] = field(default_factory=list)  # in words: whose passengers must be told


class _NewPlace(NamedTuple):
    """Where the plan has a departure."""

    off: timedelta
    plan: ServicePlan
    day: date


def relink_sold(comparison: Comparison, *, now: datetime) -> Relinked:
    """Move departures that are sold or held to their place in the plan: the same line and stops, the nearest
    minute.

    Who has a place on one that leaves at another minute is named in a task.
    """
    relinked = Relinked()
    stale = [row for row in comparison.stale if row.departs > now and row.status not in UNDER_WAY]
    in_use = find_in_use([departure.pk for departure in stale], now=now)
    stale = [departure for departure in stale if departure.pk in in_use]
    if not stale:
        return relinked
    places = _places(stale, comparison)
    occupied = find_in_use(comparison.planned.values(), now=now)
    choices = sorted(
        ((place, departure) for departure in stale for place in places.get(departure.pk, ())),
        key=lambda choice: (choice[0].off, choice[1].pk, choice[0].plan.pk),
    )
    done: set[int] = set()
    with short_transaction():
        for place, departure in choices:
            occupant = comparison.planned.get((place.plan.pk, place.day))
            if departure.pk in done or occupant in occupied:
                continue
            if occupant is not None:
                _clear(occupant)
            _relink(departure, place, relinked, now=now)
            comparison.planned[place.plan.pk, place.day] = departure.pk
            occupied.add(departure.pk)
            done.add(departure.pk)
    comparison.stale = [departure for departure in comparison.stale if departure.pk not in done]
    relinked.departures = len(done)
    return relinked


def _places(stale: Sequence[ImportedDeparture], comparison: Comparison) -> dict[int, list[_NewPlace]]:
    patterns = _patterns({departure.route_id for departure in stale})
    lines = {line for line, _stops in patterns.values()}
    of_lines = Route.objects.filter(line__in=lines).values_list("pk", flat=True)
    patterns |= _patterns(set(of_lines) - patterns.keys())
    plans: dict[Pattern, list[ServicePlan]] = defaultdict(list)
    for plan in comparison.plans.values():
        if plan.route_id in patterns:
            plans[patterns[plan.route_id]].append(plan)
    return {
        departure.pk: list(_nearest(departure, plans.get(patterns[departure.route_id], ())))
        for departure in stale
    }


def _nearest(departure: ImportedDeparture, plans: Iterable[ServicePlan]) -> Iterable[_NewPlace]:
    for plan in plans:
        for offset in _NEARBY_DAYS:
            day = departure.service_date + timedelta(days=offset)
            off = abs(plan.departs_at(day) - departure.departs)
            if off <= RETIMING and plan.calendar.runs_on(day):
                yield _NewPlace(off, plan, day)


def _patterns(route_ids: Collection[int]) -> dict[int, Pattern]:
    stops: dict[int, list[int]] = defaultdict(list)
    lines: dict[int, int] = {}
    ids = list(route_ids)
    for start in range(0, len(ids), 500):
        rows = RouteStop.objects.filter(route__in=ids[start : start + 500]).order_by("route_id", "position")
        for route_id, line_id, stop_id in rows.values_list("route_id", "route__line_id", "stop_id"):
            stops[route_id].append(stop_id)
            lines[route_id] = line_id
    return {pk: (lines[pk], tuple(route_stops)) for pk, route_stops in stops.items()}


def _clear(schedule_id: int) -> None:
    """Take away the double that an import before made, on which nobody has a place."""
    if find_recorded([schedule_id]):
        retire([schedule_id])
    else:
        Schedule.objects.filter(pk=schedule_id).delete()


def retire(ids: Collection[int]) -> None:
    """Take departures off sale for good, that old holds or cancelled bookings still point at, and set their
    place in the plan free.
    """
    Schedule.objects.filter(pk__in=ids).update(
        is_active=False,
        status=Schedule.Status.CANCELLED,
        service=None,
        source="",
        source_id="",
        revision=F("revision") + 1,
    )


def _relink(departure: ImportedDeparture, place: _NewPlace, relinked: Relinked, *, now: datetime) -> None:
    schedule = (
        Schedule.objects.select_for_update(no_key=True, of=("self",))
        .select_related("route")
        .get(pk=departure.pk)
    )
    before = describe(schedule)
    is_moved = schedule.route_id != place.plan.route_id or bool(place.off)
    if is_moved:
        schedule.coach = _free_coach(schedule, place)
    schedule.route_id, schedule.service_id = place.plan.route_id, place.plan.pk
    schedule.service_date, schedule.source_id = place.day, place.plan.schedule_source_id(place.day)
    schedule.departure_time = place.plan.departs_at(place.day)
    schedule.revision += 1
    schedule.call_changes = changes_of(schedule)
    if departure.is_withdrawn:
        schedule.is_active, schedule.status = True, Schedule.Status.ON_SALE
        StaffTask.objects.filter(
            kind=StaffTask.Kind.DEPARTURE_WITHDRAWN, subject=task_subject(schedule.pk), done_at=None
        ).update(done_at=now, done_note=_("It is back in the timetable."))
    schedule.save()
    bookings = standing_bookings(schedule.pk)
    if is_moved:
        _move_segments(schedule, bookings, before, now)
    if place.off:
        after = describe(Schedule.objects.select_related("route").get(pk=schedule.pk))
        line = _("%(before)s: now leaves at %(after)s") % {
            "before": before,
            "after": after.rpartition(", ")[2],
        }
        relinked.retimed.append(line)
        if bookings:
            open_departure_task(
                StaffTask.Kind.DEPARTURE_RETIMED, schedule.pk, [line, *passenger_lines(bookings)], now=now
            )


def _free_coach(schedule: Schedule, place: _NewPlace) -> int:
    others = Schedule.objects.filter(
        route=place.plan.route_id, departure_time=place.plan.departs_at(place.day)
    ).exclude(pk=schedule.pk)
    taken = set(others.values_list("coach", flat=True))
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def _move_segments(schedule: Schedule, bookings: Sequence[Booking], before: str, now: datetime) -> None:
    """Bookings and holds point at calls of the route: at those of the same positions from now on."""
    calls = {call.position: call for call in RouteStop.objects.filter(route=schedule.route_id)}
    held: list[Booking | HoldTrip] = list(HoldTrip.objects.filter(schedule=schedule.pk))
    for row in (*Booking.objects.filter(schedule=schedule.pk), *held):
        row.from_stop, row.to_stop = _at_same_position(row, calls)
        fields = ["from_stop", "to_stop"]
        if isinstance(row, Booking):
            row.boards_at = schedule.departure_time + timedelta(minutes=row.from_stop.depart_min)
            row.alights_at = schedule.departure_time + timedelta(minutes=row.to_stop.arrive_min)
            fields += ["boards_at", "alights_at"]
        row.save(update_fields=fields)
    for booking in bookings:
        reason = _("moved by the timetable: it was %(before)s") % {"before": before}
        BookingEvent.objects.record(
            BookingStep(booking, booking.status, booking.status, at=now, reason=reason)
        )


def _at_same_position(row: Booking | HoldTrip, calls: Mapping[int, RouteStop]) -> tuple[RouteStop, RouteStop]:
    return calls[row.from_stop.position], calls[row.to_stop.position]


def task_subject(schedule_id: int) -> str:
    return f"departure:{schedule_id}"


def open_departure_task(kind: str, schedule_id: int, lines: Iterable[str], *, now: datetime) -> None:
    """One open task for each departure; if there is one, it tells the latest."""
    subject, detail = task_subject(schedule_id), "\n".join(lines)
    if not StaffTask.objects.filter(kind=kind, subject=subject, done_at=None).update(detail=detail):
        StaffTask.objects.create(kind=kind, subject=subject, detail=detail, created_at=now)
