"""What passengers can buy, read through the searching and pricing that sells it.

What a feed is held against.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bookings.domain.fares.prices import read_party
from bookings.domain.search.pricing import price_list
from bookings.domain.search.segments import Departure, RouteSegment
from bookings.models import City, Fare, Line, Route, RouteStop, Schedule, Service, Stop


class Call(NamedTuple):
    stop: str
    time_zone: str
    arrives: str
    departs: str
    km: Decimal
    boards: bool
    alights: bool


class Sold(NamedTuple):
    departures: Counter[tuple[str, tuple[Call, ...]]]  # by the line's code
    lowest: dict[tuple[str, str, str], Decimal]  # by line, from and to


def sold(*, source: str = "") -> Sold:
    """Every departure on sale, with the segments that somebody can buy on it.

    With a source the stops have the ids of its feed.
    """
    schedules = list(
        Schedule.objects.on_sale().filter(route__is_active=True, source=source)
        if source
        else Schedule.objects.on_sale()
    )
    calls: dict[int, list[RouteStop]] = {}
    for call in RouteStop.objects.select_related("stop", "route__line").order_by("route_id", "position"):
        calls.setdefault(call.route_id, []).append(call)
    segments = [each for schedule in schedules for each in _segments(schedule, calls[schedule.route_id])]
    prices = price_list(segments, read_party(1, {}))
    lowest: dict[tuple[str, str, str], Decimal] = {}
    open_calls: dict[int, tuple[set[int], set[int]]] = {}
    for each in segments:
        board, alight = each.segment.board, each.segment.alight
        if offered := prices.classes(each):
            pair = (each.segment.line, name(board.stop, source), name(alight.stop, source))
            lowest[pair] = min(offered[0][0], lowest.get(pair, offered[0][0]))
            boards, alights = open_calls.setdefault(board.route_id, (set(), set()))
            boards.add(board.position)
            alights.add(alight.position)
    found = Counter(
        (
            calls[each.route_id][0].route.line.code,
            tuple(_call(each, call, open_calls, source) for call in calls[each.route_id]),
        )
        for each in schedules
    )
    return Sold(found, lowest)


def forget_the_timetable() -> None:
    for model in (Schedule, Service, Fare, Route, Line, Stop, City):
        model.objects.all().delete()


def name(stop: Stop, source: str) -> str:
    return stop.source_id if source else stop.code


def _segments(schedule: Schedule, calls: list[RouteStop]) -> list[Departure]:
    route_km, found = calls[-1].km, []
    for board in calls:
        boards_at = schedule.departure_time + timedelta(minutes=board.depart_min)
        local = boards_at.astimezone(ZoneInfo(board.stop.time_zone))
        for alight in calls[board.position + 1 :]:
            if board.may_board and alight.may_alight and board.stop_id != alight.stop_id:
                segment = RouteSegment(board, alight, board.route.line.code, route_km)
                found.append(
                    Departure(
                        schedule.pk, segment, boards_at, local, 1, schedule.layout_id, schedule.price_zar, 0
                    )
                )
    return found


def _call(
    schedule: Schedule, call: RouteStop, open_calls: dict[int, tuple[set[int], set[int]]], source: str
) -> Call:
    boards, alights = open_calls[call.route_id]
    times = (
        schedule.departure_time + timedelta(minutes=minute) for minute in (call.arrive_min, call.depart_min)
    )
    arrives, departs = (
        f"{time.astimezone(ZoneInfo(call.stop.time_zone)):%Y-%m-%d %H:%M %z}" for time in times
    )
    return Call(
        name(call.stop, source),
        call.stop.time_zone,
        arrives,
        departs,
        call.km,
        call.position in boards,
        call.position in alights,
    )
