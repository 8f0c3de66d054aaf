"""agency.txt, stops.txt and routes.txt: time zones, stops gathered into cities, lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.names import plain_name
from bookings.base.phones import phone_country
from bookings.domain.timetable.calendars import is_time_zone
from bookings.domain.timetable.gtfs.enumerations import check_unused_codes, read_code, read_code_or
from bookings.domain.timetable.gtfs.problems import FeedRefused, Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import Point, an_id, kilometres, point

MAX_CITY_KM: Final = 50  # stops of one name that lie farther apart belong to different cities

_STOP, _STATION = 0, 1
_NOT_CALLED_AT: Final = {2, 3, 4}  # entrances, inner nodes, boarding areas
_MAX_SHOWN_ID: Final = 12  # a longer id was made for programs, and is shown to nobody
# Buses and coaches, in the plain and in the extended list of types.
ROAD_TYPES: Final = (range(3, 4), range(11, 12), range(200, 300), range(700, 800), range(800, 801))
RouteTypes = tuple[range, ...]


@dataclass
class PlannedCity:
    """Stops of one name (or of one station) near each other."""

    name: str
    place: Point | None


@dataclass
class PlannedStop:
    source_id: str
    name: str
    city: PlannedCity
    place: Point | None
    time_zone: str
    address: str
    zone: str
    station: str  # that it is a part of
    is_station: bool


@dataclass
class PlannedLine:
    """Without any name of its own it is called by the ends of its first trip."""

    source_id: str
    code: str
    name: str
    time_zone: str

    def name_by_ends(self, ends: str) -> None:
        self.name = self.name or ends[:200]
        self.code = self.code or self.name[:60]


@dataclass
class Agencies:
    time_zones: dict[str, str]
    country: str = ""  # of all of them, where they say it

    @property
    def default(self) -> str:
        return next(iter(self.time_zones.values()))


def read_agencies(feed: Feed, problems: Problems) -> Agencies:
    time_zones: dict[str, str] = {}
    countries: set[str] = set()
    for row in feed.rows("agency.txt"):
        countries.add(_country_of(row))
        if is_time_zone(row["agency_timezone"]):
            time_zones.setdefault(row["agency_id"], row["agency_timezone"])
        else:
            problems.add(
                "agency.txt",
                row.line,
                _("unknown time zone “%(zone)s”") % {"zone": row["agency_timezone"][:60]},
            )
    if not time_zones:
        raise FeedRefused(_("agency.txt has no known time zone, so no time can be read."))
    return Agencies(time_zones, countries.pop() if len(countries) == 1 else "")


def _country_of(row: Row) -> str:
    """By the international number that it answers, or the region of its language: en-ZA."""
    phone = phone_country(row["agency_phone"])
    _language, _dash, region = row["agency_lang"].replace("_", "-").partition("-")
    return phone or (region.upper() if len(region) == 2 and region.isascii() and region.isalpha() else "")


class CityMap:
    """Gathers places by name and nearness."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[PlannedCity]] = {}

    def city(self, name: str, place: Point | None) -> PlannedCity:
        cities = self._by_name.setdefault(plain_name(name), [])
        city = nearest(cities, place)
        if city is None:
            city = PlannedCity(name, place)
            cities.append(city)
        return city


def nearest(cities: list[PlannedCity], place: Point | None) -> PlannedCity | None:
    """The nearest city within reach. Without a place on the map the name decides, if only one city has it."""
    if place is None:
        unplaced = [city for city in cities if city.place is None]
        return (unplaced or cities)[0] if unplaced or len(cities) == 1 else None
    reach = [
        (kilometres(place, city.place), number)
        for number, city in enumerate(cities)
        if city.place is not None
    ]
    km, number = min(reach, default=(MAX_CITY_KM + 1, 0))
    return cities[number] if km <= MAX_CITY_KM else None


@dataclass
class _ReadStop:
    row: Row
    name: str
    place: Point | None
    location_type: int

    @property
    def is_station(self) -> bool:
        return self.location_type == _STATION


def read_stops(feed: Feed, agencies: Agencies, problems: Problems) -> dict[str, PlannedStop]:
    """Every point where coaches may call, by stop_id, in the order of the file."""
    rows = _stop_rows(feed, problems)
    cities = _cities(rows)
    stops = {}
    for stop_id, read in rows.items():
        if read.location_type in _NOT_CALLED_AT:
            continue
        parent = _parent(read, rows, problems)
        zone = read.row["stop_timezone"] or (parent.row["stop_timezone"] if parent else "")
        if zone and not is_time_zone(zone):
            problems.add(
                "stops.txt",
                read.row.line,
                _("unknown time zone “%(zone)s”; the agency's is used") % {"zone": zone[:60]},
            )
            zone = ""
        stops[stop_id] = PlannedStop(
            stop_id,
            read.name[:160],
            cities[stop_id],
            read.place,
            zone or agencies.default,
            read.row["stop_desc"][:250],
            read.row["zone_id"],
            read.row["parent_station"] if parent else "",
            read.is_station,
        )
    return stops


def _cities(rows: dict[str, _ReadStop]) -> dict[str, PlannedCity]:
    """The city of each stop. What is on the map comes first, so that it never depends on the order of a file
    to which of two namesakes a stop without a place belongs: to neither.
    """
    cities = CityMap()
    places: dict[str, tuple[str, Point | None]] = {}
    for stop_id, read in rows.items():
        if read.location_type not in _NOT_CALLED_AT:
            parent = rows.get(read.row["parent_station"])
            known = parent if parent is not None and parent.is_station else read
            places[stop_id] = (known.name[:120], known.place or read.place)
    in_order = sorted(places, key=lambda stop_id: places[stop_id][1] is None)
    return {stop_id: cities.city(*places[stop_id]) for stop_id in in_order}


def _stop_rows(feed: Feed, problems: Problems) -> dict[str, _ReadStop]:
    rows: dict[str, _ReadStop] = {}
    for row in feed.rows("stops.txt"):
        try:
            stop_id = an_id(row["stop_id"])
            if stop_id in rows:
                raise ValueError(_("stop %(id)s is listed twice; the first is used") % {"id": stop_id})
        except ValueError as error:
            problems.add("stops.txt", row.line, str(error))
            continue
        try:
            place = point(row["stop_lat"], row["stop_lon"])
        except ValueError as error:
            problems.add("stops.txt", row.line, str(error))
            place = None
        check_unused_codes(row, problems)
        location_type = read_code_or(row, "location_type", problems, otherwise=_STOP)
        name = " ".join(row["stop_name"].split())
        if not name:
            name = stop_id
            if location_type not in _NOT_CALLED_AT and not row["parent_station"]:
                problems.add(
                    "stops.txt", row.line, _("stop %(id)s has no name; its id is shown") % {"id": stop_id}
                )
        rows[stop_id] = _ReadStop(row, name, place, location_type)
    return rows


def _parent(read: _ReadStop, rows: dict[str, _ReadStop], problems: Problems) -> _ReadStop | None:
    parent_id = read.row["parent_station"]
    if not parent_id:
        return None
    parent = rows.get(parent_id)
    if parent is None or not parent.is_station:
        problems.add(
            "stops.txt",
            read.row.line,
            _("parent station %(id)s is not a station of this file") % {"id": parent_id[:60]},
        )
        return None
    if read.name == read.row["stop_id"]:
        read.name = parent.name
    return parent


def read_lines(
    feed: Feed, agencies: Agencies, *, route_types: RouteTypes, problems: Problems
) -> dict[str, PlannedLine]:
    lines: dict[str, PlannedLine] = {}
    for row in feed.rows("routes.txt"):
        try:
            line = _line(row, agencies, route_types)
            if line.source_id in lines:
                raise ValueError(
                    _("route %(id)s is listed twice; the first is used") % {"id": line.source_id}
                )
            lines[line.source_id] = line
        except ValueError as error:
            problems.add("routes.txt", row.line, str(error))
    return lines


def _line(row: Row, agencies: Agencies, route_types: RouteTypes) -> PlannedLine:
    route_id, agency = an_id(row["route_id"]), row["agency_id"]
    kind = read_code(row, "route_type", default=route_types[0].start)
    if not any(kind in types for types in route_types):
        raise ValueError(
            _("route %(id)s is no coach line (route_type %(kind)d)") % {"id": route_id, "kind": kind}
        )
    if agency and agency not in agencies.time_zones and len(agencies.time_zones) > 1:
        raise ValueError(
            _("agency %(id)s of route %(route)s is not known") % {"id": agency[:60], "route": route_id}
        )
    code, name = row["route_short_name"], row["route_long_name"]
    zone = agencies.time_zones.get(agency, agencies.default)
    shown_id = route_id if len(route_id) <= _MAX_SHOWN_ID else ""
    return PlannedLine(route_id, (code or shown_id or name)[:60], (name or code)[:200], zone)
