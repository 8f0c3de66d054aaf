from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bookings.demo.timetable import read_table
from bookings.domain.inventory.seat_plans import SeatPlan, plan_seats
from bookings.models import Amenity, Bus, Seat, SeatLayout

_COMFORT: Final = [Amenity.AIRCON, Amenity.TOILET, Amenity.USB, Amenity.RECLINE, Amenity.WHEELCHAIR]


@dataclass(frozen=True)
class CoachPlan:
    """`decks` holds the rows of each deck from the front.

    The letters are those of `domain.inventory.seat_plans`.
    """

    code: str
    name: str
    amenities: list[Amenity]
    decks: tuple[tuple[str, ...], ...]


_LOWER: Final = (
    "w..d",
    "aa.p",
    "pp.p",
    "pp.p",
    "pp.p",
    "tu.c",
)  # twelve larger seats, two of them by the door for those who need it
COACHES: Final = (
    CoachPlan(
        "luxury-60",
        "Double-deck luxury",
        [*_COMFORT, Amenity.WIFI, Amenity.LEGROOM],
        (_LOWER, ("ss.ss",) * 12),
    ),
    CoachPlan("sleeper-44", "Double-deck sleeper", [*_COMFORT, Amenity.LEGROOM], (_LOWER, ("ss.ss",) * 8)),
    CoachPlan(
        "semi-53",
        "Semi-luxury",
        [Amenity.AIRCON, Amenity.USB, Amenity.RECLINE, Amenity.WHEELCHAIR],
        (("w...d", "aa.ss", *("ss.ss",) * 11, "sssss"),),
    ),
    CoachPlan(
        "semi-48", "Semi-luxury with toilet", _COMFORT, (("w...d", "aa.ss", *("ss.ss",) * 11, "t...."),)
    ),
)


def seats_of(coach: CoachPlan) -> list[Seat]:
    return plan_seats(SeatPlan(coach.decks))


def make_layouts() -> dict[str, SeatLayout]:
    layouts = {}
    for plan in COACHES:
        layout, is_new = SeatLayout.objects.get_or_create(
            code=plan.code,
            defaults={
                "name": plan.name,
                "decks": len(plan.decks),
                "amenities": plan.amenities,
                "plan": SeatPlan(plan.decks).text,
            },
        )
        if is_new:
            seats = seats_of(plan)
            for seat in seats:
                seat.layout = layout
            Seat.objects.bulk_create(seats)
        layouts[plan.code] = layout
    return layouts


def make_buses(layouts: dict[str, SeatLayout]) -> None:
    rows = read_table("buses")
    buses = [
        Bus(bus_number=row["bus_number"], registration=row["registration"], layout=layouts[row["layout"]])
        for row in rows
    ]
    Bus.objects.bulk_create(buses, ignore_conflicts=True)
