"""Where a coach is, in ready words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from bookings.base.dates import day_mark, day_text
from bookings.domain.timetable.coach_status import CoachStatus
from bookings.domain.timetable.trips import StopCall
from bookings.models import Schedule
from bookings.web.changed_times import changed_time


@dataclass(frozen=True)
class CoachCall:
    """A stop of the coach on its page."""

    stop: str
    city: str
    time: SafeString | str
    iso: str
    day: str
    left: str  # "left 17:52"
    is_left: bool
    is_next: bool


def state_text(status: CoachStatus) -> str:
    """In a sentence, from what staff have said."""
    ahead, last = status.next_call, status.last_left
    if status.status == Schedule.Status.CANCELLED:
        return _("This departure is cancelled.")
    if status.status == Schedule.Status.ARRIVED or ahead is None:
        return _("The coach has arrived.")
    note = ahead.arrives_note if ahead.position == status.calls[-1].position else ahead.departs_note
    time = note or _("planned %(time)s") % {"time": f"{_shown(ahead, status):%H:%M}"}
    facts = {"city": ahead.city, "time": time}
    if last is None or last.left_at is None:
        return _("Next stop %(city)s: %(time)s.") % facts
    facts |= {"last": last.city, "left": f"{last.left_at:%H:%M}"}
    return _("Left %(last)s at %(left)s. Next stop %(city)s: %(time)s.") % facts


def _shown(call: StopCall, status: CoachStatus) -> datetime:
    return call.arrives if call.position == status.calls[-1].position else call.departs


def coach_calls(status: CoachStatus) -> list[CoachCall]:
    rows = []
    ahead = status.next_call
    for call in status.calls:
        is_last = call.position == status.calls[-1].position
        time, note = (call.arrives, call.arrives_note) if is_last else (call.departs, call.departs_note)
        left = _("left %(time)s") % {"time": f"{call.left_at:%H:%M}"} if call.left_at else ""
        rows.append(
            CoachCall(
                stop=call.name,
                city=call.city,
                time=changed_time(f"{time:%H:%M}", left or note),
                iso=time.isoformat(),
                day=day_mark(time.date(), status.day),
                left=left,
                is_left=call.position <= status.passed,
                is_next=call is ahead,
            )
        )
    return rows


def day_of(status: CoachStatus) -> str:
    return f"{day_text(status.day)} {status.day.year}"
