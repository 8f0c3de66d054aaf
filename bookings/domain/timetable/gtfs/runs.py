"""What is on sale, gathered from dated departures into trips and the days on which they run.

Departures and not plans are asked: what was cancelled, moved, added by hand or never made is then right by
itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from bookings.domain.timetable.calendars import start_of_service_day
from bookings.models import Line, RouteStop, Schedule

_LONGEST_DAY: Final = timedelta(days=2)  # times of a service day go on after midnight, but not for ever


class Terms(NamedTuple):
    """What the price of a departure comes from, besides its route and day."""

    layout_id: int
    price_zar: Decimal


@dataclass
class RouteRuns:
    """The departures of a route: one trip for each time of the day and coach."""

    route_id: int
    calls: list[RouteStop] = field(default_factory=list)
    days: dict[tuple[int, int], set[date]] = field(
        default_factory=dict
    )  # (second of the service day, coach): service days
    terms: dict[Terms, list[datetime]] = field(default_factory=dict)
    departures: int = 0


@dataclass
class LineRuns:
    line: Line
    routes: list[RouteRuns]

    @property
    def departures(self) -> int:
        return sum(route.departures for route in self.routes)


def departures_on_sale(first_day: date, days: int, time_zone: str) -> QuerySet[Schedule]:
    """Those that leave on these days by the clock of the zone, cancelled ones too: realtime says of a trip
    that does not run what it is only while the feed has it.
    """
    start, end = (start_of_service_day(first_day + timedelta(days=number), time_zone) for number in (0, days))
    runs = Q(status__in=(*Schedule.SOLD_IN, Schedule.Status.CANCELLED), is_active=True)
    return Schedule.objects.departing_between(start, end).filter(runs, route__is_active=True)


def lines_on_sale(first_day: date, days: int, time_zone: str) -> Iterator[LineRuns]:
    """One line after the other, so that a whole network is never in memory."""
    rows = departures_on_sale(first_day, days, time_zone).order_by(
        "route__line_id", "route_id", "departure_time", "coach"
    )
    columns = (
        "route__line_id",
        "route_id",
        "service_date",
        "departure_time",
        "coach",
        "layout_id",
        "price_zar",
    )
    days_of = ServiceDays(time_zone)
    for line_id, of_line in groupby(rows.values_list(*columns).iterator(), key=lambda row: row[0]):
        routes: dict[int, RouteRuns] = {}
        for _line, route_id, service_date, departs, coach, *terms in of_line:
            route = routes.setdefault(route_id, RouteRuns(route_id))
            day, second = days_of.place(departs, service_date)
            route.days.setdefault((second, coach), set()).add(day)
            route.terms.setdefault(Terms(*terms), []).append(departs)
            route.departures += 1
        for call in (
            RouteStop.objects.filter(route__in=routes)
            .select_related("stop__city")
            .order_by("route_id", "position")
        ):
            routes[call.route_id].calls.append(call)
        yield LineRuns(Line.objects.get(pk=line_id), list(routes.values()))


class ServiceDays:
    """All times of a feed are in the agency's zone, whatever the zone of the service or stop."""

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._start = cache(lambda day: start_of_service_day(day, time_zone))

    def place(self, departs: datetime, service_date: date | None) -> tuple[date, int]:
        """The service day and the second of it.

        The departure's own service day where it can be, else the day by the clock.
        """
        day = service_date
        if day is None or not timedelta(0) <= departs - self._start(day) < _LONGEST_DAY:
            day = departs.astimezone(self._zone).date()
            if departs < self._start(day):  # in the hour that a change of the clocks adds before noon
                day -= timedelta(days=1)
        return day, int((departs - self._start(day)).total_seconds())
