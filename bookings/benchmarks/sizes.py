"""How much data a run has.

Departures per route and day are always the same: more of them are more days, not fuller ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

TIMES: Final = 10  # departures of a route on a day
BOOKINGS_EACH: Final = 10  # bookings of a departure on the days that are booked
CLAIMS_EACH: Final = 5  # claims of a booking, about: 1.4 passengers on 3.5 legs
ROUTES: Final = 200
CITIES: Final = 40
_LEAST_DAYS: Final = 5  # yesterday until three days ahead
_UNITS: Final = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True)
class Size:
    """`claims` says how many bookings there are.

    They lie on the days around today, as many to a departure in each size.
    """

    schedules: int
    claims: int
    routes: int = ROUTES

    @classmethod
    def read(cls, text: str, *, routes: int = 0) -> Size:
        """10k:500k is 10 000 departures with about 500 000 claims; 10k alone has none."""
        schedules, _colon, claims = text.partition(":")
        size = cls(_number(schedules), _number(claims or "0"), routes or ROUTES)
        if size.days < _LEAST_DAYS:
            raise ValueError(f"{text}: {_LEAST_DAYS} days take {_LEAST_DAYS * size.a_day} departures.")
        return size

    @property
    def name(self) -> str:
        return f"{short(self.schedules)}:{short(self.claims)}"

    @property
    def a_day(self) -> int:
        return self.routes * TIMES

    @property
    def days(self) -> int:
        return self.schedules // self.a_day

    @property
    def bookings(self) -> int:
        return min(self.claims // CLAIMS_EACH, self.schedules * BOOKINGS_EACH)

    def first_day(self, today: date) -> date:
        """A fifth of the days are past, as in a timetable that is in use."""
        return today - timedelta(days=self.days // 5)

    def first_booked(self, today: date) -> int:
        """The number of the first departure that has bookings, so that the last ones are booked until three
        days ahead.
        """
        booked_days = -(-self.bookings // (BOOKINGS_EACH * self.a_day))
        first = max(self.days // 5 + 4 - booked_days, 0)
        return min(first, self.days - booked_days) * self.a_day


def _number(text: str) -> int:
    text = text.strip().lower()
    unit = _UNITS.get(text[-1:], 1)
    return int(float(text.rstrip("km") or 0) * unit)


def short(number: int) -> str:
    for unit, size in reversed(_UNITS.items()):
        if number >= size:
            return f"{number / size:g}{unit}"
    return str(number)
