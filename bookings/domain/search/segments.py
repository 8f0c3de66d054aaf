"""Which routes connect two places, and their departures on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.cache.reference_data import cached
from bookings.domain.company.settings import company_settings
from bookings.domain.timetable.call_times import REACH_BACK, CallTimes, call_time
from bookings.domain.timetable.departures import DatedDeparture, RouteWindow, departures_within
from bookings.domain.timetable.leavings import last_left
from bookings.domain.timetable.segments import Point, find_shortest_pair, point_of
from bookings.models import City, RouteStop, Schedule, Stop

FARTHEST_DAYS: Final = (
    1100  # a timetable reaches no further, and dates at the ends of the calendar cannot be computed with
)


@dataclass(frozen=True)
class RouteSegment:
    """The part of a route from one of its calls to a later one."""

    board: RouteStop
    alight: RouteStop
    line: str
    route_km: Decimal

    @property
    def minutes(self) -> int:
        return self.alight.arrive_min - self.board.depart_min


class Departure(
    NamedTuple
):  # a day has hundreds, and a tuple is made four times as fast as a frozen dataclass
    """A dated coach on a segment of its route: only what a list needs."""

    id: int
    segment: RouteSegment
    boards_at: datetime
    boards_local: datetime
    coach: int
    layout_id: int
    price_zar: Decimal
    revision: int
    boarding: CallTimes | None = None  # where something was told that the plan does not say
    alighting: CallTimes | None = None
    call_changes: str = ""

    @property
    def expected_boards_at(self) -> datetime:
        return self.boarding.expected_departure if self.boarding else self.boards_at

    @property
    def origin(self) -> Point:
        """Where it begins, as programs get it."""
        return point_of(self.segment.board, self.boards_local, self.boarding)

    @property
    def destination(self) -> Point:
        return point_of(self.segment.alight, self.alights_local, self.alighting, arrives=True)

    @property
    def alights_local(self) -> datetime:
        return (self.boards_at + timedelta(minutes=self.segment.minutes)).astimezone(
            ZoneInfo(self.segment.alight.stop.time_zone)
        )


def is_reachable(day: date, now: datetime) -> bool:
    """Whether any timetable reaches so far."""
    return abs(day.toordinal() - now.date().toordinal()) <= FARTHEST_DAYS


def check_day(day: date, now: datetime) -> None:
    """Refuse a day that no timetable can reach. Raises Refusal."""
    if not is_reachable(day, now):
        raise Refusal(_("Please choose a day within the next year."))


def read_day(text: str, *, now: datetime, time_zone: str = "Africa/Johannesburg") -> date:
    """The day written as 2026-12-01; today where nothing is written. Raises Refusal."""
    if not text.strip():
        return now.astimezone(ZoneInfo(time_zone)).date()
    try:
        day = datetime.strptime(text.strip()[:20], "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise Refusal(_("Please enter the date as year-month-day, such as 2026-12-01.")) from None
    check_day(day, now)
    return day


_COLUMNS: Final = (
    "pk",
    "position",
    "arrive_min",
    "depart_min",
    "km",
    "stop_id",
    "stop__code",
    "stop__name",
    "stop__time_zone",
    "stop__city__name",
    "stop__city__slug",
)
_FACTS: Final = ("route_id", "route_km", "route__line__code", "route__line__name")


class _RouteFacts(NamedTuple):
    """The columns of _FACTS."""

    route_id: int
    route_km: Decimal
    line_code: str
    line_name: str


class _CallFacts(NamedTuple):
    """The columns of _COLUMNS."""

    pk: int
    position: int
    arrive_min: int
    depart_min: int
    km: Decimal
    stop_id: int
    stop_code: str
    stop_name: str
    time_zone: str
    city_name: str
    city_slug: str


def _calls() -> QuerySet[RouteStop]:
    """Calls of active routes; `route_km` is the distance of the last one."""
    last_km = RouteStop.objects.filter(route=OuterRef("route")).order_by("-position").values("km")[:1]
    return RouteStop.objects.filter(route__is_active=True).annotate(route_km=Subquery(last_km))


def find_route_segments(board_stops: Iterable[int], alight_stops: Iterable[int]) -> list[RouteSegment]:
    """The shortest segment on each active route that calls at one of the first stops and later at one of the
    second: one query, none while they are cached.
    """
    starts, ends = tuple(board_stops), tuple(alight_stops)
    return list(cached(("segments", starts, ends), lambda: _read_route_segments(starts, ends)))


def _read_route_segments(starts: tuple[int, ...], stops_after: tuple[int, ...]) -> list[RouteSegment]:
    pairs = _calls().filter(
        stop__in=starts,
        may_board=True,
        route__calls__stop__in=stops_after,
        route__calls__may_alight=True,
        route__calls__position__gt=F("position"),
    )
    ends = tuple(f"route__calls__{column}" for column in _COLUMNS)
    boards: dict[_RouteFacts, dict[int, RouteStop]] = {}
    alights: dict[_RouteFacts, dict[int, RouteStop]] = {}
    for row in pairs.values_list(*_FACTS, *_COLUMNS, *ends).order_by("route_id"):
        route = _RouteFacts(*row[: len(_FACTS)])
        board = _CallFacts(*row[len(_FACTS) : -len(_COLUMNS)])
        alight = _CallFacts(*row[-len(_COLUMNS) :])
        boards.setdefault(route, {}).setdefault(board.pk, _call(route.route_id, board))
        alights.setdefault(route, {}).setdefault(alight.pk, _call(route.route_id, alight))
    on_routes = (_route_segment(route, boards[route].values(), alights[route].values()) for route in boards)
    return [segment for segment in on_routes if segment]


def find_city_pair_segments(pairs: Iterable[tuple[str, str]]) -> list[list[RouteSegment]]:
    """For each pair of city slugs the shortest segment on each route: one query for them all."""
    pairs = list(pairs)
    slugs = {slug for pair in pairs for slug in pair}
    rows = _calls().filter(stop__city__slug__in=slugs).order_by("route_id", "position")
    routes: dict[_RouteFacts, dict[str, list[RouteStop]]] = {}
    for slug, may_board, may_alight, *row in rows.values_list(
        "stop__city__slug", "may_board", "may_alight", *_FACTS, *_COLUMNS
    ):
        route = _RouteFacts(*row[:4])
        call = _call(route.route_id, _CallFacts(*row[4:]))
        call.may_board, call.may_alight = may_board, may_alight
        routes.setdefault(route, {}).setdefault(slug, []).append(call)
    return [
        [
            segment
            for route, calls in routes.items()
            if (segment := _route_segment(route, calls.get(start, []), calls.get(end, [])))
        ]
        for start, end in pairs
    ]


def _route_segment(
    route: _RouteFacts, boards: Iterable[RouteStop], alights: Iterable[RouteStop]
) -> RouteSegment | None:
    ends = find_shortest_pair(boards, alights)
    line = f"{route.line_code} {route.line_name}".strip()
    return RouteSegment(*ends, line, route.route_km) if ends else None


def _call(route_id: int, call: _CallFacts) -> RouteStop:
    return RouteStop(
        pk=call.pk,
        route_id=route_id,
        position=call.position,
        arrive_min=call.arrive_min,
        depart_min=call.depart_min,
        km=call.km,
        stop=Stop(
            pk=call.stop_id,
            code=call.stop_code,
            name=call.stop_name,
            time_zone=call.time_zone,
            city=City(name=call.city_name, slug=call.city_slug),
        ),
    )


def day_bounds(first: date, last: date, time_zone: str) -> tuple[datetime, datetime]:
    """From midnight to midnight by the clock of the zone, also where a day has 23 or 25 hours."""
    zone = ZoneInfo(time_zone)
    start = datetime.combine(first, time.min, zone).astimezone(UTC)
    return start, datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)


def find_departures(
    segments: Iterable[RouteSegment],
    first: date,
    last: date,
    *,
    now: datetime | None = None,
    channel: str = "web",
) -> list[Departure]:
    """What is on sale on the segments on local boarding days `first` to `last`, by planned time: one query.

    With `now` only what `channel` still sells then, by the expected time, and not from a stop that the coach
    is known to have left: another query if one of them may have left a stop on its way. Today's list has late
    coaches of the evening before, too.
    """
    opens = now + timedelta(minutes=company_settings.sales_close(channel)) if now else None
    by_route = {segment.board.route_id: segment for segment in segments}
    offsets = {route: timedelta(minutes=segment.board.depart_min) for route, segment in by_route.items()}
    zones = {route: ZoneInfo(segment.board.stop.time_zone) for route, segment in by_route.items()}
    rows = departures_within(_window(segment, first, last, opens, now) for segment in by_route.values())
    if now:
        rows = _not_left(rows, by_route, now)
    departures = []
    for departure in rows:
        route = departure.route_id
        boards_at = departure.departure_time + offsets[route]
        if departure.is_on_sale and departure.call_changes:
            if (changed := _changed(departure, by_route[route], opens)) is not None:
                departures.append(changed)
        elif departure.is_on_sale and boards_at != opens:  # at that very minute sales are closed
            departures.append(
                Departure(
                    departure.id,
                    by_route[route],
                    boards_at,
                    boards_at.astimezone(zones[route]),
                    departure.coach,
                    departure.layout_id,
                    departure.price_zar,
                    departure.revision,
                )
            )
    return sorted(departures, key=attrgetter("boards_at", "id"))


def _not_left(
    departures: Iterable[DatedDeparture], by_route: Mapping[int, RouteSegment], now: datetime
) -> list[DatedDeparture]:
    """Those that have not left the stop where the segment begins, as far as staff have said."""
    departures = list(departures)
    standing = [row for row in departures if row.status != Schedule.Status.DEPARTED]
    if len(standing) == len(departures):
        return standing
    on_the_road = (row for row in departures if row.status == Schedule.Status.DEPARTED)
    ahead = [row for row in on_the_road if by_route[row.route_id].board.position > 0]  # has left its first
    # No coach leaves a stop before boarding closes there; the hold asks for each.
    closing = now + timedelta(minutes=company_settings.boarding_closes_minutes)
    near = [
        row.id
        for row in ahead
        if row.departure_time + timedelta(minutes=by_route[row.route_id].board.depart_min) <= closing
    ]
    left = last_left(near)
    return standing + [row for row in ahead if by_route[row.route_id].board.position > left.get(row.id, 0)]


def _changed(departure: DatedDeparture, segment: RouteSegment, opens: datetime | None) -> Departure | None:
    """One of whose times something was told; None if it is closed by them, or passes one of the ends by."""
    boarding, alighting = call_time(departure, segment.board), call_time(departure, segment.alight)
    if boarding.is_skipped or alighting.is_skipped or (opens and boarding.expected_departure <= opens):
        return None
    return Departure(
        departure.id,
        segment,
        boarding.planned_departure,
        boarding.planned_departure.astimezone(ZoneInfo(segment.board.stop.time_zone)),
        departure.coach,
        departure.layout_id,
        departure.price_zar,
        departure.revision,
        boarding,
        alighting,
        departure.call_changes,
    )


def _window(
    segment: RouteSegment, first: date, last: date, opens: datetime | None, now: datetime | None
) -> RouteWindow:
    """When a coach leaves its first stop that takes up passengers between the two days, and not before
    `opens`.
    """
    start, end = day_bounds(first, last, segment.board.stop.time_zone)
    offset = timedelta(minutes=segment.board.depart_min)
    if opens is None or now is None or start > opens:
        return RouteWindow(segment.board.route_id, start - offset, end - offset, start - offset)
    reach = opens - REACH_BACK
    if first != last or not start <= now < end:
        reach = max(start, reach)
    return RouteWindow(segment.board.route_id, opens - offset, end - offset, reach - offset)
