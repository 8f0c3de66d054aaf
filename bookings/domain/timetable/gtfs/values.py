"""Single values of a feed. What cannot be read is a ValueError with words for the report."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Final

from django.utils.translation import gettext as _

Point = tuple[float, float]

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
MAX_ID_LENGTH: Final = 150
_MAX_HOURS: Final = 240
_TIME: Final = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})", re.ASCII)
_WHOLE: Final = re.compile(r"[+]?(\d{1,12})(?:[.]0*)?", re.ASCII)
_EARTH_KM: Final = 6371.0


@lru_cache(maxsize=20_000)
def seconds(text: str) -> int | None:
    """6:05:00 or 28:50:00 as seconds of the service day; None for an empty time."""
    if not text:
        return None
    match = _TIME.fullmatch(text)
    hours, minutes, rest = (int(part) for part in match.groups()) if match else (_MAX_HOURS + 1, 0, 0)
    if hours > _MAX_HOURS or minutes > 59 or rest > 59:
        raise ValueError(_("“%(text)s” is not a time") % {"text": text[:40]})
    return hours * 3600 + minutes * 60 + rest


def day(text: str) -> date:
    """20140613 as a date, inside of what we can reckon with."""
    try:
        if len(text) != 8 or not (text.isascii() and text.isdigit()):
            raise ValueError
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise ValueError(_("“%(text)s” is not a date") % {"text": text[:40]}) from error
    return min(max(day, FIRST_DAY), LAST_DAY)


@lru_cache(maxsize=20_000)
def whole_number(text: str, *, most: int = 1_000_000_000) -> int:
    """A number however a program writes it: 1, 01, +1, 1.0."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None or int(match[1]) > most:
        raise ValueError(_("“%(text)s” is not a number in the allowed range") % {"text": text[:40]})
    return int(match[1])


def money(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(_("“%(text)s” is not an amount") % {"text": text[:40]}) from error
    if not amount.is_finite() or not 0 <= amount < 1_000_000:
        raise ValueError(_("“%(text)s” is not an amount") % {"text": text[:40]})
    return amount


def point(latitude: str, longitude: str) -> Point | None:
    """A place on earth; None where the feed says nothing. 0, 0 is what broken exports write."""
    if not latitude and not longitude:
        return None
    try:
        place = (float(latitude), float(longitude))
    except ValueError:
        place = (0.0, 0.0)
    if place == (0.0, 0.0) or not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
        raise ValueError(_("“%(text)s” is not a usable position") % {"text": f"{latitude}, {longitude}"[:60]})
    return place


def distance(text: str) -> float | None:
    """A shape_dist_traveled, in the feed's own unit."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def kilometres(here: Point, there: Point) -> float:
    """As the crow flies."""
    lat1, lon1, lat2, lon2 = map(radians, (*here, *there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def an_id(text: str) -> str:
    if not text or len(text) > MAX_ID_LENGTH:
        raise ValueError(_("the id is missing or too long"))
    return text
