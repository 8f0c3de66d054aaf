"""A trip in ready words, the same wherever a page, a ticket or a mail shows one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, timezone

from bookings.base.dates import day_mark, day_text
from bookings.domain.timetable.segments import Segment, SegmentRef, route_calls
from bookings.models import RouteStop


@dataclass(frozen=True)
class TripView:
    title: str
    date_text: str
    departs: str
    departs_iso: str
    arrives: str
    arrives_iso: str
    day_mark: str
    board_stop: str
    alight_stop: str
    line: str
    ref: SegmentRef
    seats: tuple[str, ...] = ()
    total_text: str = ""
    date_short: str = ""  # "Tue 1 Dec"


def local_text(moment: datetime, zone: Any = None) -> str:
    """ "Tue 1 Dec 2026, 10:00" in the given zone, or the company's."""
    local = timezone.localtime(moment, zone)
    return f"{day_text(local)} {local.year}, {local:%H:%M}"


def clock_text(moment: datetime) -> str:
    """ "10:05" in the company's zone."""
    return f"{timezone.localtime(moment):%H:%M}"


def trip_view(segment: Segment, seats: tuple[str, ...] = (), total_text: str = "") -> TripView:
    departs, arrives = segment.boards_local, segment.alights_local
    board, alight = segment.board.stop, segment.alight.stop
    return TripView(
        title=f"{board.city.name} → {alight.city.name}",
        date_text=formats.date_format(departs, "l j F Y"),
        departs=f"{departs:%H:%M}",
        departs_iso=departs.isoformat(),
        arrives=f"{arrives:%H:%M}",
        arrives_iso=arrives.isoformat(),
        day_mark=day_mark(arrives.date(), departs.date()),
        board_stop=str(board),
        alight_stop=str(alight),
        line=segment.schedule.route.line.code,
        ref=segment.ref,
        seats=seats,
        total_text=total_text,
        date_short=day_text(departs),
    )


@dataclass(frozen=True)
class CallView:
    """One stop of the coach's road."""

    city: str
    stop: str
    time: str
    time_iso: str
    day_mark: str
    is_board: bool
    is_alight: bool
    is_on_segment: bool  # the passenger travels on from here

    @property
    def is_end(self) -> bool:
        return self.is_board or self.is_alight


def route_line(segment: Segment) -> tuple[CallView, ...]:
    """All calls of the coach with their local times; marks of the day count from the boarding day."""
    day = segment.boards_local.date()
    return tuple(_call(call, segment, day) for call in route_calls(segment.schedule.route_id))


def _call(call: RouteStop, segment: Segment, day: date) -> CallView:
    # Where people get off the time of arrival counts, elsewhere that of departure.
    is_alight = call.position == segment.alight.position
    minutes = call.arrive_min if is_alight else call.depart_min
    at = (segment.schedule.departure_time + timedelta(minutes=minutes)).astimezone(
        ZoneInfo(call.stop.time_zone)
    )
    city = call.stop.city.name
    return CallView(
        city=city,
        stop=call.stop.name if call.stop.name != city else "",
        time=f"{at:%H:%M}",
        time_iso=at.isoformat(),
        day_mark=day_mark(at.date(), day),
        is_board=call.position == segment.board.position,
        is_alight=is_alight,
        is_on_segment=segment.board.position <= call.position < segment.alight.position,
    )
