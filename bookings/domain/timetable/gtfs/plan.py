"""A whole feed, read and understood, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.timetable.calendars import Calendar
from bookings.domain.timetable.generate import MAX_DAYS
from bookings.domain.timetable.gtfs.days import read_calendars
from bookings.domain.timetable.gtfs.fares import MAX_FARES, Fares, priced_pairs, read_fares
from bookings.domain.timetable.gtfs.network import (
    ROAD_TYPES,
    PlannedLine,
    PlannedStop,
    RouteTypes,
    read_agencies,
    read_lines,
    read_stops,
)
from bookings.domain.timetable.gtfs.patterns import TripPattern, read_pattern
from bookings.domain.timetable.gtfs.problems import FeedRefused, Problems
from bookings.domain.timetable.gtfs.reader import Feed
from bookings.domain.timetable.gtfs.trips import GtfsTrip, read_trips
from bookings.domain.timetable.gtfs.values import FIRST_DAY, LAST_DAY

MAX_DEPARTURES: Final = 500_000  # that are made when no dates are asked for


@dataclass(frozen=True)
class PlannedRoute:
    source_id: str
    line: PlannedLine
    pattern: TripPattern
    ends: tuple[str, str]  # cities
    name: str


@dataclass(frozen=True)
class PlannedService:
    source_id: str  # trip:repetition; 0 for a trip that is not repeated
    route: PlannedRoute
    departs_min: int
    calendar: Calendar


@dataclass(frozen=True)
class Dates:
    """Service days, as the feed counts them, and by how much they are moved."""

    first: date
    last: date
    moved: timedelta
    departures: int  # that are planned on these days
    last_run: date | None  # the last day with any, as it is moved
    feed_last: date  # the last day of the feed, as it is moved
    note: str = ""

    @property
    def first_made(self) -> date:
        return self.first + self.moved

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass
class ImportPlan:
    stops: list[PlannedStop]
    lines: list[PlannedLine]
    routes: list[PlannedRoute]
    services: list[PlannedService]
    fares: list[tuple[PlannedRoute, list[tuple[int, int, Decimal]]]]
    dates: Dates
    fare_rows: int  # of the feed, in rand or not
    other_folders: list[str]  # of the zip, with another feed
    agency_country: str  # "" if it does not say


def read_plan(
    feed: Feed,
    *,
    first: date | None,
    last: date | None,
    shift_to: date | None,
    route_types: RouteTypes = ROAD_TYPES,
    problems: Problems,
) -> ImportPlan:
    """Everything of the feed that can be run. FeedRefused: nothing can, or the dates make no sense."""
    agencies = read_agencies(feed, problems)
    stops = read_stops(feed, agencies, problems)
    lines = read_lines(feed, agencies, route_types=route_types, problems=problems)
    calendars = read_calendars(feed, problems)
    trips = read_trips(feed, routes=lines, services=calendars, stops=stops, problems=problems)
    fares = read_fares(feed, problems)
    routes: dict[str, PlannedRoute] = {}
    services: list[PlannedService] = []
    for trip in trips.values():
        services += _services(trip, lines, stops, calendars, routes, problems)
        trip.calls.clear()
    if not services:
        raise FeedRefused(_("The feed has no trip that can be read.") + _first_problems(problems))
    dates = _dates(services, first, last, shift_to)
    moved: dict[int, Calendar] = {}
    return ImportPlan(
        stops=_stops_in_use(stops, routes),
        lines=_used_lines(routes),
        routes=list(routes.values()),
        services=[_moved(service, dates.moved, moved) for service in services],
        fares=_fares(routes, stops, fares, problems),
        dates=dates,
        fare_rows=fares.rows,
        other_folders=feed.other_folders,
        agency_country=agencies.country,
    )


def _first_problems(problems: Problems) -> str:
    return "".join(f"\n  {line}" for line in problems.lines[:10])


def _services(
    trip: GtfsTrip,
    lines: dict[str, PlannedLine],
    stops: dict[str, PlannedStop],
    calendars: dict[str, Calendar],
    routes: dict[str, PlannedRoute],
    problems: Problems,
) -> list[PlannedService]:
    """One for the trip, or one for each of its repetitions."""
    try:
        start, pattern = read_pattern(trip, stops)
    except ValueError as error:
        problems.add("trips.txt", trip.line, str(error))
        return []
    source_id = f"{trip.route_id}:{pattern.digest()}"
    route = routes.get(source_id)
    if route is None:
        ends = (stops[pattern.calls[0].stop_id].city.name, stops[pattern.calls[-1].stop_id].city.name)
        name = " – ".join(ends)[:250]
        lines[trip.route_id].name_by_ends(name)
        route = routes[source_id] = PlannedRoute(source_id, lines[trip.route_id], pattern, ends, name)
    calendar = calendars[trip.service_id]
    if not trip.starts:
        return [PlannedService(f"{trip.trip_id}:0", route, start, calendar)]
    return [
        PlannedService(f"{trip.trip_id}:{number}", route, second // 60, calendar)
        for number, second in enumerate(sorted(trip.starts), 1)
    ]


def _moved(service: PlannedService, by: timedelta, seen: dict[int, Calendar]) -> PlannedService:
    """Trips share their calendars; each calendar is moved once."""
    if not by:
        return service
    key = id(service.calendar)
    if key not in seen:
        seen[key] = service.calendar.moved(by)
    return PlannedService(service.source_id, service.route, service.departs_min, seen[key])


def _stops_in_use(stops: dict[str, PlannedStop], routes: dict[str, PlannedRoute]) -> list[PlannedStop]:
    """All but the stations that only gather their stops."""
    called = {call.stop_id for route in routes.values() for call in route.pattern.calls}
    return [stop for stop in stops.values() if not stop.is_station or stop.source_id in called]


def _used_lines(routes: dict[str, PlannedRoute]) -> list[PlannedLine]:
    return list({route.line.source_id: route.line for route in routes.values()}.values())


def _dates(
    services: list[PlannedService], first: date | None, last: date | None, shift_to: date | None
) -> Dates:
    usage = Counter(id(service.calendar) for service in services)
    calendars = {id(service.calendar): service.calendar for service in services}
    feed_first = min(min([calendar.starts_on, *calendar.exceptions]) for calendar in calendars.values())
    feed_last = max(
        max([calendar.ends_on or calendar.starts_on, *calendar.exceptions]) for calendar in calendars.values()
    )
    if any(day and not FIRST_DAY <= day <= LAST_DAY for day in (first, last, shift_to)):
        raise FeedRefused(_out_of_reach())
    start, end, note = first or feed_first, last or max(feed_last, first or feed_first), ""
    if end < start:
        raise FeedRefused(
            _("The last day, %(last)s, comes before the first, %(first)s.") % {"first": start, "last": end}
        )
    most = MAX_DEPARTURES if last is None else None
    if last is not None and (end - start).days >= MAX_DAYS:
        raise FeedRefused(_("At most %(most)d days can be made at once.") % {"most": MAX_DAYS})
    capped, total, last_run = _count_departures(start, end, calendars, usage, most)
    if last is None:
        if capped < end:
            limits = {"last": capped, "end": end, "most": f"{MAX_DEPARTURES:,}"}
            note = (
                _(
                    "No last day was asked for: up to %(last)s (of %(end)s), at most %(most)s departures; "
                    "use --to for more."
                )
                % limits
            )
        end = capped
    moved = _shift(start, shift_to)
    if not FIRST_DAY <= start + moved <= end + moved <= LAST_DAY:
        raise FeedRefused(_out_of_reach())
    return Dates(start, end, moved, total, last_run and last_run + moved, feed_last + moved, note)


def _out_of_reach() -> str:
    return _("The days must lie between %(first)s and %(last)s.") % {"first": FIRST_DAY, "last": LAST_DAY}


def _count_departures(
    start: date, end: date, calendars: dict[int, Calendar], usage: Counter[int], most: int | None
) -> tuple[date, int, date | None]:
    """The last day up to which the departures are not more than `most`, how many they are, and the last day
    with any.
    """
    days = min((end - start).days + 1, MAX_DAYS)
    per_day = [0] * days
    for key, calendar in calendars.items():
        bits = calendar.running_days(start, days)
        while bits:
            lowest = bits & -bits
            per_day[lowest.bit_length() - 1] += usage[key]
            bits ^= lowest
    total, last_run = 0, None
    for number, count in enumerate(per_day):
        if most is not None and total + count > most and number:
            return start + timedelta(days=number - 1), total, last_run
        total += count
        last_run = start + timedelta(days=number) if count else last_run
    return start + timedelta(days=days - 1), total, last_run


def _shift(start: date, shift_to: date | None) -> timedelta:
    """Whole weeks, so that `start` lands on the first day of its weekday on or after `shift_to`."""
    if shift_to is None:
        return timedelta(0)
    days = (shift_to - start).days
    return timedelta(weeks=-(-days // 7))


def _fares(
    routes: dict[str, PlannedRoute], stops: dict[str, PlannedStop], fares: Fares, problems: Problems
) -> list[tuple[PlannedRoute, list[tuple[int, int, Decimal]]]]:
    priced, total = [], 0
    for route in routes.values():
        pairs = list(priced_pairs(route.line.source_id, route.pattern, stops=stops, fares=fares))
        total += len(pairs)
        if total > MAX_FARES:
            problems.add(
                "fare_rules.txt",
                1,
                _("more than %(most)d pairs have fares; the rest are priced by distance")
                % {"most": MAX_FARES},
            )
            break
        priced.append((route, pairs))
    return priced
