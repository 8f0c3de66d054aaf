"""Where a coach is, for whoever has the address: its stops with planned, expected and actual times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.timetable.leavings import left_times, passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.domain.timetable.trips import StopCall, stop_call
from bookings.models import Schedule


@dataclass(frozen=True)
class CoachStatus:
    id: int
    title: str  # Johannesburg → Cape Town
    line: str
    day: date  # at the first stop
    coach: int
    status: str  # of Schedule
    calls: tuple[StopCall, ...]
    passed: int  # the position of the last stop that it is known to have left, -1 before the first
    cache_key: str  # names all that it shows; empty: it cannot be kept

    @property
    def next_call(self) -> StopCall | None:
        """Where it is expected next; None once it has arrived, or will not run."""
        if self.status in (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED):
            return None
        ahead = (call for call in self.calls if call.position > self.passed and not call.is_skipped)
        return next(ahead, None)

    @property
    def last_left(self) -> StopCall | None:
        return next((call for call in reversed(self.calls) if call.left_at), None)


@single_version_check()
def coach_status(schedule_id: int) -> CoachStatus:
    """One query, two more once it has left its first stop. Raises NotFound unless on sale or cancelled."""
    schedule = Schedule.objects.select_related("route__line").filter(pk=schedule_id).first()
    is_public = (
        schedule
        and schedule.status != Schedule.Status.PLANNED
        and (schedule.is_active or schedule.status == Schedule.Status.CANCELLED)
    )
    if schedule is None or not is_public:
        raise NotFound(_("We could not find this departure."))
    left = left_times(schedule)
    calls = tuple(
        stop_call(call, schedule, left.get(call.position)) for call in route_calls(schedule.route_id)
    )
    mark = reference_data_version()
    return CoachStatus(
        id=schedule.pk,
        title=f"{calls[0].city} → {calls[-1].city}",
        line=schedule.route.line.code,
        day=calls[0].departs.date(),
        coach=schedule.coach,
        status=schedule.status,
        calls=calls,
        passed=passed_position(schedule),
        cache_key=f"coach:{schedule.pk}:{schedule.revision}:{mark}" if mark else "",
    )
