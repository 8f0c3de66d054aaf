"""Days and durations in words, and the reader of days.

Django's date formats say the same of a day in twenty times the time, which is much on a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from bookings.base.text import clean_code

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FARTHEST: Final = 400
_YEARS: Final = range(2000, 2100)
_TIME: Final = re.compile(r"[t ]\d\d:\d\d.*$")  # what our pages print behind a day


def day_text(day: date) -> str:
    """Tue 1 Dec"""
    weekdays, months = _abbreviations(get_language())
    return f"{weekdays[day.weekday()]} {day.day} {months[day.month - 1]}"


def full_day_text(day: date) -> str:
    """Tue 1 Dec 2026"""
    return f"{day_text(day)} {day.year}"


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


def read_typed_day(text: str, today: date) -> date:
    """The day that was typed, or copied from a page: t, +1, fri, 25, 2512, 25/12, 25 dec, 2026-12-25.

    Nothing is today. What leaves out the month or the year is the next such day. Raises ValueError.
    """
    typed = clean_code(text).casefold().replace(",", " ").rstrip(".") or "t"
    typed = _TIME.sub("", " ".join(typed.split())[:40])
    for pattern, read in _WAYS:
        if match := re.fullmatch(pattern, typed, re.ASCII):
            try:
                day = read(today, *match.groups())
            except (OverflowError, StopIteration):
                break
            if day.year in _YEARS:
                return day
            break
    raise ValueError(text)


def _ahead(today: date, sign: str, days: str) -> date:
    number = int(days or 1)
    if number > _FARTHEST:
        raise ValueError
    return today + timedelta(days=number if sign == "+" else -number)


def _weekday(today: date, name: str) -> date:
    weekday = next(number for number, day_name in enumerate(_WEEKDAYS) if day_name.startswith(name))
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _of_month(today: date, day: str) -> date:
    months = (
        (today.year + (today.month - 1 + ahead) // 12, (today.month - 1 + ahead) % 12 + 1)
        for ahead in range(12)
    )
    return next(
        candidate
        for year, month in months
        if (candidate := _date(year, month, int(day))) and candidate >= today
    )


def _of_year(today: date, day: str, month: str) -> date:
    candidates = (_date(year, int(month), int(day)) for year in range(today.year, today.year + 9))
    return next(candidate for candidate in candidates if candidate and candidate >= today)


def _full(today: date, day: str, month: str, year: str) -> date:
    return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))


def _named(today: date, day: str, month: str, year: str | None) -> date:
    number = str(_MONTHS.index(month[:3]) + 1)
    return _full(today, day, number, year) if year else _of_year(today, day, number)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_WAYS: Final[tuple[tuple[str, Callable[..., date]], ...]] = (
    (r"t|tod|today", lambda today: today),
    (r"tom|tomorrow", lambda today: today + timedelta(days=1)),
    (r"([+-])(\d{0,4})", _ahead),
    (r"([a-z]{2,9})", _weekday),
    (r"(\d{1,2})", _of_month),
    (r"(\d\d)(\d\d)", _of_year),
    (r"(\d{1,2})[/. -](\d{1,2})", _of_year),
    (r"(\d\d)(\d\d)(\d\d|\d{4})", _full),
    (r"(\d{1,2})[/. -](\d{1,2})[/. -](\d\d|\d{4})", _full),
    (r"(\d{4})-(\d{1,2})-(\d{1,2})", lambda today, year, month, day: date(int(year), int(month), int(day))),
    (r"(?:[a-z]{2,9} )?(\d{1,2}) ?([a-z]{3,9})(?: (\d\d|\d{4}))?", _named),
)


def read_printed_day(text: str) -> date:
    """A whole day as a bank or a terminal prints it, the day before the month: 2026-11-30, 20261130,
    30/11/2026, 30 Nov 26; what follows it is left out. Raises ValueError.
    """
    typed = " ".join(clean_code(text).casefold().split())[:40]
    for pattern, read in _PRINTED:
        if match := re.match(pattern, typed, re.ASCII):
            day = read(date.min, *match.groups())
            if day.year in _YEARS:
                return day
    raise ValueError(text)


_PRINTED: Final[tuple[tuple[str, Callable[..., date]], ...]] = (
    (
        r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)(?!\d)",
        lambda _today, year, month, day: date(int(year), int(month), int(day)),
    ),
    (r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4}|\d\d)(?!\d)", _full),
    (r"(\d{1,2})[ -]?([a-z]{3,9})[ -]?(\d{4}|\d\d)(?!\d)", _named),
)
