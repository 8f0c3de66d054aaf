"""Days and durations in words.

Django's date formats say the same of a day in twenty times the time, which is much on a list.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


def day_text(day: date) -> str:
    """Tue 1 Dec"""
    weekdays, months = _abbreviations(get_language())
    return f"{weekdays[day.weekday()]} {day.day} {months[day.month - 1]}"


def needs_day(day: date, *beside: date) -> bool:
    """Whether a time of `day` is misread without it: anything that it stands beside is of another day."""
    return any(day != other for other in beside)


def time_text(local: datetime, *beside: date) -> str:
    """ "23:30", or "23:30 on Mon 30 Nov" where it stands beside another day."""
    time = f"{local:%H:%M}"
    if not needs_day(local.date(), *beside):
        return time
    return _("%(time)s on %(day)s") % {"time": time, "day": day_text(local)}


def day_mark(day: date, first: date) -> str:
    """ "+1 day" when `day` is the day after `first`, "−1 day" before it; empty on the same day."""
    if not needs_day(day, first):
        return ""
    days = (day - first).days
    sign = "+" if days > 0 else "−"
    return sign + ngettext("%(days)d day", "%(days)d days", abs(days)) % {"days": abs(days)}


def duration_text(minutes: int) -> str:
    """19 h 05"""
    return _("%(hours)d h %(minutes)02d") % {"hours": minutes // 60, "minutes": minutes % 60}


@cache
def _abbreviations(_language: str | None) -> tuple[list[str], list[str]]:
    """Of the weekdays from Monday on, and of the months."""
    return [str(WEEKDAYS_ABBR[number]) for number in range(7)], [
        str(MONTHS_3[number]).title() for number in range(1, 13)
    ]
