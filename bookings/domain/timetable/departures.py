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
    """A route from `start` until before `end`, by the planned time at its first stop; what was told of other
    times from `changed_from` on.
    """

    route_id: int
    start: datetime
    end: datetime
    changed_from: datetime


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
    call_changes: str  # see domain.timetable.call_times

    @property
    def is_on_sale(self) -> bool:
        """As ScheduleQuerySet.on_sale."""
        return self.is_active and self.status in _SOLD_IN


_COLUMNS: Final = (
    "s.id, s.route_id, s.departure_time, s.coach, s.layout_id, s.price_zar, s.status, s.is_active, "
    "s.revision, s.call_changes"
)
_IN_WINDOWS: Final = SelectStatement(
    Schedule,
    [name.removesuffix("_id") for name in DatedDeparture._fields],
    # PostgreSQL knows how many windows there are, and enters the index of (route, departure_time) once for
    # each.
    postgresql=f"""
        SELECT {_COLUMNS}
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
            AS w(route, first, until, changed)
        JOIN bookings_schedule s
            ON s.route_id = w.route AND s.departure_time >= w.changed AND s.departure_time < w.until
            AND (s.departure_time >= w.first OR s.call_changes <> '')""",
    sqlite=f"""
        SELECT {_COLUMNS} FROM json_each(%s) w
        JOIN json_each(%s) first ON first.key = w.key JOIN json_each(%s) until ON until.key = w.key
        JOIN json_each(%s) changed ON changed.key = w.key
        JOIN bookings_schedule s
            ON s.route_id = w.value AND s.departure_time >= changed.value AND s.departure_time < until.value
            AND (s.departure_time >= first.value OR s.call_changes <> '')""",
)


def departures_within(windows: Iterable[RouteWindow]) -> list[DatedDeparture]:
    """In no order and of any state: one query, none without a window."""
    open_windows = [window for window in windows if window.changed_from < window.end]
    if not open_windows:
        return []
    rows = _IN_WINDOWS.fetch(*(list(column) for column in zip(*open_windows, strict=True)))
    return [DatedDeparture._make(row) for row in rows]
