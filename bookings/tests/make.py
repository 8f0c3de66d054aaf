"""Rows for tests: keyword-only, every argument optional, no surprises."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

from bookings.models import (
    City,
    FareClass,
    Line,
    PassengerType,
    RefundPolicy,
    RefundTier,
    Route,
    RouteStop,
    Schedule,
    Seat,
    SeatKind,
    SeatLayout,
    Stop,
)

NOW: Final = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # 10:00 in Johannesburg, a Tuesday
_numbers = count(1)


def make_city(name: str = "Johannesburg", *, slug: str = "") -> City:
    slug = slug or name.lower().replace(" ", "-")
    return City.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def make_stop(city: City | str = "Johannesburg", *, code: str = "", name: str = "", time_zone: str = "Africa/Johannesburg") -> Stop:
    city = city if isinstance(city, City) else make_city(city)
    code = code or f"{city.slug}-main"
    return Stop.objects.get_or_create(code=code, defaults={"city": city, "name": name or f"{city.name} station", "time_zone": time_zone})[0]


def make_fare_classes() -> tuple[FareClass, FareClass]:
    """Standard at face price and premium at 1.35; 48 h: 25 %, 12 h: 50 %, later nothing back."""
    policy, made = RefundPolicy.objects.get_or_create(code="standard", defaults={"name": "Standard"})
    if made:
        RefundTier.objects.create(policy=policy, hours_before=48, fee_percent=25)
        RefundTier.objects.create(policy=policy, hours_before=12, fee_percent=50)
    standard, _ = FareClass.objects.get_or_create(
        code="standard", defaults={"name": "Standard", "seat_kinds": ["standard", "accessible"], "refund_policy": policy, "position": 0}
    )
    premium, _ = FareClass.objects.get_or_create(
        code="premium",
        defaults={"name": "Premium", "seat_kinds": ["premium"], "price_factor": Decimal("1.35"), "refund_policy": policy, "position": 1},
    )
    return standard, premium


def make_passenger_types() -> dict[str, PassengerType]:
    rows = [("adult", "Adult", "Adults", 0, True), ("child", "Child", "Children", 50, False), ("student", "Student", "Students", 10, False)]
    for position, (slug, name, plural, discount, default) in enumerate(rows):
        PassengerType.objects.get_or_create(
            slug=slug,
            defaults={"name": name, "name_plural": plural, "discount_percent": discount, "is_default": default, "position": position},
        )
    return {row.slug: row for row in PassengerType.objects.all()}


def make_layout(*, seats: int = 8, premium: int = 0, crew: int = 0, code: str = "") -> SeatLayout:
    """Rows of 2+2 (columns 1, 2, 4, 5), labelled 1A 1B 1C 1D; the first `premium` seats are premium, the last `crew` are crew."""
    layout = SeatLayout.objects.create(code=code or f"layout-{next(_numbers)}", name=f"{seats} seats", amenities=["aircon", "toilet"])
    rows = []
    for number in range(seats):
        row, place = divmod(number, 4)
        kind = SeatKind.PREMIUM if number < premium else SeatKind.CREW if number >= seats - crew else SeatKind.STANDARD
        rows.append(
            Seat(
                layout=layout,
                label=f"{row + 1}{'ABCD'[place]}",
                row=row + 1,
                column=(1, 2, 4, 5)[place],
                kind=kind,
                is_window=place in (0, 3),
            )
        )
    Seat.objects.bulk_create(rows)
    return layout


def make_route(*cities: str, minutes_apart: int = 120, km_apart: int = 150, stand: int = 0) -> Route:
    """A route over the main stops of these cities (Johannesburg, Bloemfontein, Cape Town unless said)."""
    cities = cities or ("Johannesburg", "Bloemfontein", "Cape Town")
    stops = [make_stop(city) for city in cities]
    number = next(_numbers)
    legs = len(stops) - 1
    route = Route.objects.create(
        line=Line.objects.create(code=f"L{number}", name=f"Line {number}"),
        name=f"{stops[0].city.name} – {stops[-1].city.name}",
        origin=stops[0].city,
        destination=stops[-1].city,
        distance_km=km_apart * legs,
        duration_hours=Decimal(minutes_apart * legs) / 60,
    )
    last = legs
    for position, stop in enumerate(stops):
        arrive = position * minutes_apart
        RouteStop.objects.create(
            route=route,
            position=position,
            stop=stop,
            arrive_min=arrive,
            depart_min=arrive + (stand if 0 < position < last else 0),
            km=position * km_apart,
            may_board=position < last,
            may_alight=position > 0,
        )
    return route


def make_schedule(
    *,
    route: Route | None = None,
    layout: SeatLayout | None = None,
    departs: datetime | None = None,
    price: int | str = 600,
    seats: int = 8,
    coach: int = 1,
    status: str = Schedule.Status.ON_SALE,
) -> Schedule:
    """A departure three days after NOW unless said; fare classes and passenger types are made too."""
    make_fare_classes()
    make_passenger_types()
    layout = layout or make_layout(seats=seats)
    return Schedule.objects.create(
        route=route or make_route(),
        layout=layout,
        departure_time=departs or NOW + timedelta(days=3),
        price_zar=Decimal(price),
        coach=coach,
        status=status,
        available_seats=layout.seats.exclude(kind=SeatKind.CREW).count(),
    )
