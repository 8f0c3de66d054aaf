"""The departures of a day as staff look at them: by the time at which they leave here, with their load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.domain.operations.station import WAITING, Coming, Inactive, Way, calls_in_city, coming, ways
from bookings.domain.search.availability import LayoutSeats, find_layouts
from bookings.domain.timetable.call_times import call_time, read_changes
from bookings.domain.timetable.trips import clock_text, expected_text
from bookings.models import RouteStop, Schedule

PAGE_SIZE: Final = 20
WITHDRAWN: Final = "withdrawn"
# How far the clock of a stop may be from that of the company: the day of a stop is read a little wider.
_CLOCKS_APART: Final = timedelta(hours=3)


@dataclass(frozen=True)
class DepartureFilter:
    """Which departures of a day are listed. Empty: any."""

    day: date
    city_id: int | None = None  # where they leave; none: the whole company, by their first stops
    stop: str = ""  # code
    destination: str = ""  # name of a city where one may get off
    state: str = ""  # Schedule.Status
    line: str = ""  # code
    page: int | None = 1  # none: that on which the next coach stands


@dataclass(frozen=True)
class DepartureRow:
    id: int
    time: str  # at this stop, by its clock
    line: str
    stop: str  # where people get on; empty on the list of the whole company
    route: str  # where it goes from here
    coach: int
    bus: str
    status: str  # of Schedule, or WITHDRAWN
    status_text: str
    seats: int
    taken: int
    departs_note: str = ""  # "expected 17:45": what was told that the plan does not say


class FilterChoice(NamedTuple):
    value: str
    label: str


@dataclass(frozen=True)
class DepartureList:
    day: date
    rows: tuple[DepartureRow, ...]
    page: int
    has_next: bool
    stops: tuple[FilterChoice, ...] = ()  # among which to choose, on this day
    destinations: tuple[FilterChoice, ...] = ()


def departure_list(chosen: DepartureFilter, *, now: datetime) -> DepartureList:
    """The departures of a local day, twenty at a time.

    Of a city: one query, two more while its calls and their ways are not cached. Of the whole company: one,
    and one more without a page.
    """
    if chosen.city_id is None:
        return _of_company(chosen, now)
    return _of_city(chosen, chosen.city_id, now)


def _of_city(chosen: DepartureFilter, city_id: int, now: datetime) -> DepartureList:
    start, end = _bounds(chosen.day)
    stops = {call.stop_code: call.stop for call in calls_in_city(city_id)}
    stop = chosen.stop if chosen.stop in stops else ""  # that of a branch that was shown before
    departures = coming_on(chosen.day, city_id)
    by_route = ways({departure.call.route_id for departure in departures})
    ends = {
        departure.id: by_route[departure.call.route_id].cities_after(departure.call.position)
        for departure in departures
    }
    shown = [
        departure
        for departure in departures
        if stop in ("", departure.call.stop_code)
        and (not chosen.destination or chosen.destination in ends[departure.id])
        and chosen.state in ("", departure.status)
        and chosen.line.casefold() in ("", departure.line.casefold())
    ]
    gone = sum(departure.expected_at < now for departure in shown) if start <= now < end else 0
    page = chosen.page or gone // PAGE_SIZE + 1
    first = (page - 1) * PAGE_SIZE
    return DepartureList(
        chosen.day,
        departure_rows(shown[first : first + PAGE_SIZE]),
        page,
        len(shown) > first + PAGE_SIZE,
        tuple(FilterChoice(*item) for item in sorted(stops.items(), key=itemgetter(1))),
        tuple(
            FilterChoice(city, city) for city in sorted({city for cities in ends.values() for city in cities})
        ),
    )


def coming_on(day: date, city_id: int) -> list[Coming]:
    """What leaves the city on this day, by the clock of its stops: as many queries as `coming`."""
    start, end = _bounds(day)
    return [
        departure
        for departure in coming(city_id, start - _CLOCKS_APART, end + _CLOCKS_APART, inactive=Inactive.ALL)
        if departure.local.date() == day
    ]


def departure_rows(departures: Sequence[Coming]) -> tuple[DepartureRow, ...]:
    """No query while ways and layouts are cached."""
    by_route = ways({departure.call.route_id for departure in departures})
    layouts = find_layouts(departure.layout_id for departure in departures)
    return tuple(_row(departure, by_route[departure.call.route_id], layouts) for departure in departures)


def _row(departure: Coming, way: Way, layouts: Mapping[int, LayoutSeats]) -> DepartureRow:
    seats = _seats(layouts, departure.layout_id)
    return DepartureRow(
        id=departure.id,
        time=f"{departure.local:%H:%M}",
        line=departure.line,
        stop=departure.call.stop,
        route=way.end_after(departure.call.position),
        coach=departure.coach,
        bus=departure.bus or "",
        status=WITHDRAWN if departure.is_withdrawn else departure.status,
        status_text=departure.state,
        seats=seats,
        taken=max(0, seats - departure.available),
        departs_note=departure.departs_note,
    )


def _of_company(chosen: DepartureFilter, now: datetime) -> DepartureList:
    start, end = _bounds(chosen.day)
    departures = Schedule.objects.departing_between(start, end).select_related("route__line", "bus")
    if chosen.line:
        departures = departures.filter(route__line__code__iexact=chosen.line)
    if chosen.state:
        departures = departures.filter(status=chosen.state)
    page = chosen.page
    if page is None:
        gone = departures.filter(departure_time__lt=now).count() if start <= now < end else 0
        page = gone // PAGE_SIZE + 1
    first = (page - 1) * PAGE_SIZE
    rows = list(departures.order_by("departure_time", "pk")[first : first + PAGE_SIZE + 1])
    layouts = find_layouts(row.layout_id for row in rows)
    shown = tuple(_company_row(row, layouts) for row in rows[:PAGE_SIZE])
    return DepartureList(chosen.day, shown, page, len(rows) > PAGE_SIZE)


def _company_row(schedule: Schedule, layouts: Mapping[int, LayoutSeats]) -> DepartureRow:
    seats = _seats(layouts, schedule.layout_id)
    is_withdrawn = not schedule.is_active and schedule.status in WAITING
    return DepartureRow(
        id=schedule.pk,
        time=clock_text(schedule.departure_time, schedule.departure_time),
        line=schedule.route.line.code,
        stop="",
        route=schedule.route.name,
        coach=schedule.coach,
        bus=schedule.bus.bus_number if schedule.bus else "",
        status=WITHDRAWN if is_withdrawn else schedule.status,
        status_text=_("withdrawn") if is_withdrawn else str(schedule.get_status_display()),
        seats=seats,
        taken=max(0, seats - schedule.available_seats),
        departs_note=_first_note(schedule),
    )


def _first_note(schedule: Schedule) -> str:
    """At its first stop, by the company's clock as the whole list."""
    change = read_changes(schedule.call_changes)
    if 0 not in change:
        return ""
    first = RouteStop(position=0, arrive_min=0, depart_min=0)
    return expected_text(call_time(schedule, first), ZoneInfo(settings.TIME_ZONE))


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time.min, ZoneInfo(settings.TIME_ZONE))
    return start, start + timedelta(days=1)


def _seats(layouts: Mapping[int, LayoutSeats], layout_id: int) -> int:
    return sum(layouts[layout_id].seats.values())
