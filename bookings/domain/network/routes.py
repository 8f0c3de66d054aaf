"""What routes are called, for lists that name many of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bookings.cache.reference_data import cached_each
from bookings.models import RouteStop


@dataclass(frozen=True)
class RouteNames:
    line: str  # code
    cities: dict[int, str] = field(default_factory=dict)  # name by the id of a call


def route_names(route_ids: Iterable[int]) -> dict[int, RouteNames]:
    """By route: one query for those that are not cached."""
    return cached_each("route names", route_ids, _read_names)


def _read_names(route_ids: list[int]) -> dict[int, RouteNames]:
    names: dict[int, RouteNames] = {}
    rows = RouteStop.objects.filter(route__in=route_ids).order_by()
    for route, line, call, city in rows.values_list(
        "route_id", "route__line__code", "pk", "stop__city__name"
    ):
        names.setdefault(route, RouteNames(line)).cities[call] = city
    return names
