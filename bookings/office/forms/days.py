"""Dates as a clerk types them: t, +1, fri, 25, 2512, 25/12, 25 dec, 2026-12-25."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FARTHEST: Final = 400


def read_day_keys(text: str, today: date) -> date:
    """The day that was meant.

    What leaves out the month or the year is the next such day. Raises ValidationError.
    """
    typed = " ".join(text.casefold().split())[:30]
    for pattern, read in _WAYS:
        match = re.fullmatch(pattern, typed, re.ASCII)
        if match:
            try:
                return read(today, *match.groups())
            except (ValueError, OverflowError, StopIteration):
                break
    raise ValidationError(_("Enter the day as +1, fri, 2512 or 2026-12-25."))


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
    (r"|\.|t|tod|today", lambda today: today),
    (r"tom|tomorrow", lambda today: today + timedelta(days=1)),
    (r"([+-])(\d{0,4})", _ahead),
    (r"([a-z]{2,9})", _weekday),
    (r"(\d{1,2})", _of_month),
    (r"(\d\d)(\d\d)", _of_year),
    (r"(\d{1,2})[/. -](\d{1,2})", _of_year),
    (r"(\d\d)(\d\d)(\d\d|\d{4})", _full),
    (r"(\d{1,2})[/. -](\d{1,2})[/. -](\d\d|\d{4})", _full),
    (r"(\d{4})-(\d{1,2})-(\d{1,2})", lambda today, year, month, day: date(int(year), int(month), int(day))),
    (r"(?:[a-z]{2,9},? )?(\d{1,2}) ?([a-z]{3,9})(?: (\d\d|\d{4}))?", _named),
)
