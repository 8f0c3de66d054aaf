"""What staff tell of the times of a departure: late from a stop on, on time again, a stop passed by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.operations.time_messages import TimesChanged, follow_skipped_stop, tell_times
from bookings.domain.sales.idempotency import run_once
from bookings.domain.timetable.call_times import MOST_LATE, CallTimes, call_times, compact
from bookings.domain.timetable.leavings import left_times, passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.models import RouteStop, SaleStatus, Schedule, ScheduleChange, Ticket, User

Kind = ScheduleChange.Kind
_MINUTE = timedelta(minutes=1)
_OVER = (Schedule.Status.PLANNED, Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)


@dataclass(frozen=True)
class Delay:
    """From the call at `position` on the coach is `late_min` after its plan (0: on time again), to the end of
    the ride or until the call `on_time_from`. None: nobody knows, and there will be news at `next_word_at`.
    """

    position: int
    late_min: int | None
    next_word_at: datetime | None = None
    on_time_from: int | None = None
    reason: str = ""  # of ScheduleChange.Reason
    source: str = ScheduleChange.Source.MANUAL


@dataclass(frozen=True)
class StopChange:
    """The coach passes the stop at `position` by, or calls there again."""

    position: int
    is_skipped: bool
    reason: str = ""


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
        return self.schedule.status not in _OVER


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
        ).values_list("booking__from_stop__position", "booking__to_stop__position", "status")
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


def _planned(
    schedule: Schedule,
    calls: Sequence[RouteStop],
    rows: Iterable[ScheduleChange],
    change: Delay | StopChange,
    now: datetime,
) -> Schedule:
    """The departure as it would be, not saved."""
    rows = list(rows)
    added = _rows(schedule, calls, rows, change, actor=None, now=now)
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


def change_times(
    schedule: Schedule, change: Delay | StopChange, *, actor: User | None, now: datetime
) -> None:
    """Write a change of the times of a departure whose lock the caller holds, within its transaction.

    Raises Refusal and Conflict.
    """
    calls = route_calls(schedule.route_id)
    rows = list(ScheduleChange.objects.filter(schedule=schedule.pk))
    added, before = _rows(schedule, calls, rows, change, actor=actor, now=now), schedule.call_changes
    ScheduleChange.objects.bulk_create(added)
    schedule.call_changes = compact(schedule.departure_time, calls, [*rows, *added])
    schedule.revision += 1
    Schedule.objects.filter(pk=schedule.pk).update(
        call_changes=schedule.call_changes, revision=F("revision") + 1
    )
    changed = TimesChanged(schedule, calls, before, passed_position(schedule))
    tell_times(changed, reason=change.reason, actor=actor, now=now)
    if isinstance(change, StopChange):
        follow_skipped_stop(changed, change.position, is_skipped=change.is_skipped, now=now)


def _rows(
    schedule: Schedule,
    calls: Sequence[RouteStop],
    before: Sequence[ScheduleChange],
    change: Delay | StopChange,
    *,
    actor: User | None,
    now: datetime,
) -> list[ScheduleChange]:
    """The rows to write. A delay holds to the end of the ride: it replaces what was told of later stops."""
    _refuse(schedule, calls, change, now)
    common = {"schedule_id": schedule.pk, "reason": change.reason, "actor": actor, "at": now}
    if isinstance(change, StopChange):
        kind = Kind.SKIPPED if change.is_skipped else Kind.SERVED
        if change.is_skipped and sum(not _is_skipped(before, call.position) for call in calls) <= 2:
            raise Conflict(_("A coach that calls at fewer than two stops has to be cancelled."))
        return [ScheduleChange(position=change.position, kind=kind, **common)]
    told_later = sorted(
        {row.position for row in before if row.kind == Kind.LATE and row.position > change.position}
    )
    ends = change.on_time_from
    late = {"late_min": change.late_min, "next_word_at": change.next_word_at, "source": change.source}
    on_time = {"late_min": 0, "next_word_at": None, "source": change.source}
    positions = sorted({change.position, *told_later, *([ends] if ends is not None else [])})
    return [
        ScheduleChange(
            position=position, **(on_time if ends is not None and position >= ends else late), **common
        )
        for position in positions
    ]


def _is_skipped(rows: Iterable[ScheduleChange], position: int) -> bool:
    kinds = [row.kind for row in rows if row.position == position and row.kind != Kind.LATE]
    return bool(kinds) and kinds[-1] == Kind.SKIPPED


def _refuse(
    schedule: Schedule, calls: Sequence[RouteStop], change: Delay | StopChange, now: datetime
) -> None:
    """Raises Refusal and Conflict, in words, if the change makes no sense or comes too late."""
    by_position = {call.position: call for call in calls}
    call = by_position.get(change.position)
    if call is None:
        raise Refusal(_("This coach does not call at this stop."))
    if schedule.status in _OVER:
        raise Conflict(_("This departure is %(state)s already.") % {"state": schedule.get_status_display()})
    if change.position <= passed_position(schedule):
        raise Conflict(_("The coach has left %(stop)s: its times there are over.") % {"stop": call.stop})
    if isinstance(change, StopChange):
        return
    if change.late_min is None and change.next_word_at is None:
        raise Refusal(_("Enter when there will be news, where nobody knows how late the coach is."))
    if change.late_min is None and change.next_word_at is not None:
        if change.next_word_at <= now:
            raise Refusal(_("The time of the next news must be ahead."))
        if change.next_word_at > schedule.departure_time + call.depart_min * _MINUTE + MOST_LATE:
            raise Refusal(_("A coach that is more than a day late has to be cancelled."))
    if change.late_min is not None and not 0 <= change.late_min <= MOST_LATE // _MINUTE:
        raise Refusal(_("Enter how many minutes late the coach is, 0 to 1440."))
    if change.on_time_from is not None and (
        change.on_time_from not in by_position or change.on_time_from <= change.position
    ):
        raise Refusal(_("“On time again” must be a stop further down the road."))


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
