"""Rows that the feed knows by other ids than before: found by what they are, and given the new ids.

A new export often numbers stops, routes and trips anew, and may give an old number to something else. What is
the same to a passenger keeps its row: a stop of that name at that place, a line of that name, a route of the
same stops and minutes, a service of that route at that minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from django.db.models import CharField, Model, Value
from django.db.models.functions import Cast, Concat

from bookings.base.names import plain_name
from bookings.domain.timetable.calendars import Calendar
from bookings.domain.timetable.generate import ServicePlan, read_service_plans
from bookings.domain.timetable.gtfs.network import PlannedLine
from bookings.domain.timetable.gtfs.plan import ImportPlan, PlannedRoute, PlannedService
from bookings.domain.timetable.gtfs.values import Point, kilometres
from bookings.models import Line, Route, RouteStop, Schedule, Service, Stop

SAME_PLACE_KM: Final = 0.5
ANOTHER_PLACE_KM: Final = 2.0  # under another name, so far away: another stop that was given the number
_CHUNK: Final = 500


@dataclass
class Renumbered:
    """How many rows got other ids."""

    stops: int = 0
    lines: int = 0
    routes: int = 0
    services: int = 0

    @property
    def total(self) -> int:
        return self.stops + self.lines + self.routes + self.services


def recognise(plan: ImportPlan, source: str) -> Renumbered:
    """Give known rows the ids of the feed. Wants a transaction around it."""
    done = Renumbered()
    done.stops = _recognise_stops(plan, source)
    done.routes = _recognise_routes(plan, source)  # before the lines, whose code may be their id
    done.lines = _recognise_lines(plan, source)
    done.services = _recognise_services(plan, source)
    return done


def _renumber(model: type[Model], new_ids: Mapping[int, str]) -> None:
    """Two rows may exchange their ids, so all are moved out of the way first."""
    rows = model._default_manager.in_bulk(list(new_ids))
    for pk, row in rows.items():
        row.source_id = f"~{pk}"  # type: ignore[attr-defined]  # each model of a feed has one
    model._default_manager.bulk_update(rows.values(), ["source_id"], batch_size=_CHUNK)
    for pk, row in rows.items():
        row.source_id = new_ids[pk]  # type: ignore[attr-defined]  # as above
    model._default_manager.bulk_update(rows.values(), ["source_id"], batch_size=_CHUNK)


def _recognise_stops(plan: ImportPlan, source: str) -> int:
    known = {stop.source_id: stop for stop in Stop.objects.filter(source=source)}
    others = {
        planned.source_id: known[planned.source_id]
        for planned in plan.stops
        if planned.source_id in known and _is_another(planned.name, planned.place, known[planned.source_id])
    }
    ids = {planned.source_id for planned in plan.stops}
    free = [stop for key, stop in known.items() if key not in ids or key in others]
    by_name: dict[str, list[Stop]] = defaultdict(list)
    for stop in free:
        by_name[stop.plain_name].append(stop)
    new_ids = {stop.pk: f"~{stop.pk}" for stop in others.values()}
    renamed = 0
    for planned in plan.stops:
        if planned.source_id in known and planned.source_id not in others:
            continue
        candidates = by_name[plain_name(planned.name)[:160]]
        same = min(candidates, key=lambda stop: _distance(planned.place, _place(stop)), default=None)
        if same is not None and _distance(planned.place, _place(same)) <= SAME_PLACE_KM:
            candidates.remove(same)
            new_ids[same.pk] = planned.source_id
            renamed += 1
    _renumber(Stop, new_ids)
    return renamed


def _place(stop: Stop) -> Point | None:
    if stop.latitude is None or stop.longitude is None:
        return None
    return float(stop.latitude), float(stop.longitude)


def _distance(here: Point | None, there: Point | None) -> float:
    """In km; 0 between two that nobody knows the place of."""
    if here is None or there is None:
        return 0.0 if here is there else inf
    return kilometres(here, there)


def _is_another(name: str, place: Point | None, stop: Stop) -> bool:
    there = _place(stop)
    return (
        plain_name(name)[:160] != stop.plain_name
        and place is not None
        and there is not None
        and kilometres(place, there) > ANOTHER_PLACE_KM
    )


LineName = tuple[str, str]  # code and name, as far as they are no ids


def _line_name(row: Line | PlannedLine) -> LineName:
    return (row.code if row.code != row.source_id else "", row.name)


def _recognise_lines(plan: ImportPlan, source: str) -> int:
    known = {line.source_id: line for line in Line.objects.filter(source=source)}
    ids = {planned.source_id for planned in plan.lines}
    free: dict[LineName, list[int]] = defaultdict(list)
    for key, line in known.items():
        if key not in ids:
            free[_line_name(line)].append(line.pk)
    new_ids = {}
    for planned in plan.lines:
        if planned.source_id not in known and (pks := free.get(_line_name(planned))):
            new_ids[pks.pop(0)] = planned.source_id
    _renumber(Line, new_ids)
    return len(new_ids)


Calls = tuple[tuple[int, int, int, bool, bool], ...]  # stop, minutes and flags of each call
RouteContent = tuple[LineName, Calls]


def _recognise_routes(plan: ImportPlan, source: str) -> int:
    """Lines of one name are not told apart: a route of one may go on as a route of another."""
    known = dict(Route.objects.filter(source=source).values_list("source_id", "pk"))
    ids = {planned.source_id for planned in plan.routes}
    new = [planned for planned in plan.routes if planned.source_id not in known]
    free = [pk for key, pk in known.items() if key not in ids]
    if not new or not free:
        return 0
    by_content: dict[RouteContent, list[int]] = defaultdict(list)
    names = {
        route.pk: _line_name(route.line)
        for route in Route.objects.filter(source=source).select_related("line")
    }
    for pk, calls in _calls_of(free).items():
        by_content[names[pk], calls].append(pk)
    stops = dict(Stop.objects.filter(source=source).values_list("source_id", "pk"))
    new_ids = {}
    for planned in new:
        if pks := by_content.get((_line_name(planned.line), _planned_calls(planned, stops))):
            new_ids[pks.pop(0)] = planned.source_id
    _renumber(Route, new_ids)
    return len(new_ids)


def _calls_of(route_ids: Sequence[int]) -> dict[int, Calls]:
    calls: dict[int, list[tuple[int, int, int, bool, bool]]] = defaultdict(list)
    columns = ("route_id", "stop_id", "arrive_min", "depart_min", "may_board", "may_alight")
    for start in range(0, len(route_ids), _CHUNK):
        rows = RouteStop.objects.filter(route__in=route_ids[start : start + _CHUNK])
        for route_id, *call in rows.order_by("route_id", "position").values_list(*columns):
            calls[route_id].append(tuple(call))
    return {pk: tuple(route_calls) for pk, route_calls in calls.items()}


def _planned_calls(planned: PlannedRoute, stops: dict[str, int]) -> Calls:
    return tuple(
        (stops.get(call.stop_id, 0), call.arrive_min, call.depart_min, call.may_board, call.may_alight)
        for call in planned.pattern.calls
    )


def _recognise_services(plan: ImportPlan, source: str) -> int:
    """Two trips at one minute are told apart by their days."""
    routes = dict(Route.objects.filter(source=source).values_list("source_id", "pk"))
    known = {
        service.source_id: service
        for service in read_service_plans(Service.objects.filter(source=source), plan.dates.first_made, None)
    }
    free: dict[tuple[int, int], list[ServicePlan]] = defaultdict(list)
    unchanged = {
        planned.source_id
        for planned in plan.services
        if _content(planned, routes) == _known_content(known.get(planned.source_id))
    }
    for key, service in known.items():
        if key not in unchanged:
            free[service.route_id, service.departs_min].append(service)
    new_ids: dict[int, str] = {}
    for planned in plan.services:
        content = _content(planned, routes)
        candidates = free.get(content, []) if content and planned.source_id not in unchanged else []
        if candidates:
            service = max(candidates, key=lambda other: _common_days(planned.calendar, other.calendar))
            candidates.remove(service)
            new_ids[service.pk] = planned.source_id
    taken = set(new_ids.values())
    for key, service in known.items():  # their ids are those of others now
        if key in taken and service.pk not in new_ids:
            new_ids[service.pk] = f"~{service.pk}:0"
    _renumber(Service, new_ids)
    _renumber_departures({service.pk: service for service in known.values()}, new_ids)
    return len(taken)


def _content(planned: PlannedService, routes: dict[str, int]) -> tuple[int, int] | None:
    route_id = routes.get(planned.route.source_id)
    return None if route_id is None else (route_id, planned.departs_min)


def _known_content(service: ServicePlan | None) -> tuple[int, int] | None:
    return (service.route_id, service.departs_min) if service else None


def _common_days(one: Calendar, other: Calendar) -> int:
    """Of the next weeks, in which the two calendars both run."""
    start = max(one.starts_on, other.starts_on)
    return (one.running_days(start, 28) & other.running_days(start, 28)).bit_count()


def _renumber_departures(services: Mapping[int, ServicePlan], new_ids: Mapping[int, str]) -> None:
    """A departure has the id of its trip with its day. All move out of the way first."""
    pks = list(new_ids)
    for start in range(0, len(pks), _CHUNK):
        rows = Schedule.objects.filter(service__in=pks[start : start + _CHUNK]).exclude(source="")
        rows.update(source_id=Concat(Value("~"), Cast("pk", CharField())))
    for pk, source_id in new_ids.items():
        before, after = services[pk]._replace(source_id=source_id).schedule_id_parts()
        day = Cast("service_date", CharField())
        Schedule.objects.filter(service=pk).exclude(source="").update(
            source_id=Concat(Value(before), day, Value(after))
        )
