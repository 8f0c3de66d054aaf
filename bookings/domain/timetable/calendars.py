"""Service days: where a day of the timetable begins, and the days on which a plan runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class Calendar:
    """On which days something runs.

    `exceptions` (day: runs) hold inside and outside of its dates. No end: for ever.
    """

    weekdays: int  # bit 0 Monday to bit 6 Sunday
    starts_on: date
    ends_on: date | None
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def runs_on(self, day: date) -> bool:
        said = self.exceptions.get(day)
        return self._plainly_runs_on(day) if said is None else said

    def _plainly_runs_on(self, day: date) -> bool:
        return (
            bool(self.weekdays >> day.weekday() & 1)
            and self.starts_on <= day
            and (self.ends_on is None or day <= self.ends_on)
        )

    def running_days(self, first: date, days: int) -> int:
        """The days on which it runs, as bits: bit 0 is `first`."""
        begin = max((self.starts_on - first).days, 0)
        end = days if self.ends_on is None else min((self.ends_on - first).days + 1, days)
        weekday = first.weekday()
        bits = sum(1 << n for n in range(begin, end) if self.weekdays >> ((weekday + n) % 7) & 1)
        for day, runs in self.exceptions.items():
            n = (day - first).days
            if 0 <= n < days:
                bits = bits | 1 << n if runs else bits & ~(1 << n)
        return bits

    def within(self, first: date | None, last: date | None) -> Calendar:
        """The same, running on no day outside of these."""
        starts_on = max(self.starts_on, first) if first else self.starts_on
        ends_on = min(self.ends_on or last, last) if last else self.ends_on
        exceptions = {
            day: runs
            for day, runs in self.exceptions.items()
            if (first is None or first <= day) and (last is None or day <= last)
        }
        if ends_on is not None and ends_on < starts_on:
            return Calendar(0, starts_on, starts_on, exceptions)
        return Calendar(self.weekdays, starts_on, ends_on, exceptions)

    def relevant_exceptions(self) -> dict[date, bool]:
        """The exceptions that change something."""
        return {day: runs for day, runs in self.exceptions.items() if runs != self._plainly_runs_on(day)}

    def moved(self, by: timedelta) -> Calendar:
        """The same a number of whole weeks later (or earlier)."""
        if not by:
            return self
        ends_on = None if self.ends_on is None else self.ends_on + by
        return Calendar(
            self.weekdays,
            self.starts_on + by,
            ends_on,
            {day + by: runs for day, runs in self.exceptions.items()},
        )


def start_of_service_day(day: date, time_zone: str) -> datetime:
    """Noon minus 12 hours, in UTC: midnight, except on the days when the clocks change."""
    return datetime.combine(day, time(12), ZoneInfo(time_zone)).astimezone(UTC) - _HALF_DAY


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    return name in _time_zones()


def calendar_of(days: Set[date]) -> Calendar:
    """The calendar that runs on exactly these days, with few exceptions.

    A weekday is in it if most of its days are.
    """
    first, last = min(days), max(days)
    every = Counter((first + timedelta(days=number)).weekday() for number in range((last - first).days + 1))
    ran = Counter(day.weekday() for day in days)
    weekdays = sum(1 << weekday for weekday, number in ran.items() if number * 2 > every[weekday])
    plain = Calendar(weekdays, first, last)
    span = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return Calendar(
        weekdays, first, last, {day: day in days for day in span if plain.runs_on(day) != (day in days)}
    )
