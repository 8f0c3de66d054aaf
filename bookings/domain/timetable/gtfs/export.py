"""The timetable on sale as a feed in GTFS, for journey planners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.domain.company.details import get_company
from bookings.domain.timetable.calendars import calendar_of
from bookings.domain.timetable.generate import Progress
from bookings.domain.timetable.gtfs.fares import CURRENCY, MAX_FARES
from bookings.domain.timetable.gtfs.runs import LineRuns, RouteRuns, departures_on_sale, lines_on_sale
from bookings.domain.timetable.gtfs.tables import FeedTables, Write
from bookings.models import Stop

Fares = Mapping[tuple[int, int], Decimal]  # by positions; a pair that is not there is not sold
Prices = Callable[[LineRuns], Mapping[int, Fares]]  # by route

AGENCY: Final = "falcon"
LANGUAGE: Final = "en-ZA"
MAX_DAYS: Final = 1100
_BUS: Final = 3
_LEAST_STEP: Final = Decimal(
    "0.0001"
)  # km between calls that our two decimals cannot tell apart: a feed's distances must rise
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PAID_BEFORE, _NO_TRANSFER = 1, 0

_COLUMNS: Final = {
    "routes.txt": ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id", "trip_headsign"),
    "stop_times.txt": (
        "trip_id",
        "arrival_time",
        "departure_time",
        "stop_id",
        "stop_sequence",
        "pickup_type",
        "drop_off_type",
        "shape_dist_traveled",
        "timepoint",
    ),
}


@dataclass
class ExportReport:
    first_day: date
    last_day: date
    lines: int = 0
    trips: int = 0
    departures: int = 0
    stops: int = 0
    fares: int = 0
    unplaced: list[str] = field(default_factory=list)  # left out: stops that are nowhere on the map
    lines_without_fares: int = 0  # beyond as many fares as an import reads


def export_feed(
    path: Path, *, first_day: date, days: int, prices: Prices, progress: Progress | None = None
) -> ExportReport:
    """Write what is on sale on these days, a line at a time.

    The same rows make the same bytes. Raises NotFound if nothing is.
    """
    report = ExportReport(first_day, first_day + timedelta(days=days - 1))
    total = departures_on_sale(first_day, days, settings.TIME_ZONE).count()
    with FeedTables() as tables:
        trips = _Trips(tables)
        fares = _FareTables(tables)
        for line in lines_on_sale(first_day, days, settings.TIME_ZONE):
            sold = _on_the_map(line, prices(line), report)
            if trips.write(line, sold):
                fares.write(line, sold)
            if progress:
                progress(trips.examined, total)
        if not trips.departures:
            raise NotFound(_("Nothing is on sale on these days."))
        _write_stops(tables, trips.stops, report)
        trips.write_calendars()
        _write_company(
            tables, min(min(days) for days in trips.calendars), max(max(days) for days in trips.calendars)
        )
        tables.pack(path)
    report.lines, report.trips, report.departures, report.fares = (
        trips.lines,
        trips.trips,
        trips.departures,
        fares.rows,
    )
    report.lines_without_fares = fares.lines_left_out
    report.unplaced = sorted(set(report.unplaced))
    return report


def _on_the_map(
    line: LineRuns, sold: Mapping[int, Fares], report: ExportReport
) -> Mapping[int, Mapping[tuple[int, int], Decimal]]:
    """Leave out calls at stops without a place, which would make the whole feed invalid; what is sold between
    the others stays.
    """
    left = {}
    for route in line.routes:
        missing = {call.position for call in route.calls if place_of(call.stop) is None}
        report.unplaced += [
            f"{_name(call.stop)} ({call.stop.code})" for call in route.calls if call.position in missing
        ]
        route.calls = [call for call in route.calls if call.position not in missing]
        left[route.route_id] = {
            pair: amount for pair, amount in sold[route.route_id].items() if not missing & set(pair)
        }
    return left


def place_of(stop: Stop) -> tuple[Decimal, Decimal] | None:
    """Its own, or its city's."""
    for located in (stop, stop.city):
        if located.latitude is not None and located.longitude is not None:
            return located.latitude, located.longitude
    return None


def _name(stop: Stop) -> str:
    return stop.name if stop.city.name in stop.name else str(stop)


def trip_id_of(route_id: int, second: int, coach: int) -> str:
    """What the feed calls the departures of a route that leave at this second of the service day."""
    return f"{route_id}-{_time(second).replace(':', '')}-{coach}"


class _Trips:
    """routes.txt, trips.txt and stop_times.txt; days that several trips share are one service."""

    def __init__(self, tables: FeedTables) -> None:
        self._tables = tables
        self._line, self._trip, self._call = (
            tables.open(name, columns) for name, columns in _COLUMNS.items()
        )
        self.calendars: dict[frozenset[date], str] = {}
        self.stops: set[int] = set()
        self.lines = self.trips = self.departures = self.examined = 0

    def write(self, line: LineRuns, sold: Mapping[int, Fares]) -> bool:
        """Whether any of it is sold."""
        self.examined += line.departures
        routes = [route for route in line.routes if sold[route.route_id]]
        if routes:
            self.lines += 1
            self._line(
                (
                    line.line.pk,
                    AGENCY,
                    line.line.code,
                    line.line.name if line.line.name != line.line.code else "",
                    _BUS,
                )
            )
        for route in routes:
            self._write_route(line, route, sold[route.route_id])
        return bool(routes)

    def _write_route(self, line: LineRuns, route: RouteRuns, fares: Fares) -> None:
        self.stops.update(call.stop_id for call in route.calls)
        self.departures += route.departures
        headsign = route.calls[-1].stop.city.name
        calls = _calls(route, fares)
        for (second, coach), days in sorted(route.days.items()):
            trip_id = trip_id_of(route.route_id, second, coach)
            service_id = self.calendars.setdefault(frozenset(days), f"{len(self.calendars) + 1:06d}")
            self._trip((line.line.pk, service_id, trip_id, headsign))
            self.trips += 1
            for arrive, depart, rest in calls:
                self._call((trip_id, _time(second + arrive * 60), _time(second + depart * 60), *rest))

    def write_calendars(self) -> None:
        weekly = self._tables.open("calendar.txt", ("service_id", *_DAYS, "start_date", "end_date"))
        exceptions = self._tables.open("calendar_dates.txt", ("service_id", "date", "exception_type"))
        for days, service_id in self.calendars.items():
            calendar = calendar_of(days)
            if calendar.weekdays:
                weekdays = (calendar.weekdays >> bit & 1 for bit in range(7))
                weekly((service_id, *weekdays, _date(calendar.starts_on), _date(max(days))))
            for day, runs in calendar.exceptions.items():
                exceptions((service_id, _date(day), 1 if runs else 2))


def _calls(route: RouteRuns, fares: Fares) -> list[tuple[int, int, tuple[object, ...]]]:
    """(arrival, departure, (stop, number, pick-up, drop-off, km, exact)) of each call.

    Where no ride is sold, nobody may get on (or off).
    """
    boards, alights = {board for board, _alight in fares}, {alight for _board, alight in fares}
    rows: list[tuple[int, int, tuple[object, ...]]] = []
    way = Decimal(-1)
    for call in route.calls:
        way = max(call.km, way + _LEAST_STEP)
        may_not = (int(call.position not in boards), int(call.position not in alights))
        rest = (call.stop.code, call.position + 1, *may_not, way, 1)
        rows.append((call.arrive_min, call.depart_min, rest))
    return rows


class _FareTables:
    """fare_attributes.txt and fare_rules.txt: each stop is a zone, and a ride on a line has one price, the
    lowest of these days.

    The format knows no dates and no coaches for a fare; of several that fit, a planner (as our own import)
    takes the cheapest.
    """

    def __init__(self, tables: FeedTables) -> None:
        self._tables = tables
        self._fare: Write | None = None
        self._rule: Write | None = None
        self._amounts: set[Decimal] = set()
        self._pairs = 0
        self.rows = self.lines_left_out = 0

    def write(self, line: LineRuns, sold: Mapping[int, Fares]) -> None:
        self._pairs += sum(len(sold[route.route_id]) for route in line.routes)
        if self._pairs > MAX_FARES:
            self.lines_left_out += 1
            return
        lowest: dict[tuple[str, str], Decimal] = {}
        for route in line.routes:
            stops = {call.position: call.stop.code for call in route.calls}
            for (board, alight), amount in sold[route.route_id].items():
                pair = (stops[board], stops[alight])
                lowest[pair] = min(amount, lowest.get(pair, amount))
        for (start, end), amount in sorted(lowest.items()):
            self._write_rule(line.line.pk, start, end, amount)

    def _write_rule(self, line_id: int, start: str, end: str, amount: Decimal) -> None:
        if self._fare is None or self._rule is None:
            columns = ("fare_id", "price", "currency_type", "payment_method", "transfers", "agency_id")
            self._fare = self._tables.open("fare_attributes.txt", columns)
            self._rule = self._tables.open(
                "fare_rules.txt", ("fare_id", "route_id", "origin_id", "destination_id")
            )
        fare_id = f"{CURRENCY}-{amount:.2f}"
        if amount not in self._amounts:
            self._amounts.add(amount)
            self._fare((fare_id, f"{amount:.2f}", CURRENCY, _PAID_BEFORE, _NO_TRANSFER, AGENCY))
        self._rule((fare_id, line_id, start, end))
        self.rows += 1


def _write_stops(tables: FeedTables, stop_ids: set[int], report: ExportReport) -> None:
    write = tables.open(
        "stops.txt", ("stop_id", "stop_name", "stop_desc", "stop_lat", "stop_lon", "zone_id", "stop_timezone")
    )
    for stop in Stop.objects.select_related("city").order_by("code").iterator():
        if stop.pk in stop_ids:
            place = place_of(stop) or ("", "")
            description = " ".join(stop.address.split())
            name = _name(stop)
            write(
                (
                    stop.code,
                    name,
                    description if description != name else "",
                    *place,
                    stop.code,
                    stop.time_zone,
                )
            )
            report.stops += 1


def _write_company(tables: FeedTables, first: date, last: date) -> None:
    columns = ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang")
    name = get_company().trading_name
    tables.open("agency.txt", columns)((AGENCY, name, settings.SITE_URL, settings.TIME_ZONE, LANGUAGE))
    version = tables.digest()[:16]
    facts = (
        "feed_publisher_name",
        "feed_publisher_url",
        "feed_lang",
        "feed_start_date",
        "feed_end_date",
        "feed_version",
        "feed_contact_url",
    )
    row = (name, settings.SITE_URL, LANGUAGE, _date(first), _date(last), version, settings.SITE_URL)
    tables.open("feed_info.txt", facts)(row)


def _time(second: int) -> str:
    hours, rest = divmod(second, 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def _date(day: date) -> str:
    return f"{day:%Y%m%d}"
