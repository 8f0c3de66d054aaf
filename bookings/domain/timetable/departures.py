"""Dated departures of several routes, each within a time of its own.

The statement is written by hand for "results" and "board" of the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from bookings.database.statements import SelectStatement
from bookings.models import Schedule

_SOLD_IN: Final = frozenset(status.value for status in Schedule.SOLD_IN)


class RouteWindow(NamedTuple):
    """A route from `start` until before `end`, by the time at its first stop."""

    route_id: int
    start: datetime
    end: datetime


class DatedDeparture(NamedTuple):
    """What a list needs to know of a Schedule."""

    id: int
    route_id: int
    departure_time: datetime
    coach: int
    layout_id: int
    price_zar: Decimal
    status: str
    is_active: bool
    revision: int

    @property
    def is_on_sale(self) -> bool:
        """As ScheduleQuerySet.on_sale."""
        return self.is_active and self.status in _SOLD_IN


_COLUMNS: Final = (
    "s.id, s.route_id, s.departure_time, s.coach, s.layout_id, s.price_zar, s.status, s.is_active, s.revision"
)
_IN_WINDOWS: Final = SelectStatement(
    Schedule,
    [name.removesuffix("_id") for name in DatedDeparture._fields],
    # PostgreSQL knows how many windows there are, and enters the index of (route, departure_time) once for
    # each.
    postgresql=f"""
        SELECT {_COLUMNS}
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS w(route, first, until)
        JOIN bookings_schedule s
            ON s.route_id = w.route AND s.departure_time >= w.first AND s.departure_time < w.until""",
    sqlite=f"""
        SELECT {_COLUMNS} FROM json_each(%s) w
        JOIN json_each(%s) first ON first.key = w.key JOIN json_each(%s) until ON until.key = w.key
        JOIN bookings_schedule s
            ON s.route_id = w.value AND s.departure_time >= first.value AND s.departure_time < until.value""",
)


def departures_within(windows: Iterable[RouteWindow]) -> list[DatedDeparture]:
    """In no order and of any state: one query, none without a window."""
    open_windows = [window for window in windows if window.start < window.end]
    if not open_windows:
        return []
    routes, starts, ends = (list(column) for column in zip(*open_windows, strict=True))
    rows = _IN_WINDOWS.fetch(routes, starts, ends)
    return [DatedDeparture._make(row) for row in rows]
