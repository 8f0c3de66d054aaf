"""The part of a departure from one stop to a later one: its times, legs and when sales close."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.cache.reference_data import (
    cached,
    cached_each,
    note_version,
    single_version_check,
    with_version,
)
from bookings.database.compiled import compiled
from bookings.domain.company.settings import company_settings
from bookings.domain.timetable.call_times import CallTimes, call_time, read_changes
from bookings.domain.timetable.leavings import has_passed
from bookings.models import Booking, HoldTrip, Route, RouteStop, Schedule, SeatLayout

SegmentRow = TypeVar("SegmentRow", Booking, HoldTrip)
_ADDRESS: Final = re.compile(r"(\d{1,18})\|([\w@.:-]{1,120})\|([\w@.:-]{1,120})", re.ASCII)


@dataclass(frozen=True)
class SegmentRef:
    """A segment as an address names it.

    Each end is a city's slug or a stop's code, perhaps with @position on the route.
    """

    schedule_id: int
    from_ref: str
    to_ref: str

    @classmethod
    def read(cls, text: str) -> SegmentRef | None:
        """The segment written as 12|jnb-park@0|cpt-main@2; None for any other text."""
        match = _ADDRESS.fullmatch(text)
        return cls(int(match[1]), match[2], match[3]) if match else None

    def __str__(self) -> str:
        return f"{self.schedule_id}|{self.from_ref}|{self.to_ref}"


@dataclass(frozen=True)
class Segment:
    """The part of a departure from the call `board` to the later call `alight` of its route."""

    schedule: Schedule
    board: RouteStop
    alight: RouteStop

    @property
    def ref(self) -> SegmentRef:
        return SegmentRef(self.schedule.pk, self.board.ref, self.alight.ref)

    @property
    def legs(self) -> range:
        return range(self.board.position, self.alight.position)

    @property
    def boards_at(self) -> datetime:
        """By plan, as `alights_at`."""
        return self.schedule.departure_time + timedelta(minutes=self.board.depart_min)

    @property
    def alights_at(self) -> datetime:
        return self.schedule.departure_time + timedelta(minutes=self.alight.arrive_min)

    @property
    def boarding(self) -> CallTimes:
        """Planned and expected times where it begins."""
        return call_time(self.schedule, self.board)

    @property
    def alighting(self) -> CallTimes:
        return call_time(self.schedule, self.alight)

    @property
    def expected_boards_at(self) -> datetime:
        """The later of planned and last told: what decides over sales, refunds and boarding."""
        return self.boarding.expected_departure if self.schedule.call_changes else self.boards_at

    @property
    def expected_alights_at(self) -> datetime:
        return self.alighting.expected_arrival if self.schedule.call_changes else self.alights_at

    @property
    def origin(self) -> Point:
        """Where it begins, as programs get it."""
        return point_of(self.board, self.boards_local, self.boarding if self.schedule.call_changes else None)

    @property
    def destination(self) -> Point:
        times = self.alighting if self.schedule.call_changes else None
        return point_of(self.alight, self.alights_local, times, arrives=True)

    @property
    def is_served(self) -> bool:
        """Whether the coach calls at both ends."""
        changes = read_changes(self.schedule.call_changes)
        return not any(
            call.position in changes and changes[call.position].is_skipped
            for call in (self.board, self.alight)
        )

    @property
    def boards_local(self) -> datetime:
        return self.boards_at.astimezone(ZoneInfo(self.board.stop.time_zone))

    @property
    def alights_local(self) -> datetime:
        return self.alights_at.astimezone(ZoneInfo(self.alight.stop.time_zone))

    @property
    def minutes(self) -> int:
        return self.alight.arrive_min - self.board.depart_min

    @property
    def is_abroad(self) -> bool:
        """Whether it crosses a border, as far as the countries of its ends are known."""
        return len({self.board.stop.city.country, self.alight.stop.city.country} - {""}) > 1

    def closes_at(self, channel: str = "web") -> datetime:
        """When `channel` stops selling this segment: by the expected time; the counter after it, while nobody
        knows that the coach has left.
        """
        return self.expected_boards_at - timedelta(minutes=company_settings.sales_close(channel))

    def is_on_sale(self, now: datetime, channel: str = "web") -> bool:
        """Until `channel` closes and the coach is not known to have left: a query while it is on the road."""
        schedule = self.schedule
        is_open = schedule.is_active and schedule.status in Schedule.SOLD_IN and now < self.closes_at(channel)
        if schedule.call_changes and not self.is_served:
            return False
        if not is_open or schedule.status != Schedule.Status.DEPARTED:
            return is_open
        return not has_passed(schedule, self.board)


@dataclass(frozen=True)
class Point:
    """An end of a segment as programs get it."""

    ref: str  # stop code@position
    stop: str
    city: str
    city_slug: str
    time: datetime | None  # planned, by the clock there
    expected_time: datetime | None = None  # None: not known until `news_at`; on a route, which has no date
    news_at: datetime | None = None
    is_skipped: bool = False


def point_of(
    call: RouteStop, time: datetime | None = None, times: CallTimes | None = None, *, arrives: bool = False
) -> Point:
    """The call must be loaded with its city. `times` are needed where something was told of it."""
    names = (call.ref, call.stop.name, call.stop.city.name, call.stop.city.slug)
    if times is None or not times.is_changed:
        return Point(*names, time, time)
    zone = ZoneInfo(call.stop.time_zone)
    expected = (times.expected_arrival if arrives else times.expected_departure).astimezone(zone)
    news = times.next_word_at.astimezone(zone) if times.next_word_at else None
    return Point(*names, time, None if news else expected, news, times.is_skipped)


def find_shortest_pair(
    boards: Iterable[RouteStop], alights: Iterable[RouteStop]
) -> tuple[RouteStop, RouteStop] | None:
    """The pair of calls of one route with the least time on the road; a coach may call at a stop twice."""
    alights = list(alights)
    pairs = [
        (board, alight)
        for board in boards
        for alight in alights
        if board.may_board and alight.may_alight and board.position < alight.position
    ]
    return min(
        pairs, key=lambda pair: (pair[1].arrive_min - pair[0].depart_min, pair[0].position), default=None
    )


def route_calls(route_id: int) -> list[RouteStop]:
    """The calls of a route with their stops and cities, in order."""
    return list(cached_each("calls", [route_id], _read_calls)[route_id])


def calls_of_routes(route_ids: Iterable[int]) -> Mapping[int, Sequence[RouteStop]]:
    """As `route_calls` for each of them: one query, none while they are cached."""
    return cached_each("calls", route_ids, _read_calls)


def _read_calls(route_ids: list[int]) -> dict[int, list[RouteStop]]:
    rows = RouteStop.objects.filter(route__in=route_ids).select_related("stop__city")
    calls: dict[int, list[RouteStop]] = {route_id: [] for route_id in route_ids}
    for call in rows.order_by("route", "position"):
        calls[call.route_id].append(call)
    return calls


@single_version_check()
def load_segments(rows: Iterable[SegmentRow]) -> list[SegmentRow]:
    """Rows that name a schedule (loaded with them) and two calls of its route, with route, line, layout and
    calls from the cache.
    """
    rows = list(rows)
    for row in rows:
        schedule, calls = row.schedule, {call.pk: call for call in route_calls(row.schedule.route_id)}
        row.from_stop, row.to_stop = calls[row.from_stop_id], calls[row.to_stop_id]
        _complete(schedule)
    return rows


def _complete(schedule: Schedule) -> Schedule:
    route, layout = schedule.route_id, schedule.layout_id
    schedule.route = cached(("route", route), lambda: Route.objects.select_related("line").get(pk=route))
    schedule.layout = cached(("layout", layout), lambda: SeatLayout.objects.get(pk=layout))
    return schedule


def _calls_named(calls: list[RouteStop], ref: str) -> list[RouteStop]:
    """Calls at a city's slug or a stop's code; `ref@3` means the call at position 3."""
    name, _at, position = ref.partition("@")
    return [
        call
        for call in calls
        if name in (call.stop.code, call.stop.city.slug) and (not position or str(call.position) == position)
    ]


@compiled
def _schedules(pk: int) -> QuerySet[Schedule]:
    return with_version(Schedule.objects.filter(pk=pk)).order_by()


def get_segment(ref: SegmentRef) -> Segment:
    """The shortest segment between the two places of `ref`. Raises NotFound."""
    schedules = note_version(_schedules(ref.schedule_id))
    if not schedules:
        raise NotFound(_("We could not find this departure."))
    schedule = _complete(schedules[0])
    calls = route_calls(schedule.route_id)
    ends = find_shortest_pair(_calls_named(calls, ref.from_ref), _calls_named(calls, ref.to_ref))
    if ends is None:
        raise NotFound(_("This coach does not run between these two stops."))
    return Segment(schedule, *ends)
