"""Where each coach of the day stands on the timeline: hours to the right, lanes where coaches are close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.dashboard.timeline import Timeline, TimelineDeparture

WIDTH: Final = 1200
_LEFT: Final = 4
_TOP: Final = 22  # for the hours
_PILL: Final = (84, 30)
_GAP: Final = 4
_LETTERS: Final = 11  # of a destination that fit
_FIRST, _LAST = 5, 23  # hours that are always shown


@dataclass(frozen=True)
class Pill:
    id: int
    x: float
    y: int
    time: str
    place: str
    tone: str
    name: str  # for the pointer and for those who hear it


@dataclass(frozen=True)
class HourMark:
    x: float
    label: str


@dataclass(frozen=True)
class TimelineChart:
    pills: tuple[Pill, ...]
    hours: tuple[HourMark, ...]
    now: float  # where the line of this minute stands
    width: int
    height: int
    pill_width: int = _PILL[0]
    pill_height: int = _PILL[1]


class TimelineBlock:
    """Drawn when the template asks: a block that is cached is not."""

    def __init__(self, day: Timeline) -> None:
        self.day = day
        self.cache_key = day.cache_key

    @property
    def chart(self) -> TimelineChart:
        minutes = [departure.minute for departure in self.day.departures] + [self.day.minute]
        first = min(_FIRST, min(minutes) // 60)
        last = max(_LAST, max(minutes) // 60)
        scale = (WIDTH - _LEFT - _PILL[0]) / ((last + 1 - first) * 60)
        pills, lanes = _pills(self.day.departures, first, scale)
        hours = tuple(
            HourMark(round(_LEFT + (hour - first) * 60 * scale, 1), f"{hour:02d}:00")
            for hour in range(first, last + 1)
        )
        now = round(_LEFT + (self.day.minute - first * 60) * scale, 1)
        height = _TOP + max(lanes, 1) * (_PILL[1] + _GAP)
        return TimelineChart(pills, hours, now, WIDTH, height)


def _pills(
    departures: tuple[TimelineDeparture, ...], first: int, scale: float
) -> tuple[tuple[Pill, ...], int]:
    """Each in the first lane where it covers none before it; with the number of lanes."""
    ends: list[float] = []
    pills = []
    for departure in sorted(departures, key=lambda row: row.minute):
        x = round(_LEFT + (departure.minute - first * 60) * scale, 1)
        lane = next((number for number, end in enumerate(ends) if end <= x), len(ends))
        ends[lane : lane + 1] = [x + _PILL[0] + _GAP]
        pills.append(_pill(departure, x, _TOP + lane * (_PILL[1] + _GAP)))
    return tuple(pills), len(ends)


def _pill(departure: TimelineDeparture, x: float, y: int) -> Pill:
    place = departure.destination
    title = f"{departure.time} {place}"
    states = {
        "cancelled": _("%(title)s: cancelled"),
        "withdrawn": _("%(title)s: withdrawn from the timetable, with passengers"),
    }
    state = states.get(departure.level, _("%(title)s: %(percent)d %% full"))
    return Pill(
        departure.schedule_id,
        x,
        y,
        departure.time,
        place if len(place) <= _LETTERS else f"{place[: _LETTERS - 1]}…",
        f"{departure.level} is-gone" if departure.is_gone else departure.level,
        state % {"title": title, "percent": departure.percent},
    )
