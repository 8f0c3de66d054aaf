"""Days of the week as bits, bit 0 Monday, and as they are typed: daily, mon-fri, 1-5, fri sun, 135."""

from __future__ import annotations

import re
from typing import Final

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from bookings.base.text import clean_code

EVERY: Final = 0b1111111
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS: Final = {
    "daily": EVERY,
    "all": EVERY,
    "weekdays": 0b0011111,
    "weekend": 0b1100000,
    "weekends": 0b1100000,
}
_SPLIT: Final = re.compile(r"[,;/&\s]+")


def read_weekdays(text: str) -> int:
    """Raises ValueError for no day, or what is none."""
    typed = re.sub(r"\s*[-–]\s*", "-", clean_code(text).casefold().strip())
    mask = 0
    for part in filter(None, _SPLIT.split(typed)):
        if part in _WORDS:
            mask |= _WORDS[part]
        elif part.isdecimal() and part.isascii() and len(part) <= len(_NAMES):
            for digit in part:
                mask |= 1 << _day(digit)
        else:
            first, dash, last = part.partition("-")
            begin = _day(first)
            days = (_day(last) - begin) % 7 if dash else 0
            mask |= sum(1 << (begin + day) % 7 for day in range(days + 1))
    if not mask:
        raise ValueError(text)
    return mask


def _day(text: str) -> int:
    if text in ("1", "2", "3", "4", "5", "6", "7"):
        return int(text) - 1
    for number, name in enumerate(_NAMES):
        if len(text) > 1 and name.startswith(text):
            return number
    raise ValueError(text)


def weekdays_text(mask: int) -> str:
    """ "daily", "Mon–Fri", "Fri, Sun"."""
    if mask & EVERY == EVERY:
        return _("daily")
    days = [day for day in range(7) if mask >> day & 1]
    names = [str(WEEKDAYS_ABBR[day]) for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]}–{names[-1]}"
    return ", ".join(names)
