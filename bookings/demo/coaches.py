from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bookings.demo.timetable import read_table
from bookings.models import Amenity, Bus, Seat, SeatKind, SeatLayout

_KINDS: Final = {"s": SeatKind.STANDARD, "p": SeatKind.PREMIUM, "a": SeatKind.ACCESSIBLE, "c": SeatKind.CREW}
_COMFORT: Final = [Amenity.AIRCON, Amenity.TOILET, Amenity.USB, Amenity.RECLINE, Amenity.WHEELCHAIR]


@dataclass(frozen=True)
class CoachPlan:
    """`decks` holds the rows of each deck from the front.

    A letter of _KINDS for each seat, a dot for the aisle.
    """

    code: str
    name: str
    amenities: list[Amenity]
    decks: tuple[tuple[str, ...], ...]


_LOWER: Final = (
    "aa.p",
    "pp.p",
    "pp.p",
    "pp.p",
    "...c",
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
        (("aa.ss", *("ss.ss",) * 11, "sssss"),),
    ),
    CoachPlan("semi-48", "Semi-luxury with toilet", _COMFORT, (("aa.ss", *("ss.ss",) * 11),)),
)


def seats_of(plan: CoachPlan) -> list[Seat]:
    """Seats labelled by row and letter.

    Rows count on from deck to deck, so that a label is found once in a coach.
    """
    seats, above = [], 0
    for deck, rows in enumerate(plan.decks, 1):
        for row, places in enumerate(rows, above + 1):
            letters = iter("ABCDE")
            for column, place in enumerate(places, 1):
                if place == ".":
                    continue
                kind = _KINDS[place]
                label = "CREW" if kind == SeatKind.CREW else f"{row}{next(letters)}"
                window = column in (1, len(places))
                seats.append(
                    Seat(label=label, deck=deck, row=row, column=column, kind=kind, is_window=window)
                )
        above = max((seat.row for seat in seats if seat.kind != SeatKind.CREW), default=0)
    return seats


def make_layouts() -> dict[str, SeatLayout]:
    layouts = {}
    for plan in COACHES:
        layout, is_new = SeatLayout.objects.get_or_create(
            code=plan.code,
            defaults={"name": plan.name, "decks": len(plan.decks), "amenities": plan.amenities},
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
