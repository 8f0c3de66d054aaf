from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import F, Max
from django.utils.text import slugify

from bookings.base.countries import country_at
from bookings.base.names import plain_other_name
from bookings.database.transactions import short_transaction
from bookings.demo.coaches import make_buses, make_layouts
from bookings.demo.timetable import (
    DemoService,
    Period,
    RoutePattern,
    fares_of,
    hour_factors,
    periods,
    plans,
    read_table,
    to_ten_rand,
    weekday_factors,
)
from bookings.models import (
    City,
    Fare,
    FareClass,
    Line,
    PassengerType,
    PlaceName,
    RefundPolicy,
    RefundTier,
    Route,
    RouteStop,
    SeatKind,
    SeatLayout,
    Service,
    Stop,
)

SOURCE: Final = "demo"
_WEEKDAY_PRICES: Final = timedelta(days=60)  # ahead: as far as departures are made
_POLICIES: Final = {
    "saver": ("Saver", [(48, 25), (24, 50), (2, 75)]),
    "flexi": ("Flexi", [(24, 15), (12, 25), (1, 50)]),
}


def make_network(today: date, *, only_lines: frozenset[str] = frozenset()) -> bool:
    """The demo company's places, coaches, prices and plans of `only_lines` (all unless said).

    False if they were there.
    """
    if Service.objects.filter(source=SOURCE).exists():
        return False
    chosen = [plan for plan in plans() if not only_lines or plan.pattern.line in only_lines]
    with short_transaction():
        layouts = make_layouts()
        make_buses(layouts)
        standard = make_prices()
        routes = _make_routes([plan.pattern for plan in chosen])
        levels = periods(today)
        _make_fares(routes, standard, levels, _hour_factors_of(chosen))
        _make_services(chosen, routes, layouts, levels)
        make_place_names()
    return True


# What passengers change by themselves
_CHANGES: Final[dict[str, dict[str, int]]] = {
    "saver": {"change_hours": 2},
    "flexi": {"change_hours": 0, "name_fee": 50},
}


def make_prices() -> FareClass:
    """Passenger types, refund policies and fare classes; the answer is the class at face price."""
    for position, row in enumerate(read_table("passenger_types")):
        _make_passenger_type(position, row)
    policies = {}
    for code, (name, tiers) in _POLICIES.items():
        policies[code], is_new = RefundPolicy.objects.get_or_create(
            code=code, defaults={"name": name, **_CHANGES[code]}
        )
        if is_new:
            RefundTier.objects.bulk_create(
                RefundTier(policy=policies[code], hours_before=hours, fee_percent=percent)
                for hours, percent in tiers
            )
    standard, _is_new = FareClass.objects.get_or_create(
        code="standard",
        defaults={
            "name": "Standard",
            "seat_kinds": [SeatKind.STANDARD, SeatKind.ACCESSIBLE],
            "refund_policy": policies["saver"],
        },
    )
    FareClass.objects.get_or_create(
        code="premium",
        defaults={
            "name": "Premium",
            "seat_kinds": [SeatKind.PREMIUM],
            "price_factor": Decimal("1.300"),
            "refund_policy": policies["flexi"],
            "position": 1,
        },
    )
    return standard


def _make_passenger_type(position: int, row: dict[str, str]) -> None:
    PassengerType.objects.get_or_create(
        slug=row["slug"],
        defaults={
            "name": row["name"],
            "name_plural": row["plural"],
            "discount_percent": int(row["discount_percent"]),
            "ages": row["ages"],
            "proof": row["proof"],
            "is_adult": row["is_adult"] == "yes",
            "youngest_age": int(row["youngest_age"]),
            "travels_on_lap": row["on_lap"] == "yes",
            "is_default": position == 0,
            "position": position,
        },
    )


def make_lap_type() -> None:
    """Infants on laps for a demo network of an earlier release, unless some type travels so."""
    is_demo = Service.objects.filter(source=SOURCE).exists()
    if not is_demo or PassengerType.objects.filter(travels_on_lap=True).exists():
        return
    for position, row in enumerate(read_table("passenger_types")):
        if row["on_lap"] == "yes":
            _make_passenger_type(position, row)


def _make_stops(cities: set[str]) -> dict[str, Stop]:
    """The main stop of each of these cities, by the city's name."""
    stops = {}
    for row in read_table("cities"):
        if row["city"] not in cities:
            continue
        place = {"latitude": Decimal(row["latitude"]), "longitude": Decimal(row["longitude"])}
        city, _is_new = City.objects.get_or_create(
            slug=slugify(row["city"]),
            defaults={"name": row["city"], "region": row["region"], "country": _country(row), **place},
        )
        stops[row["city"]], _is_new = Stop.objects.get_or_create(
            code=row["stop_code"],
            defaults={
                "city": city,
                "name": row["stop"],
                "address": row["address"],
                "time_zone": row["time_zone"],
                "source": SOURCE,
                "source_id": row["stop_code"],
                **place,
            },
        )
    return stops


def make_place_names() -> None:
    """Other names of the demo's cities, where no place has any yet: old and new ones, Afrikaans, airports."""
    if PlaceName.objects.exists():
        return
    cities = dict(City.objects.filter(stops__source=SOURCE).values_list("name", "pk"))
    PlaceName.objects.bulk_create(
        PlaceName(
            city_id=cities[row["city"]],
            name=row["name"],
            plain_name=plain_other_name(row["name"]),
            kind=row["kind"],
            attested_by=row["attested_by"],
        )
        for row in read_table("place_names")
        if row["city"] in cities
    )


def _country(row: dict[str, str]) -> str:
    return country_at(float(row["latitude"]), float(row["longitude"]))


def _make_routes(patterns: list[RoutePattern]) -> dict[RoutePattern, Route]:
    stops = _make_stops({call.city for pattern in patterns for call in pattern.calls})
    names = {row["code"]: row["name"] for row in read_table("lines")}
    lines = {
        code: Line.objects.create(code=code, name=names[code], source=SOURCE, source_id=code)
        for code in dict.fromkeys(pattern.line for pattern in patterns)
    }
    routes = {}
    for pattern in dict.fromkeys(patterns):
        end = pattern.calls[-1]
        routes[pattern] = Route.objects.create(
            line=lines[pattern.line],
            name=pattern.name,
            origin=stops[pattern.calls[0].city].city,
            destination=stops[end.city].city,
            distance_km=end.km,
            duration_hours=round(Decimal(end.arrive) / 60, 2),
            source=SOURCE,
            source_id=pattern.key,
        )
        RouteStop.objects.bulk_create(_calls(pattern, routes[pattern], stops))
    return routes


def _calls(pattern: RoutePattern, route: Route, stops: dict[str, Stop]) -> list[RouteStop]:
    last = len(pattern.calls) - 1
    return [
        RouteStop(
            route=route,
            position=position,
            stop=stops[call.city],
            arrive_min=call.arrive,
            depart_min=call.depart,
            km=call.km,
            may_board=position < last and not call.is_halt,
            may_alight=position > 0 and not call.is_halt,
        )
        for position, call in enumerate(pattern.calls)
    ]


def _hour_factors_of(chosen: list[DemoService]) -> dict[RoutePattern, Decimal]:
    """By the first coach of a day where a pattern has several."""
    first = {plan.pattern: plan for plan in sorted(chosen, key=lambda plan: -plan.departs_min)}
    return {pattern: _hour_factor(plan) for pattern, plan in first.items()}


def _hour_factor(plan: DemoService) -> Decimal:
    return hour_factors()[plan.departs_min // 60 % 24]


def make_weekday_fares(today: date) -> int:
    """Prices of their own for some weekdays of the coming weeks, beside the published ones, for the days that
    have none yet. How many are new.
    """
    published = Fare.objects.filter(route__source=SOURCE, fare_class__code="standard", amount__isnull=False)
    last = published.filter(valid_to=F("valid_from")).aggregate(day=Max("valid_from"))["day"]
    first = max(today, last + timedelta(days=1)) if last else today
    ahead = [first + timedelta(days=number) for number in range((today + _WEEKDAY_PRICES - first).days + 1)]
    factors = weekday_factors()
    days = [(day, factors[day.isoweekday()]) for day in ahead if day.isoweekday() in factors]
    if not days:
        return 0
    lines = (
        published.exclude(valid_to=F("valid_from"))
        .order_by("-valid_from")
        .values_list(
            "route_id", "from_stop_id", "to_stop_id", "fare_class_id", "amount", "valid_from", "valid_to"
        )
    )
    fares = [
        Fare(
            route_id=route,
            from_stop_id=start,
            to_stop_id=end,
            fare_class_id=fare_class,
            amount=to_ten_rand(amount * factor),
            valid_from=day,
            valid_to=day,
        )
        for route, start, end, fare_class, amount, since, until in lines
        for day, factor in days
        if amount is not None and since <= day and (until is None or day <= until)
    ]
    with short_transaction():  # a level that begins on such a day keeps its price, and the newest line counts
        Fare.objects.bulk_create(fares, ignore_conflicts=True)
    return len(fares)


def _make_fares(
    routes: dict[RoutePattern, Route],
    fare_class: FareClass,
    levels: list[Period],
    factors: dict[RoutePattern, Decimal],
) -> None:
    fares = []
    for pattern, route in routes.items():
        calls = list(route.calls.order_by("position"))
        for i, j, rand in fares_of(pattern):
            pair = {"route": route, "from_stop": calls[i], "to_stop": calls[j], "fare_class": fare_class}
            if rand is None:
                fares.append(Fare(**pair, amount=None, valid_from=levels[0].first))
            else:
                fares += [
                    Fare(
                        **pair,
                        amount=level.price(rand * factors[pattern]),
                        valid_from=level.first,
                        valid_to=level.last,
                    )
                    for level in levels
                ]
    Fare.objects.bulk_create(fares)


def _make_services(
    chosen: list[DemoService],
    routes: dict[RoutePattern, Route],
    layouts: dict[str, SeatLayout],
    levels: list[Period],
) -> None:
    """One service for each plan and price level, so that rides without a fare of their own follow the season
    too.
    """
    Service.objects.bulk_create(
        Service(
            route=routes[plan.pattern],
            departs_min=plan.departs_min,
            weekdays=plan.weekdays,
            starts_on=level.first,
            ends_on=level.last,
            layout=layouts[plan.layout],
            price_zar=level.price(plan.price * _hour_factor(plan)),
            source=SOURCE,
            source_id=f"{plan.key}/{level.first:%Y-%m-%d}:0",  # trip:repetition, as an import writes it
        )
        for plan in chosen
        for level in levels
    )
