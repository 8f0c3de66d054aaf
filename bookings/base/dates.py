"""Days in words. Django's date formats say the same in twenty times the time, which is much on a list."""

from __future__ import annotations

from datetime import date
from functools import cache

from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import get_language


def day_text(day: date) -> str:
    """Tue 1 Dec"""
    weekdays, months = _abbreviations(get_language())
    return f"{weekdays[day.weekday()]} {day.day} {months[day.month - 1]}"


@cache
def _abbreviations(_language: str | None) -> tuple[list[str], list[str]]:
    """Of the weekdays from Monday on, and of the months."""
    return [str(WEEKDAYS_ABBR[number]) for number in range(7)], [
        str(MONTHS_3[number]).title() for number in range(1, 13)
    ]
