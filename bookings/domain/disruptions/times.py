"""The times of a departure changed, within a transaction: late from a stop on, a stop passed by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.domain.disruptions.time_messages import TimesChanged, follow_skipped_stop, tell_times
from bookings.domain.timetable.call_times import MOST_LATE, compact
from bookings.domain.timetable.leavings import passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.models import RouteStop, Schedule, ScheduleChange, User

Kind = ScheduleChange.Kind
_MINUTE = timedelta(minutes=1)
OVER = (Schedule.Status.PLANNED, Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)


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


def change_times(
    schedule: Schedule,
    change: Delay | StopChange,
    *,
    actor: User | None,
    orders_told: Collection[int] = (),
    now: datetime,
) -> None:
    """Write a change of the times of a departure whose lock the caller holds, within its transaction.

    `orders_told`: those that hear of it otherwise. Raises Refusal and Conflict.
    """
    calls = route_calls(schedule.route_id)
    rows = list(ScheduleChange.objects.filter(schedule=schedule.pk))
    added, before = rows_of(schedule, calls, rows, change=change, actor=actor, now=now), schedule.call_changes
    ScheduleChange.objects.bulk_create(added)
    schedule.call_changes = compact(schedule.departure_time, calls, [*rows, *added])
    schedule.revision += 1
    Schedule.objects.filter(pk=schedule.pk).update(
        call_changes=schedule.call_changes, revision=F("revision") + 1
    )
    changed = TimesChanged(schedule, calls, before, passed_position(schedule), orders_told)
    tell_times(changed, reason=change.reason, actor=actor, now=now)
    if isinstance(change, StopChange):
        follow_skipped_stop(changed, change.position, is_skipped=change.is_skipped, now=now)


def rows_of(
    schedule: Schedule,
    calls: Sequence[RouteStop],
    before: Sequence[ScheduleChange],
    *,
    change: Delay | StopChange,
    actor: User | None,
    now: datetime,
) -> list[ScheduleChange]:
    """The rows to write. A delay holds to the end of the ride: it replaces what was told of later stops."""
    _refuse(schedule, calls, change, now)
    common = {"schedule_id": schedule.pk, "reason": change.reason, "actor": actor, "at": now}
    if isinstance(change, StopChange):
        kind = Kind.SKIPPED if change.is_skipped else Kind.SERVED
        has_left = schedule.status == Schedule.Status.DEPARTED
        if (
            change.is_skipped
            and not has_left
            and sum(not _is_skipped(before, call.position) for call in calls) <= 2
        ):
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
    if schedule.status in OVER:
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
