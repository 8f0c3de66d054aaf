"""What staff tell of the times of a departure: late from a stop on, on time again, a stop passed by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound, Refusal
from bookings.database.transactions import database_now
from bookings.domain.disruptions.times import OVER, Delay, StopChange, change_times, rows_of
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.sales.idempotency import run_once
from bookings.domain.timetable.call_times import CallTimes, call_times, compact
from bookings.domain.timetable.leavings import left_times, passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.models import RouteStop, SaleStatus, Schedule, ScheduleChange, Ticket, User

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class CallForecast:
    """A call of a departure, with the times that hold now and those that would."""

    call: RouteStop
    before: CallTimes
    after: CallTimes
    is_left: bool
    boarding: int  # passengers with paid tickets who get on here
    alighting: int

    @property
    def is_affected(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class TimesPage:
    """A departure as the page of its times shows it, perhaps with a change that is not made yet."""

    schedule: Schedule
    calls: tuple[CallForecast, ...]
    log: tuple[ScheduleChange, ...]  # the newest first
    affected: int  # passengers who get on or off at another time, each once

    @property
    def can_change(self) -> bool:
        return self.schedule.status not in OVER


def times_page(schedule_id: int, change: Delay | StopChange | None = None, *, now: datetime) -> TimesPage:
    """The times of a departure and whom the change would concern: 4 queries. Raises NotFound; Refusal or
    Conflict where the change cannot be made.
    """
    schedule = Schedule.objects.select_related("route__line").filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound(_("We could not find this departure."))
    calls, left = route_calls(schedule.route_id), left_times(schedule)
    rows = list(ScheduleChange.objects.filter(schedule=schedule_id).select_related("actor"))
    before = call_times(schedule, calls, left)
    after = before
    if change is not None:
        after = call_times(_planned(schedule, calls, rows, change, now), calls, left)
    people = list(
        Ticket.objects.filter(
            schedule=schedule_id, booking__status=SaleStatus.CONFIRMED, status__in=Ticket.IN_USE
        )
        .exclude(place=Ticket.Place.WAITING)
        .values_list("booking__from_stop__position", "booking__to_stop__position", "status")
    )
    gone = passed_position(schedule)
    forecasts = tuple(
        CallForecast(
            call=call,
            before=old,
            after=new,
            is_left=call.position <= gone,
            boarding=sum(start == call.position and status == "valid" for start, _end, status in people),
            alighting=sum(end == call.position for _start, end, _status in people),
        )
        for call, old, new in zip(calls, before, after, strict=True)
    )
    moved = {forecast.call.position for forecast in forecasts if forecast.is_affected}
    affected = sum(end in moved or (start in moved and status == "valid") for start, end, status in people)
    return TimesPage(schedule, forecasts, tuple(reversed(rows)), affected)


def has_passengers(page: TimesPage, position: int) -> bool:
    """Whether somebody with a paid ticket gets on or off at this stop."""
    return any(row.boarding or row.alighting for row in page.calls if row.call.position == position)


def _planned(
    schedule: Schedule,
    calls: Sequence[RouteStop],
    rows: Iterable[ScheduleChange],
    change: Delay | StopChange,
    now: datetime,
) -> Schedule:
    """The departure as it would be, not saved."""
    rows = list(rows)
    added = rows_of(schedule, calls, rows, change=change, actor=None, now=now)
    return Schedule(
        departure_time=schedule.departure_time,
        call_changes=compact(schedule.departure_time, calls, [*rows, *added]),
    )


def report_delay(
    schedule_id: int, delay: Delay, *, actor: User, submission: str, now: datetime | None = None
) -> None:
    """Tell how late a departure is from a stop on, or that it is on time again, once per `submission`.

    Raises NotFound, Refusal for what makes no sense, Conflict for a stop that the coach has left.
    """
    _change_once("delay", schedule_id, delay, actor=actor, submission=submission, now=now)


def change_stop(
    schedule_id: int, change: StopChange, *, actor: User, submission: str, now: datetime | None = None
) -> None:
    """Tell that a departure passes a stop by, or calls there again, once per `submission`.

    Raises NotFound, Conflict for a stop that the coach has left.
    """
    _change_once("skip-stop", schedule_id, change, actor=actor, submission=submission, now=now)


def _change_once(
    scope: str,
    schedule_id: int,
    change: Delay | StopChange,
    *,
    actor: User,
    submission: str,
    now: datetime | None,
) -> None:
    def act() -> str:
        schedule = lock_schedules([schedule_id]).get(schedule_id)
        if schedule is None:
            raise NotFound(_("We could not find this departure."))
        change_times(schedule, change, actor=actor, now=now or database_now())
        return ""

    run_once(scope, submission, f"{schedule_id} {change!r}", action=act, now=now or database_now())


def minutes_late(departure_time: datetime, call: RouteStop, clock: tuple[int, int]) -> int:
    """How late a coach is that leaves the stop at this hour and minute by the clock there; the next time that
    it is so late. Raises Refusal for a time before the plan.
    """
    zone = ZoneInfo(call.stop.time_zone)
    minutes = call.depart_min or call.arrive_min
    planned = (departure_time + minutes * _MINUTE).astimezone(zone)
    hour, minute = clock
    new = planned.replace(hour=hour, minute=minute, second=0)
    if new < planned:
        new += timedelta(days=1)
    late = (new - planned) // _MINUTE
    if late > 16 * 60:
        raise Refusal(
            _("The coach is planned for %(time)s at %(stop)s and cannot leave earlier.")
            % {"time": f"{planned:%H:%M}", "stop": call.stop}
        )
    return late
