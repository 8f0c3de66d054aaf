"""A trip in ready words, the same wherever a page, a ticket or a mail shows one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.base.dates import day_mark, day_text, time_text
from bookings.domain.timetable.call_times import CallTimes, Dated, call_time
from bookings.domain.timetable.segments import Segment, SegmentRef, route_calls
from bookings.models import RouteStop, Schedule


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
    departs_note: str = ""  # "expected Wed 00:35": what was told that the plan does not say
    arrives_note: str = ""


def local_text(moment: datetime, zone: Any = None) -> str:
    """ "Tue 1 Dec 2026, 10:00" in the given zone, or the company's."""
    local = timezone.localtime(moment, zone)
    return f"{day_text(local)} {local.year}, {local:%H:%M}"


def clock_text(moment: datetime, beside: datetime) -> str:
    """ "10:05" in the company's zone; with its day unless that is the day of `beside`, as a rule of now."""
    return time_text(timezone.localtime(moment), timezone.localtime(beside).date())


def expected_text(times: CallTimes, zone: tzinfo | None, *, arrives: bool = False) -> str:
    """ "expected 17:45", "expected Wed 00:35" on another day than planned, or why there is no such time;
    empty while the call is as planned.
    """
    planned, expected = (
        (times.planned_arrival, times.expected_arrival)
        if arrives
        else (times.planned_departure, times.expected_departure)
    )
    if times.is_skipped:
        return _("the coach does not stop here")
    if times.next_word_at:
        return _("delayed, news at %(time)s") % {"time": _clock(times.next_word_at, planned, zone)}
    if expected == planned:
        return ""
    return _("expected %(time)s") % {"time": _clock(expected, planned, zone)}


def _clock(moment: datetime, planned: datetime, zone: tzinfo | None) -> str:
    """ "17:45", or "Wed 00:35" on another day than planned."""
    local = moment.astimezone(zone)
    is_same_day = local.date() == planned.astimezone(zone).date()
    return f"{local:%H:%M}" if is_same_day else f"{day_text(local.date()).split()[0]} {local:%H:%M}"


def segment_notes(segment: Segment) -> tuple[str, str]:
    """What was told of the ends of a segment, as `expected_text`."""
    if not segment.schedule.call_changes:
        return "", ""
    return (
        expected_text(segment.boarding, ZoneInfo(segment.board.stop.time_zone)),
        expected_text(segment.alighting, ZoneInfo(segment.alight.stop.time_zone), arrives=True),
    )


def change_note(segment: Segment) -> str:
    """In a sentence what was told of the times of a segment; empty while it is as planned."""
    departs, arrives = segment_notes(segment)
    facts = {
        "board": segment.board.stop,
        "alight": segment.alight.stop,
        "departs": departs,
        "arrives": arrives,
    }
    if departs and arrives:
        return _("Changed times: %(board)s %(departs)s, %(alight)s %(arrives)s.") % facts
    if departs:
        return _("Changed time: %(board)s %(departs)s.") % facts
    return _("Changed time: %(alight)s %(arrives)s.") % facts if arrives else ""


def trip_view(segment: Segment, seats: tuple[str, ...] = (), total_text: str = "") -> TripView:
    departs, arrives = segment.boards_local, segment.alights_local
    board, alight = segment.board.stop, segment.alight.stop
    departs_note, arrives_note = segment_notes(segment)
    return TripView(
        title=f"{board.city.name} → {alight.city.name}",
        date_text=_date_text(departs.date(), get_language()),
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
        departs_note=departs_note,
        arrives_note=arrives_note,
    )


def late_text(boards_local: datetime, now: datetime, expected_at: datetime | None = None) -> str:
    """ "25 min late", with the day of its time if that is another; empty before the time at which it is
    expected.
    """
    minutes = int((now - boards_local).total_seconds() // 60)
    if now < (expected_at or boards_local):
        return ""
    late = _("%(minutes)d min late") % {"minutes": minutes}
    is_today = boards_local.date() == now.astimezone(boards_local.tzinfo).date()
    return late if is_today else f"{day_text(boards_local)}, {late}"


@lru_cache(maxsize=1000)
def _date_text(day: date, _language: str | None) -> str:
    """Tuesday 1 December 2026"""
    return formats.date_format(day, "l j F Y")


@dataclass(frozen=True)
class StopCall:
    """A stop of a departure with its local times."""

    position: int
    stop: str  # code
    name: str
    city: str
    arrives: datetime
    departs: datetime
    may_board: bool
    may_alight: bool
    expected_arrives: datetime | None = None  # None: not known until `news_at`
    expected_departs: datetime | None = None
    left_at: datetime | None = None  # as far as staff said so
    news_at: datetime | None = None
    is_skipped: bool = False
    departs_note: str = ""  # "expected 17:45": what was told that the plan does not say
    arrives_note: str = ""


def stop_call(call: RouteStop, departure: Dated, left: datetime | None = None) -> StopCall:
    """The call of a departure; `left` is when it left."""
    zone, times = ZoneInfo(call.stop.time_zone), call_time(departure, call)
    news = times.next_word_at.astimezone(zone) if times.next_word_at else None
    return StopCall(
        position=call.position,
        stop=call.stop.code,
        name=call.stop.name,
        city=call.stop.city.name,
        arrives=times.planned_arrival.astimezone(zone),
        departs=times.planned_departure.astimezone(zone),
        may_board=call.may_board,
        may_alight=call.may_alight,
        expected_arrives=None if news else times.expected_arrival.astimezone(zone),
        expected_departs=None if news else times.expected_departure.astimezone(zone),
        left_at=left.astimezone(zone) if left else None,
        news_at=news,
        is_skipped=times.is_skipped,
        departs_note=expected_text(times, zone),
        arrives_note=expected_text(times, zone, arrives=True),
    )


def stop_calls(schedule: Schedule) -> tuple[StopCall, ...]:
    """All calls of the departure, in order."""
    return tuple(stop_call(call, schedule) for call in route_calls(schedule.route_id))
