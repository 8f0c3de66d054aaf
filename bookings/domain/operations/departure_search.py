"""A departure as somebody types it in one line: 17:00 cpt, cpt 1700 fri, durban tomorrow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from bookings.base.dates import day_text, read_typed_day
from bookings.base.text import clean_code
from bookings.domain.network.places import find_places
from bookings.domain.operations.departure_list import DepartureRow, coming_on, departure_rows
from bookings.domain.operations.station import Coming, ways
from bookings.models import Stop

MOST: Final = 9
_PLACES: Final = 3  # that a half-typed name may mean
_CLOSE: Final = timedelta(minutes=30)  # who says 5 o'clock may mean the 17:15
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)|([01]\d|2[0-3])([0-5]\d)", re.ASCII)
_DAY_PART: Final = re.compile(
    r".*\d.*|[+-]|t|tod|today|tom|tomorrow|(?:mon|tue|wed|thu|fri|sat|sun|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*",
    re.ASCII,
)
_FILLERS: Final = frozenset({"to", "the", "from", "at", "on", "coach", "bus", "→", "-", "–"})
_LONGEST_DAY: Final = 3  # words: 25 dec 2026


@dataclass(frozen=True)
class TypedDeparture:
    """What was said of a departure; at least a time or a day."""

    time: time | None
    day: date
    place: str  # empty: any


@dataclass(frozen=True)
class FoundDeparture:
    row: DepartureRow
    day: str  # Fri 4 Dec


def read_departure(text: str, today: date) -> TypedDeparture | None:
    """None for what names neither a time nor a day, as a name or a code does not."""
    parts = [part for part in clean_code(text).casefold().replace(",", " ").split() if part not in _FILLERS]
    clock, parts = _take_time(parts[:12])
    day, parts = _take_day(parts, today)
    if clock is None and day is None:
        return None
    return TypedDeparture(clock, day or today, " ".join(parts))


def _take_time(parts: list[str]) -> tuple[time | None, list[str]]:
    for number, part in enumerate(parts):
        if match := _CLOCK.fullmatch(part):
            hour, minute = (match[1], match[2]) if match[1] else (match[3], match[4])
            return time(int(hour), int(minute)), parts[:number] + parts[number + 1 :]
    return None, parts


def _take_day(parts: list[str], today: date) -> tuple[date | None, list[str]]:
    for length in range(_LONGEST_DAY, 0, -1):
        for start in range(len(parts) - length + 1):
            typed = parts[start : start + length]
            if not all(map(_DAY_PART.fullmatch, typed)):
                continue
            try:
                day = read_typed_day(" ".join(typed), today)
            except ValueError:
                continue
            return day, parts[:start] + parts[start + length :]
    return None, parts


def find_departures(text: str, *, city_id: int | None, now: datetime) -> tuple[FoundDeparture, ...]:
    """The departures that may be meant: from this city, else from the place that was named.

    A handful of queries, whatever is found, and half of them while names and ways are cached.
    """
    typed = read_departure(text, timezone.localtime(now).date())
    if typed is None:
        return ()
    cities = _cities(typed.place)
    if typed.place and not cities:
        return ()
    departures = _at_time(_towards(coming_on(typed.day, city_id), cities), typed.time) if city_id else []
    for city in cities if not departures else ():
        departures += _at_time(coming_on(typed.day, city), typed.time)
    departures = departures[:MOST]
    return tuple(
        FoundDeparture(row, day_text(departure.local))
        for row, departure in zip(departure_rows(departures), departures, strict=True)
    )


def _cities(text: str) -> dict[int, str]:
    """Their names, of the places that this may mean."""
    places = find_places(text, _PLACES) if text else []
    stops = {stop for place in places for stop in place.stop_ids}
    return dict(Stop.objects.filter(pk__in=stops).values_list("city", "city__name")) if stops else {}


def _towards(departures: Sequence[Coming], cities: dict[int, str]) -> list[Coming]:
    if not cities:
        return list(departures)
    by_route = ways({departure.call.route_id for departure in departures})
    return [
        departure
        for departure in departures
        if set(cities.values()) & set(by_route[departure.call.route_id].cities_after(departure.call.position))
    ]


def _at_time(departures: Sequence[Coming], at: time | None) -> list[Coming]:
    """Those of this time, else those close to it."""
    if at is None:
        return list(departures)
    exactly = [departure for departure in departures if departure.local.time().replace(second=0) == at]
    return exactly or [
        departure
        for departure in departures
        if abs(departure.local - datetime.combine(departure.local, at, departure.local.tzinfo)) <= _CLOSE
    ]
