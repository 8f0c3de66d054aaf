"""The calls of all routes in use at which people may board: where boards and the dashboard begin."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.db.models import Q

from bookings.models import RouteStop

_COLUMNS: Final = (
    "route_id",
    "position",
    "arrive_min",
    "depart_min",
    "stop__name",
    "stop__code",
    "stop__time_zone",
    "route__line__code",
    "route__line__name",
)


class BoardingCall(NamedTuple):
    """A route's call at a stop where people may board."""

    route_id: int
    position: int
    arrive_min: int
    depart_min: int
    stop: str
    stop_code: str
    time_zone: str
    line_code: str
    line_name: str


def boarding_calls(where: Q) -> list[BoardingCall]:
    """By route and position: one query."""
    calls = RouteStop.objects.filter(where, may_board=True, route__is_active=True)
    rows = calls.order_by("route_id", "position").values_list(*_COLUMNS)
    return [BoardingCall(*row) for row in rows]
