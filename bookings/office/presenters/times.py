"""The times of a departure in ready words, for the page on which staff change them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.domain.operations.time_changes import CallForecast, TimesPage
from bookings.domain.timetable.trips import expected_text, local_text
from bookings.models import ScheduleChange


@dataclass(frozen=True)
class CallRow:
    position: int
    stop: str
    planned: str
    now: str  # "expected 17:45", "left 17:52", "" as planned
    new: str  # with a change that is not made yet
    boarding: int
    alighting: int
    is_left: bool
    is_skipped: bool
    is_affected: bool


@dataclass(frozen=True)
class ChangeRow:
    at: str
    by: str
    what: str


@dataclass(frozen=True)
class TimesView:
    """What the page of a departure's times shows."""

    id: int
    title: str
    line: str
    when: str
    status_text: str
    rows: tuple[CallRow, ...]
    log: tuple[ChangeRow, ...]
    affected: int
    can_change: bool


def times_view(page: TimesPage) -> TimesView:
    schedule, first, last = page.schedule, page.calls[0].call.stop, page.calls[-1].call.stop
    return TimesView(
        id=schedule.pk,
        title=f"{first.city.name} → {last.city.name}",
        line=schedule.route.line.code,
        when=local_text(schedule.departure_time, ZoneInfo(first.time_zone)),
        status_text=str(schedule.get_status_display()),
        rows=tuple(_row(forecast, is_last=forecast is page.calls[-1]) for forecast in page.calls),
        log=tuple(_log_row(page, change) for change in page.log),
        affected=page.affected,
        can_change=page.can_change,
    )


def _row(forecast: CallForecast, *, is_last: bool) -> CallRow:
    call, before = forecast.call, forecast.before
    zone = ZoneInfo(call.stop.time_zone)
    planned = (before.planned_arrival if is_last else before.planned_departure).astimezone(zone)
    left = before.actual_departure
    now = (
        _("left %(time)s") % {"time": f"{left.astimezone(zone):%H:%M}"}
        if left
        else expected_text(before, zone, arrives=is_last)
    )
    return CallRow(
        position=call.position,
        stop=str(call.stop),
        planned=f"{planned:%H:%M}",
        now=now,
        new=_new(forecast, zone, is_last=is_last) if forecast.is_affected else "",
        boarding=forecast.boarding,
        alighting=forecast.alighting,
        is_left=forecast.is_left,
        is_skipped=before.is_skipped,
        is_affected=forecast.is_affected,
    )


def _new(forecast: CallForecast, zone: ZoneInfo, *, is_last: bool) -> str:
    return expected_text(forecast.after, zone, arrives=is_last) or _("on time")


def _log_row(page: TimesPage, change: ScheduleChange) -> ChangeRow:
    calls = {forecast.call.position: forecast.call for forecast in page.calls}
    call = calls.get(change.position)
    stop = str(call.stop) if call else str(change.position)
    zone = ZoneInfo(call.stop.time_zone) if call else None
    reason = f" ({change.get_reason_display()})" if change.reason else ""
    by = change.actor.display_name if change.actor else str(change.get_source_display())
    return ChangeRow(local_text(change.at, zone), by, f"{_what(change, stop, zone)}{reason}")


def _what(change: ScheduleChange, stop: str, zone: ZoneInfo | None) -> str:
    if change.kind == ScheduleChange.Kind.SKIPPED:
        return _("%(stop)s is skipped") % {"stop": stop}
    if change.kind == ScheduleChange.Kind.SERVED:
        return _("%(stop)s is served again") % {"stop": stop}
    if change.next_word_at:
        news = f"{change.next_word_at.astimezone(zone):%H:%M}"
        return _("delay unknown from %(stop)s on, news at %(time)s") % {"stop": stop, "time": news}
    if not change.late_min:
        return _("on time from %(stop)s on") % {"stop": stop}
    return _("%(minutes)d min late from %(stop)s on") % {"minutes": change.late_min, "stop": stop}
