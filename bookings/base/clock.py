"""Times of a timetable, in minutes from midnight of the first day: 08:30, 0830, 8h30, and 01:15+1 for the
next day.
"""

from __future__ import annotations

import re
from typing import Final

from bookings.base.text import clean_code

DAY: Final = 1440
_HALF: Final = DAY // 2
_TYPED: Final = re.compile(
    r"(\d{1,2})[:.h](\d{2})(?::\d{2})?(?:\+(\d))?|(\d{1,2})(\d{2})(?:\+(\d))?|(\d{1,2})h?(?:\+(\d))?",
    re.ASCII,
)


def read_clock(text: str, after: int | None = None) -> int:
    """The minutes that were typed.

    A time before `after` is taken for one of the next day if that is within twelve hours; a day of its own
    (+1, or an hour from 24 on) says so. Raises ValueError for anything else, and for a time before `after`.
    """
    match = _TYPED.fullmatch("".join(clean_code(text).casefold().split()))
    if match is None:
        raise ValueError(text)
    hours, minutes, days = (
        int(match[first] or match[second] or (match[third] if third else 0) or 0)
        for first, second, third in ((1, 4, 7), (2, 5, None), (3, 6, 8))
    )
    if minutes > 59 or hours > 23 + DAY // 60 * 3 or (days and hours > 23):
        raise ValueError(text)
    typed = days * DAY + hours * 60 + minutes
    if after is None or typed >= after:
        return typed
    if days or hours > 23:
        raise ValueError(text)
    later = typed + (after - typed + DAY - 1) // DAY * DAY
    if later - after > _HALF:
        raise ValueError(text)
    return later


def clock_text(minutes: int) -> str:
    """ "08:30", "01:15+1" on the next day."""
    days, of_day = divmod(minutes, DAY)
    return f"{of_day // 60:02d}:{of_day % 60:02d}" + (f"+{days}" if days else "")
