"""The network of the benchmarks.

Cities, coaches and prices of the demo, with routes drawn by chance, always the same.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from typing import Final

from django.utils.text import slugify

from bookings.base.names import plain_name
from bookings.benchmarks.sizes import CITIES, Size
from bookings.demo.coaches import make_layouts
from bookings.demo.network import make_prices
from bookings.demo.timetable import read_table
from bookings.models import City, Fare, Line, Route, RouteStop, Stop

_LEAST_CALLS: Final = 4
_MOST_CALLS: Final = 12
_FARE_A_KM: Final = Decimal("0.85")


def make_network(size: Size, first_day: date) -> list[int]:
    """Routes 1 … `size.routes` of 4 to 12 stops in an empty database.

    The answer is the layouts that they use in turn.
    """
    rng = Random(1)
    layouts = [layout.pk for layout in make_layouts().values()]
    standard = make_prices()
    stops = _make_stops()
    lines = Line.objects.bulk_create(
        Line(pk=number, code=f"B{number}", name="Express") for number in range(1, size.routes + 1)
    )
    routes, calls, fares = [], [], []
    for line in lines:
        way = rng.sample(stops, rng.randint(_LEAST_CALLS, _MOST_CALLS))
        timed = _calls(line.pk, way, rng)
        routes.append(
            Route(
                pk=line.pk,
                line=line,
                name=f"{way[0].city.name} – {way[-1].city.name}",
                origin=way[0].city,
                destination=way[-1].city,
                distance_km=timed[-1].km,
                duration_hours=round(Decimal(timed[-1].arrive_min) / 60, 2),
            )
        )
        calls += timed
        fares += [
            (board, alight, round((alight.km - board.km) * _FARE_A_KM / 5) * 5)
            for board, alight in combinations(timed, 2)
        ]
    Route.objects.bulk_create(routes)
    RouteStop.objects.bulk_create(calls)
    Fare.objects.bulk_create(
        Fare(
            route_id=board.route_id,
            from_stop=board,
            to_stop=alight,
            fare_class=standard,
            amount=amount,
            valid_from=first_day - timedelta(days=30),
        )
        for board, alight, amount in fares
    )
    return layouts


def _make_stops() -> list[Stop]:
    rows = read_table("cities")[:CITIES]
    cities = City.objects.bulk_create(
        City(name=row["city"], slug=slugify(row["city"]), plain_name=plain_name(row["city"])) for row in rows
    )
    return Stop.objects.bulk_create(
        Stop(
            city=city,
            code=row["stop_code"],
            name=row["stop"],
            plain_name=plain_name(row["stop"]),
            time_zone="Africa/Johannesburg",
        )
        for city, row in zip(cities, rows, strict=True)
    )


def _calls(route: int, way: list[Stop], rng: Random) -> list[RouteStop]:
    calls, minutes, km = [], 0, 0
    for position, stop in enumerate(way):
        if position:
            minutes, km = minutes + rng.randint(60, 180), km + rng.randint(70, 240)
        stand = 10 if 0 < position < len(way) - 1 else 0
        calls.append(
            RouteStop(
                pk=route * 100 + position,
                route_id=route,
                position=position,
                stop=stop,
                arrive_min=minutes,
                depart_min=minutes + stand,
                km=km,
                may_board=position < len(way) - 1,
                may_alight=position > 0,
            )
        )
        minutes += stand
    return calls
