"""What calls at a city, and how full it is leg by leg: the ground of the dashboard and the day's list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from bookings.cache.reference_data import cached, cached_each
from bookings.domain.search.availability import find_layouts
from bookings.domain.timetable.boarding_calls import BoardingCall, boarding_calls
from bookings.domain.timetable.call_times import call_time
from bookings.domain.timetable.trips import expected_text
from bookings.models import RouteStop, SaleStatus, Schedule, ScheduleEvent, SeatClaim, Ticket

# Still standing at its first stop, as far as anybody has noted.
WAITING: Final = frozenset(
    {Schedule.Status.PLANNED, Schedule.Status.ON_SALE, Schedule.Status.CLOSED, Schedule.Status.BOARDING}
)


class Inactive(StrEnum):
    """Which departures count that were taken off sale, beside cancelled ones."""

    NONE = "none"
    SOLD = "sold"  # withdrawn from the timetable with passengers who have paid
    ALL = "all"


class Coming(NamedTuple):
    """A dated coach at this city."""

    id: int
    departure_time: datetime
    coach: int
    layout_id: int
    bus: str | None
    status: str
    revision: int
    available: int  # seats that nobody claims on any leg
    call: BoardingCall
    boards_at: datetime
    last_left: int | None = None  # the position of the last stop that it is known to have left
    is_active: bool = True
    call_changes: str = ""  # see domain.timetable.call_times

    @property
    def expected_at(self) -> datetime:
        """The later of planned and last told, here."""
        return call_time(self, self.call).expected_departure if self.call_changes else self.boards_at

    @property
    def departs_note(self) -> str:
        """ "expected 17:45": what was told that the plan does not say."""
        return expected_text(call_time(self, self.call), self.local.tzinfo) if self.call_changes else ""

    @property
    def has_left_here(self) -> bool:
        """As far as anybody has noted; who leaves a later stop has left this one."""
        if self.status == Schedule.Status.DEPARTED and self.last_left is not None:
            return self.call.position <= self.last_left
        return self.status == Schedule.Status.ARRIVED

    @property
    def is_withdrawn(self) -> bool:
        """Out of the timetable before it began: its passengers wait for somebody's decision."""
        return not self.is_active and self.status in WAITING

    @property
    def state(self) -> str:
        """A coach that has left its first stop has not left this one."""
        if self.is_withdrawn:
            return _("withdrawn")
        is_ahead = self.call.position > 0 and not self.has_left_here
        if self.status == Schedule.Status.DEPARTED and is_ahead:
            return _("on its way here")
        return str(Schedule.Status(self.status).label)

    @property
    def local(self) -> datetime:
        return self.boards_at.astimezone(ZoneInfo(self.call.time_zone))

    @property
    def line(self) -> str:
        return self.call.line_code or self.call.line_name


class WayCall(NamedTuple):
    position: int
    city: str
    may_alight: bool


@dataclass(frozen=True)
class Way:
    """Where a route goes."""

    calls: tuple[WayCall, ...]

    def cities_after(self, position: int) -> list[str]:
        """Where one may get off who got on there."""
        return [call.city for call in self.calls if call.may_alight and call.position > position]

    @property
    def legs(self) -> int:
        return len(self.calls) - 1

    def end_after(self, position: int) -> str:
        return next(
            (call.city for call in reversed(self.calls) if call.may_alight and call.position > position),
            self.calls[-1].city,
        )

    def leg_name(self, leg: int) -> str:
        return f"{self.calls[leg].city} – {self.calls[leg + 1].city}"


@dataclass(frozen=True)
class Load:
    """Seats that are taken (sold, held or blocked) on each leg of a coach."""

    seats: int
    taken: tuple[int, ...]

    @property
    def peak(self) -> int:
        return max(self.taken, default=0)

    @property
    def peak_leg(self) -> int:
        return self.taken.index(self.peak) if self.taken else 0

    def on_leg(self, leg: int) -> int:
        return self.taken[leg] if leg < len(self.taken) else 0

    def percent(self, taken: int) -> int:
        """Rounded, but 100 only where no seat is left and 0 only where none is taken."""
        if not self.seats or not taken:
            return 0
        return 100 if taken >= self.seats else min(max(round(100 * taken / self.seats), 1), 99)


def calls_in_city(city_id: int) -> list[BoardingCall]:
    """One query while they are not cached."""
    return cached(("calls in city", city_id), lambda: boarding_calls(Q(stop__city=city_id)))


def coming(
    city_id: int,
    start: datetime,
    end: datetime,
    *,
    inactive: Inactive = Inactive.NONE,
    reach_back: timedelta = timedelta(),
) -> list[Coming]:
    """Coaches that people may board in the city in this time, by planned time, cancelled ones too, with late
    ones of up to `reach_back` earlier: one query, another one while the calls of the city are not cached.
    """
    by_route: dict[int, list[BoardingCall]] = defaultdict(list)
    by_hour: dict[int, list[int]] = defaultdict(list)
    for call in calls_in_city(city_id):
        by_route[call.route_id].append(call)
        by_hour[call.depart_min // 60].append(call.route_id)
    ranges = Q(pk__in=[])
    for hour, routes in by_hour.items():
        # Few ranges of (route, departure_time), however many routes call here.
        first, last = start - timedelta(hours=hour + 1), end - timedelta(hours=hour)
        ranges |= Q(route__in=routes, departure_time__gt=first, departure_time__lt=last)
        if reach_back:
            earlier = {"departure_time__gt": first - reach_back, "departure_time__lte": first}
            ranges |= Q(route__in=routes, **earlier) & ~Q(call_changes="")
    rows = Schedule.objects.filter(ranges).order_by()
    shown = Q(is_active=True) | Q(status=Schedule.Status.CANCELLED)
    if inactive == Inactive.SOLD:
        passengers = Ticket.objects.filter(
            schedule=OuterRef("pk"), status__in=Ticket.IN_USE, booking__status=SaleStatus.CONFIRMED
        )
        shown |= Q(Exists(passengers))
    if inactive != Inactive.ALL:
        rows = rows.filter(shown)
    left = ScheduleEvent.objects.filter(schedule=OuterRef("pk")).leavings().order_by("-position")
    departures = []
    for route, pk, departs, coach, layout, bus, status, revision, available, *more in rows.values_list(
        "route_id",
        "pk",
        "departure_time",
        "coach",
        "layout_id",
        "bus__bus_number",
        "status",
        "revision",
        "available_seats",
        Subquery(left.values("position")[:1]),
        "is_active",
        "call_changes",
    ):
        known = (pk, departs, coach, layout, bus, status, revision, available)
        for call in by_route[route]:
            boards_at = departs + timedelta(minutes=call.depart_min)
            departure = Coming(*known, call, boards_at, *more)
            if start <= boards_at < end or (reach_back and boards_at < start <= departure.expected_at):
                departures.append(departure)
    return sorted(departures, key=lambda departure: (departure.boards_at, departure.line, departure.id))


def ways(routes: Iterable[int]) -> dict[int, Way]:
    """The calls of each route: one query for those that are not cached."""
    return cached_each("ways", routes, _read_ways)


def _read_ways(routes: list[int]) -> dict[int, Way]:
    calls: dict[int, list[WayCall]] = defaultdict(list)
    rows = RouteStop.objects.filter(route__in=routes).order_by("route_id", "position")
    for route, position, city, may_alight in rows.values_list(
        "route_id", "position", "stop__city__name", "may_alight"
    ):
        calls[route].append(WayCall(position, city, may_alight))
    return {route: Way(tuple(way)) for route, way in calls.items()}


def loads(departures: Iterable[Coming], routes: Mapping[int, Way], *, now: datetime) -> dict[int, Load]:
    """How full each coach is on each of its legs: two queries."""
    departures = list(departures)
    taken: dict[int, dict[int, int]] = defaultdict(dict)
    rows = (
        SeatClaim.objects.filter(schedule__in={departure.id for departure in departures}).live(now).order_by()
    )
    for schedule, leg, number in rows.values_list("schedule_id", "leg").annotate(number=Count("pk")):
        taken[schedule][leg] = number
    seats = {
        pk: sum(coach.seats.values())
        for pk, coach in find_layouts(departure.layout_id for departure in departures).items()
    }
    return {
        departure.id: Load(
            seats.get(departure.layout_id, 0),
            tuple(taken[departure.id].get(leg, 0) for leg in range(routes[departure.call.route_id].legs)),
        )
        for departure in departures
    }


def fingerprint(departures: Iterable[Coming]) -> str:
    """Changes with anything that one of these departures shows."""
    return ",".join(f"{departure.id}.{departure.revision}.{departure.state}" for departure in departures)
