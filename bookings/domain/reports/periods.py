"""The days that a report is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from bookings.domain.reconciliation.days import first_moment

MOST_DAYS: Final = 400
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class ReportPeriod:
    """From the first business day to the last, both within."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + _ONE_DAY * number for number in range((self.last - self.first).days + 1)]

    @property
    def start(self) -> datetime:
        return first_moment(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return first_moment(self.last + _ONE_DAY)


class Preset(StrEnum):
    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this-week"
    LAST_WEEK = "last-week"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"


def preset_period(preset: Preset, today: date) -> ReportPeriod:
    """Weeks begin on Monday; this week and this month end today."""
    monday, first = today - _ONE_DAY * today.weekday(), today.replace(day=1)
    match preset:
        case Preset.TODAY:
            return ReportPeriod(today, today)
        case Preset.YESTERDAY:
            return ReportPeriod(today - _ONE_DAY, today - _ONE_DAY)
        case Preset.THIS_WEEK:
            return ReportPeriod(monday, today)
        case Preset.LAST_WEEK:
            return ReportPeriod(monday - 7 * _ONE_DAY, monday - _ONE_DAY)
        case Preset.THIS_MONTH:
            return ReportPeriod(first, today)
        case Preset.LAST_MONTH:
            last = first - _ONE_DAY
            return ReportPeriod(last.replace(day=1), last)
