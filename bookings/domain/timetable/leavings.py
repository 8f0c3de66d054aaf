"""Which stops a coach is known to have left: staff say so at the door, whatever the plan says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bookings.models import RouteStop, Schedule, ScheduleEvent

LAST_POSITION: Final = 2**15  # beyond any


def left_on_the_road(positions: Iterable[int | None]) -> set[int | None]:
    """Where nobody said which stop a departed coach has left, it has left the first."""
    return set(positions) or {0}


def has_left(schedule: Schedule, call: RouteStop) -> bool:
    """Whether the coach is known to have left the stop: staff say so at each, and when all is over.

    1 query while it is on the road.
    """
    if schedule.status != Schedule.Status.DEPARTED:
        return schedule.status == Schedule.Status.ARRIVED
    return call.position in left_on_the_road(_positions(schedule))


def has_passed(schedule: Schedule, call: RouteStop) -> bool:
    """Whether nobody can get on there any more: the coach has left the stop, or one further down the road.

    1 query while it is on the road, none for its first stop.
    """
    if schedule.status != Schedule.Status.DEPARTED:
        return schedule.status == Schedule.Status.ARRIVED
    return call.position == 0 or any(left and left >= call.position for left in _positions(schedule))


def last_left(schedule_ids: Iterable[int]) -> dict[int, int]:
    """The last stop that each of these coaches is known to have left, by position: 1 query, or none."""
    ids = list(schedule_ids)
    events = ScheduleEvent.objects.filter(schedule__in=ids).leavings().order_by("position")
    rows = events.values_list("schedule", "position") if ids else ()
    return {schedule: position or 0 for schedule, position in rows}


def _positions(schedule: Schedule) -> list[int | None]:
    events = ScheduleEvent.objects.filter(schedule=schedule).leavings()
    return list(events.values_list("position", flat=True))


def left_times(schedule: Schedule) -> dict[int, datetime]:
    """When the coach left its stops, as far as staff said so, by position: a query once it has left."""
    if schedule.status not in (Schedule.Status.DEPARTED, Schedule.Status.ARRIVED):
        return {}
    events = ScheduleEvent.objects.filter(schedule=schedule).leavings().order_by("pk")
    return {position or 0: at for position, at in events.values_list("position", "at")}


def passed_position(schedule: Schedule) -> int:
    """The last stop that the coach is known to have left, or where it ended; -1 before its first."""
    if schedule.status == Schedule.Status.ARRIVED:
        return LAST_POSITION
    if schedule.status != Schedule.Status.DEPARTED:
        return -1
    return last_left([schedule.pk]).get(schedule.pk, 0)
