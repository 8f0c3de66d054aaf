"""Dated departures as rows of facts, for programs: whole coaches, or segments between two places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.base.cursors import Cursor
from bookings.base.errors import NotFound
from bookings.cache.reference_data import cached_each, reference_data_version
from bookings.domain.fares.prices import read_party
from bookings.domain.inventory.seats import seat_map_revision
from bookings.domain.network.places import Place
from bookings.domain.search.availability import taken_by_kind
from bookings.domain.search.pricing import price_list
from bookings.domain.search.segments import (
    Departure,
    RouteSegment,
    day_bounds,
    find_departures,
    find_route_segments,
)
from bookings.domain.timetable.call_times import call_time
from bookings.domain.timetable.leavings import left_times
from bookings.domain.timetable.segments import Point, Segment, SegmentRef, get_segment
from bookings.domain.timetable.trips import StopCall, stop_call
from bookings.models import Channel, RouteStop, Schedule

DAYS_WITHOUT_DATE: Final = 7
_FACTS: Final = ("route_id", "route__name", "bus__bus_number", "status")


class Facts(NamedTuple):
    """What only a program wants to know of a departure."""

    route_id: int
    route_name: str
    bus_number: str | None
    status: str


@dataclass(frozen=True)
class ScheduleRow:
    """The segment `origin` → `destination` of a departure with its times, its price for an adult and its free
    seats.
    """

    id: int
    route_id: int
    route_name: str
    line: str
    coach: int
    bus_number: str | None  # often known only a day before
    status: str
    starts_at: datetime  # at its first stop
    departure_time: datetime  # local
    arrival_time: datetime
    duration_minutes: int
    origin: Point
    destination: Point
    price_zar: Decimal | None  # None: this segment is not sold
    available_seats: int
    revision: int


@dataclass(frozen=True)
class ScheduleDetail:
    row: ScheduleRow
    is_on_sale: bool
    sales_close_at: datetime
    layout: str
    amenities: tuple[str, ...]
    calls: tuple[StopCall, ...]


@dataclass(frozen=True)
class ListWindow:
    """`count` rows of a list beyond the `first`, counted from where the cursor points."""

    first: int
    count: int
    after: Cursor | None = None


@dataclass(frozen=True)
class ListFilter:
    """Which departures are listed: of a route, on a local day."""

    route_id: int | None = None
    day: date | None = None


def upcoming(which: ListFilter, *, window: ListWindow, now: datetime) -> list[ScheduleRow]:
    """Whole departures on sale by the time at their first stop, from now on or on one local day.

    A constant number of queries.
    """
    rows = Schedule.objects.on_sale().exclude(status=Schedule.Status.DEPARTED)  # from their first stop
    if which.route_id is not None:
        rows = rows.filter(route=which.route_id)
    if which.day:
        start, end = day_bounds(which.day, which.day, settings.TIME_ZONE)
        rows = rows.departing_between(max(start, now), end)
    else:
        rows = rows.filter(departure_time__gte=now)
    if window.after:
        time, pk = window.after
        rows = rows.filter(departure_time__gte=time).filter(Q(departure_time__gt=time) | Q(pk__gt=pk))
    columns = ("departure_time", "layout_id", "price_zar", "coach", "revision", "call_changes", *_FACTS)
    page = rows.order_by("departure_time", "pk").values_list("pk", *columns, named=True)
    schedules = list(page[window.first : window.first + window.count])
    segments = _whole_segments({schedule.route_id for schedule in schedules})
    known = [schedule for schedule in schedules if schedule.route_id in segments]
    departures = [_departure(schedule, segments[schedule.route_id]) for schedule in known]
    facts = {row.pk: Facts(row.route_id, row.route__name, row.bus__bus_number, row.status) for row in known}
    return _rows(departures, facts, now)


def between(
    origin: Place, destination: Place, which: ListFilter, *, window: ListWindow, now: datetime
) -> list[ScheduleRow]:
    """Segments on sale from one place to another by time, on one local day of the boarding stop or in the
    coming week.
    """
    today = now.astimezone(ZoneInfo(origin.time_zone)).date()
    days = (which.day, which.day) if which.day else (today, today + timedelta(days=DAYS_WITHOUT_DATE))
    segments = find_route_segments(origin.stop_ids, destination.stop_ids)
    if which.route_id is not None:
        segments = [segment for segment in segments if segment.board.route_id == which.route_id]
    departures = find_departures(segments, *days, now=now, channel=Channel.API)
    if window.after:
        departures = [row for row in departures if (row.boards_at, row.id) > window.after]
    page = departures[window.first : window.first + window.count]
    return _rows(page, _facts(page), now)


def schedule_segment(ref: SegmentRef) -> Segment:
    """The segment between the two places of `ref`; without places, the whole route. Raises NotFound."""
    if ref.from_ref and ref.to_ref:
        return get_segment(ref)
    schedule = Schedule.objects.select_related("route__line", "layout").filter(pk=ref.schedule_id).first()
    if schedule is not None:
        whole = _whole_segments({schedule.route_id}).get(schedule.route_id)
        if whole is not None:
            return Segment(schedule, whole.board, whole.alight)
    raise NotFound(_("We could not find this departure."))


def segment_revision(segment: Segment, now: datetime) -> str:
    """Changes with anything that a program can see of the segment: seats, price, state, time."""
    return f"{seat_map_revision(segment, now)}.{reference_data_version()}"


def schedule_detail(segment: Segment, *, now: datetime) -> ScheduleDetail:
    schedule, route = segment.schedule, segment.schedule.route
    calls = list(RouteStop.objects.filter(route=route).select_related("stop__city").order_by("position"))
    on_route = RouteSegment(segment.board, segment.alight, str(route.line), calls[-1].km)
    departures, left = [_departure(schedule, on_route)], left_times(schedule)
    (row,) = _rows(departures, _facts(departures), now)
    return ScheduleDetail(
        row=row,
        is_on_sale=row.price_zar is not None and segment.is_on_sale(now, Channel.API),
        sales_close_at=segment.closes_at(Channel.API),
        layout=schedule.layout.name,
        amenities=tuple(schedule.layout.amenities),
        calls=tuple(stop_call(call, schedule, left.get(call.position)) for call in calls),
    )


def _whole_segments(route_ids: Iterable[int]) -> dict[int, RouteSegment]:
    """From the first call where one may board to the last where one may alight.

    One query for the routes that are not cached.
    """
    return cached_each("whole segments", route_ids, _read_whole_segments)


def _read_whole_segments(route_ids: list[int]) -> dict[int, RouteSegment]:
    calls = (
        RouteStop.objects.filter(route__in=route_ids)
        .select_related("stop__city", "route__line")
        .order_by("route", "position")
    )
    by_route: dict[int, list[RouteStop]] = {}
    for call in calls:
        by_route.setdefault(call.route_id, []).append(call)
    segments = {}
    for route_id, way in by_route.items():
        board = next((call for call in way if call.may_board), way[0])
        alight = next((call for call in reversed(way) if call.may_alight), way[-1])
        if board.position < alight.position:
            route = way[0].route
            segments[route_id] = RouteSegment(board, alight, str(route.line), way[-1].km)
    return segments


def _departure(schedule: Any, segment: RouteSegment) -> Departure:
    """Of a Schedule, or of a row of its columns."""
    boards_at = schedule.departure_time + timedelta(minutes=segment.board.depart_min)
    local = boards_at.astimezone(ZoneInfo(segment.board.stop.time_zone))
    return Departure(
        schedule.pk,
        segment,
        boards_at,
        local,
        schedule.coach,
        schedule.layout_id,
        schedule.price_zar,
        schedule.revision,
        call_time(schedule, segment.board) if schedule.call_changes else None,
        call_time(schedule, segment.alight) if schedule.call_changes else None,
    )


def _facts(departures: Iterable[Departure]) -> dict[int, Facts]:
    """One query."""
    rows = Schedule.objects.filter(pk__in=[departure.id for departure in departures]).order_by()
    return {pk: Facts(*facts) for pk, *facts in rows.values_list("pk", *_FACTS)}


def _rows(departures: Sequence[Departure], facts: Mapping[int, Facts], now: datetime) -> list[ScheduleRow]:
    """Prices and free seats of these departures in six queries, however many; one while fares are cached."""
    if not departures:
        return []
    prices = price_list(departures, read_party(1, {}))
    quotes = {
        departure.id: quote
        for departure, quote in prices.quotes(departures, taken_by_kind(departures, now=now), now=now)
    }
    rows = []
    for departure in departures:
        quote = quotes.get(departure.id)
        route_id, route_name, bus_number, status = facts[departure.id]
        rows.append(
            ScheduleRow(
                id=departure.id,
                route_id=route_id,
                route_name=route_name,
                line=departure.segment.line,
                coach=departure.coach,
                bus_number=bus_number,
                status=status,
                starts_at=departure.boards_at - timedelta(minutes=departure.segment.board.depart_min),
                departure_time=departure.boards_local,
                arrival_time=departure.alights_local,
                duration_minutes=departure.segment.minutes,
                origin=departure.origin,
                destination=departure.destination,
                price_zar=quote.adult if quote else None,
                available_seats=quote.free or 0 if quote else 0,
                revision=departure.revision,
            )
        )
    return rows
