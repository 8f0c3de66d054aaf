"""What a pair of places costs on a day, and which rule makes each price: for staff, whatever is sold out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bookings.domain.fares.prices import FareTable, PriceRule, fare_table
from bookings.domain.network.places import Place
from bookings.domain.timetable.call_times import call_time
from bookings.models import FareClass, RouteStop, Schedule

_LONGEST = timedelta(days=3)  # from the first stop of a route to where somebody boards


@dataclass(frozen=True)
class RuledPrice:
    fare_class: FareClass
    rule: PriceRule
    by_type: dict[str, Decimal]  # by slug


@dataclass(frozen=True)
class RuledDeparture:
    schedule: Schedule
    board: RouteStop
    alight: RouteStop
    boards_at: datetime  # by the clock of the stop
    prices: tuple[RuledPrice, ...]


def ruled_departures(origin: Place, destination: Place, day: date) -> list[RuledDeparture]:
    """The departures on sale that board on `day`, by time; the shortest segment of each route."""
    segments = _segments(origin, destination)
    start = datetime.combine(day, datetime.min.time(), ZoneInfo(origin.time_zone))
    schedules = (
        Schedule.objects.on_sale()
        .departing_between(start - _LONGEST, start + timedelta(days=1))
        .filter(route__in=segments)
        .select_related("route__line")
    )
    table = fare_table(segments.values())
    rows = [_ruled(schedule, *segments[schedule.route_id], table) for schedule in schedules]
    return sorted((row for row in rows if row.boards_at.date() == day), key=lambda row: row.boards_at)


def _segments(origin: Place, destination: Place) -> dict[int, tuple[RouteStop, RouteStop]]:
    calls = RouteStop.objects.filter(route__is_active=True).select_related("stop")
    boards = calls.filter(stop__in=origin.stop_ids, may_board=True)
    alights = calls.filter(stop__in=destination.stop_ids, may_alight=True, route__in=boards.values("route"))
    segments: dict[int, tuple[RouteStop, RouteStop]] = {}
    ends: dict[int, list[RouteStop]] = {}
    for alight in alights.order_by("position"):
        ends.setdefault(alight.route_id, []).append(alight)
    for board in boards.order_by("position"):
        later = [alight for alight in ends.get(board.route_id, ()) if alight.position > board.position]
        known = segments.get(board.route_id)
        if later and (known is None or later[0].km - board.km < known[1].km - known[0].km):
            segments[board.route_id] = (board, later[0])
    return segments


def _ruled(schedule: Schedule, board: RouteStop, alight: RouteStop, table: FareTable) -> RuledDeparture:
    local = call_time(schedule, board).planned_departure.astimezone(ZoneInfo(board.stop.time_zone))
    prices = tuple(_prices(schedule, board, alight, table, local.date()))
    return RuledDeparture(schedule, board, alight, local, prices)


def _prices(
    schedule: Schedule, board: RouteStop, alight: RouteStop, table: FareTable, day: date
) -> Iterator[RuledPrice]:
    for fare_class in table.classes:
        rule = table.price_rule(board, alight, fare_class, price_zar=schedule.price_zar, day=day)
        by_type = {} if rule.price is None else table.fares_by_type(rule.price)
        yield RuledPrice(fare_class, rule, by_type)
