"""The departure board of a city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.dates import day_text
from bookings.cache.reference_data import cached, reference_data_version, single_version_check
from bookings.domain.company.settings import company_settings
from bookings.domain.network.places import Place
from bookings.domain.search.offers import LONGEST_PAGE
from bookings.domain.timetable.boarding_calls import BoardingCall, boarding_calls
from bookings.domain.timetable.call_times import REACH_BACK, CallTimes, call_time
from bookings.domain.timetable.departures import DatedDeparture, RouteWindow, departures_within
from bookings.domain.timetable.trips import expected_text
from bookings.models import RouteStop, Schedule

HORIZON: Final = timedelta(hours=36)
VIA_SHOWN: Final = 3
_NOT_SHOWN: Final = {Schedule.Status.PLANNED, Schedule.Status.ARRIVED}


@dataclass(frozen=True)
class BoardRow:
    schedule_id: int
    from_ref: str  # stop code@position
    to_ref: str
    departs: str  # 17:00
    departs_iso: str
    day_label: str  # Tue 1 Dec
    departs_note: str  # "expected Wed 00:35": what was told that the plan does not say
    destination: str  # city
    destination_slug: str
    via: str  # Kroonstad, Bloemfontein, Beaufort West
    line: str
    stop: str
    coach: str  # Coach 2, "" for the first
    status: str  # scheduled, delayed, boarding, on_the_way, closed, cancelled
    status_text: str
    is_on_sale: bool


@dataclass(frozen=True)
class Board:
    place: Place
    rows: tuple[BoardRow, ...]
    page: int
    has_previous: bool
    has_next: bool
    cache_key: str  # names all that it shows, for as long as the minute lasts; empty: it cannot be kept


class _OnwardCall(NamedTuple):
    position: int
    city: str
    city_slug: str
    code: str
    may_alight: bool


class _Upcoming(NamedTuple):
    schedule_id: int
    boards_at: datetime
    coach: int
    status: str
    call: BoardingCall
    times: CallTimes | None = None  # where something was told that the plan does not say

    @property
    def expected_at(self) -> datetime:
        return self.times.expected_departure if self.times else self.boards_at


@single_version_check()
def departure_board(place: Place, *, now: datetime, page: int = 1, page_size: int = 20) -> Board:
    """What leaves a place in the next hours, in order of time, cancelled departures too.

    A query or two for the departures themselves.
    """
    page, size = max(page, 1), min(max(page_size, 1), LONGEST_PAGE)
    calls = _calls_at(place)
    upcoming = _upcoming(calls, now, page * size + 1)
    shown = upcoming[(page - 1) * size : page * size]
    ways = _onward(frozenset(call.route_id for call in calls))
    rows = tuple(_row(departure, ways[departure.call.route_id], now) for departure in shown)
    has_next, mark = len(upcoming) > page * size, reference_data_version()
    decides = (
        mark,
        get_language(),
        place.ref,
        page,
        size,
        has_next,
        [(row.schedule_id, row.departs_iso, row.coach, row.status, row.departs_note) for row in rows],
    )
    key = f"board:{sha256(repr(decides))[:40]}:{now:%Y%m%d%H%M}" if mark else ""
    return Board(place, rows, page, has_previous=page > 1, has_next=has_next, cache_key=key)


def _calls_at(place: Place) -> list[BoardingCall]:
    return cached(("calls at", place.stop_ids), lambda: boarding_calls(Q(stop__in=place.stop_ids)))


def _upcoming(calls: list[BoardingCall], now: datetime, number: int) -> list[_Upcoming]:
    """The next departures within the horizon, `number` of them at least if there are as many.

    At a busy place a page holds an hour or two.
    """
    if not calls:
        return []
    end = now + HORIZON
    soon = now + HORIZON * min(
        1, number / (2 * len(calls))
    )  # enough if each call is made twice within the horizon
    leaving = _leaving(calls, now, soon, reach_back=REACH_BACK)
    if len(leaving) < number and soon < end:
        leaving += _leaving(calls, soon, end)
    return leaving


def _leaving(
    calls: list[BoardingCall], start: datetime, end: datetime, *, reach_back: timedelta = timedelta()
) -> list[_Upcoming]:
    """In order of planned time, with those up to `reach_back` earlier that are still to come: 1 query."""
    by_route: dict[int, list[BoardingCall]] = {}
    for call in calls:
        by_route.setdefault(call.route_id, []).append(call)
    leaving = []
    for departure in departures_within(
        _window(route, at_stop, (start, end), reach_back) for route, at_stop in by_route.items()
    ):
        if departure.status in _NOT_SHOWN or not (
            departure.is_active or departure.status == Schedule.Status.CANCELLED
        ):
            continue
        for call in by_route[departure.route_id]:
            boards_at = departure.departure_time + timedelta(minutes=call.depart_min)
            if departure.call_changes:
                upcoming = _changed(departure, call)
                if start <= boards_at < end or (
                    boards_at < start and reach_back and _is_to_come(upcoming, start)
                ):
                    leaving.append(upcoming)
            elif start <= boards_at < end:
                leaving.append(_Upcoming(departure.id, boards_at, departure.coach, departure.status, call))
    return sorted(
        leaving, key=lambda departure: (departure.boards_at, departure.schedule_id, departure.call.position)
    )


def _changed(departure: DatedDeparture, call: BoardingCall) -> _Upcoming:
    times = call_time(departure, call)
    return _Upcoming(
        departure.id,
        times.planned_departure,
        departure.coach,
        departure.status,
        call,
        times if times.is_changed else None,
    )


def _is_to_come(departure: _Upcoming, now: datetime) -> bool:
    """Whether a coach past its planned time is still expected, as far as anybody knows."""
    if departure.times is None or departure.times.is_skipped:
        return False
    has_left = departure.status == Schedule.Status.DEPARTED and departure.call.position == 0
    return not has_left and (departure.times.next_word_at is not None or departure.expected_at >= now)


def _window(
    route_id: int, calls: list[BoardingCall], between: tuple[datetime, datetime], reach_back: timedelta
) -> RouteWindow:
    """When a coach leaves its first stop that makes any of the calls within a time."""
    offsets = [call.depart_min for call in calls]
    start, end = between[0] - timedelta(minutes=max(offsets)), between[1] - timedelta(minutes=min(offsets))
    return RouteWindow(route_id, start, end, start - reach_back)


def _onward(routes: frozenset[int]) -> dict[int, list[_OnwardCall]]:
    """The calls of each route that comes to a place."""
    return cached(("ways", routes), lambda: _read_ways(routes))


def _read_ways(routes: frozenset[int]) -> dict[int, list[_OnwardCall]]:
    ways: dict[int, list[_OnwardCall]] = {route: [] for route in routes}
    rows = RouteStop.objects.filter(route__in=ways).order_by("route_id", "position")
    for route, position, city, slug, code, may_alight in rows.values_list(
        "route_id", "position", "stop__city__name", "stop__city__slug", "stop__code", "may_alight"
    ):
        ways[route].append(_OnwardCall(position, city, slug, code, may_alight))
    return ways


def _row(departure: _Upcoming, way: list[_OnwardCall], now: datetime) -> BoardRow:
    call = departure.call
    local = departure.boards_at.astimezone(ZoneInfo(call.time_zone))
    onward = [stop for stop in way if stop.position > call.position]
    last = next((stop for stop in reversed(onward) if stop.may_alight), way[-1])
    names = list(dict.fromkeys(stop.city for stop in onward if stop.city != last.city and stop.may_alight))
    status, text = _status(departure, now)
    return BoardRow(
        schedule_id=departure.schedule_id,
        from_ref=f"{call.stop_code}@{call.position}",
        to_ref=f"{last.code}@{last.position}",
        departs=f"{local:%H:%M}",
        departs_iso=local.isoformat(timespec="minutes"),
        day_label=day_text(local.date()),
        departs_note=expected_text(departure.times, ZoneInfo(call.time_zone)) if departure.times else "",
        destination=last.city,
        destination_slug=last.city_slug,
        via=", ".join(_spread(names)),
        line=f"{call.line_code} {call.line_name}".strip(),
        stop=call.stop,
        coach=_("Coach %(number)d") % {"number": departure.coach} if departure.coach > 1 else "",
        status=status,
        status_text=text,
        is_on_sale=status in ("scheduled", "boarding", "on_the_way", "delayed")
        and last.position > call.position,
    )


def _spread(names: list[str]) -> list[str]:
    """A few of the names, evenly chosen along the way."""
    if len(names) <= VIA_SHOWN:
        return names
    return [names[(2 * place + 1) * len(names) // (2 * VIA_SHOWN)] for place in range(VIA_SHOWN)]


def _status(departure: _Upcoming, now: datetime) -> tuple[str, str]:
    if departure.status == Schedule.Status.CANCELLED:
        return "cancelled", _("Cancelled")
    if departure.status == Schedule.Status.DEPARTED and departure.call.position == 0:
        return "closed", _("Departed")
    if departure.times and departure.times.is_skipped:
        return "closed", _("Does not stop here")
    if (
        departure.status == Schedule.Status.CLOSED
        or departure.expected_at - timedelta(minutes=company_settings.sales_close_minutes) <= now
    ):
        return "closed", _("Sales closed")
    if departure.status == Schedule.Status.BOARDING:
        return "boarding", _("Boarding")
    if departure.status == Schedule.Status.DEPARTED:
        return "on_the_way", _("Delayed") if departure.times else _("On its way")
    if departure.times:
        return "delayed", _("Delayed")
    return "scheduled", _("Scheduled")
