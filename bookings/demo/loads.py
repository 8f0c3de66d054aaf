"""Who sits where on a demo departure.

Pure: it is told the coach and the rides, and draws by the random numbers it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

from bookings.demo.people import DemoPassenger, party
from bookings.models import RouteStop, Seat, SeatKind

DOOR_OPENS: Final = timedelta(minutes=30)  # when the made-up passengers come; the doors may open earlier
DAYS_SOLD_AHEAD: Final = 14
_PULL: Final = {
    **dict.fromkeys(("johannesburg", "cape-town", "durban"), 6.0),
    **dict.fromkeys(
        ("pretoria", "bloemfontein", "gqeberha", "east-london", "windhoek", "maputo", "harare"), 3.5
    ),
    **dict.fromkeys(
        (
            "mthatha",
            "polokwane",
            "mbombela",
            "kimberley",
            "george",
            "upington",
            "pietermaritzburg",
            "beitbridge",
        ),
        2.0,
    ),
}
_BUSY_DAYS: Final = (4, 6)  # Friday and Sunday
_SOLD_OUT: Final = 0.07
_PREMIUM: Final = 0.2
_MISSES: Final = 25
PAID: Final = "paid"
UNPAID: Final = "unpaid"
CANCELLED: Final = "cancelled"
STANDBY: Final = "standby"


@dataclass(frozen=True)
class WeightedSegment:
    board: RouteStop
    alight: RouteStop
    weight: float

    @property
    def mask(self) -> int:
        """A bit for each leg."""
        return (1 << self.alight.position) - (1 << self.board.position)


def weighted_segment(board: RouteStop, alight: RouteStop) -> WeightedSegment:
    """A ride that is the likelier sold, the bigger its ends and the longer it is."""
    pull = _PULL.get(board.stop.city.slug, 0.4) * _PULL.get(alight.stop.city.slug, 0.4)
    return WeightedSegment(board, alight, pull * (alight.arrive_min - board.depart_min) ** 0.5)


@dataclass(frozen=True)
class DemoSale:
    segment: WeightedSegment
    passengers: list[DemoPassenger]
    seats: Sequence[Seat | None]  # None: stands by
    outcome: str


@dataclass
class SeatOccupancy:
    """Seats of one departure, with the legs on which each is taken."""

    seats: Sequence[Seat]
    legs: int
    taken: dict[int, int] = field(default_factory=dict)

    def free(self, mask: int, kinds: Sequence[str]) -> list[Seat]:
        return [seat for seat in self.seats if seat.kind in kinds and not self.taken.get(seat.pk, 0) & mask]

    def take(self, seats: Sequence[Seat], mask: int) -> None:
        for seat in seats:
            self.taken[seat.pk] = self.taken.get(seat.pk, 0) | mask

    @property
    def load(self) -> float:
        return sum(mask.bit_count() for mask in self.taken.values()) / (len(self.seats) * self.legs)


def target_load(days_ahead: int, weekday: int, rng: Random) -> float:
    """The share of all seats and legs to sell; 1 for a coach that is sold out."""
    if days_ahead <= DAYS_SOLD_AHEAD // 2 and rng.random() < _SOLD_OUT:
        return 1.0
    usual = max(0.07, 0.72 - 0.055 * max(days_ahead, 0))
    return min(0.9, usual * rng.uniform(0.7, 1.15) * (1.2 if weekday in _BUSY_DAYS else 1))


def sales_of(
    coach: SeatOccupancy, segments: Sequence[WeightedSegment], load: float, rng: Random
) -> list[DemoSale]:
    """Parties on rides by chance until the coach carries `load`.

    Sold out means that the longest ride finds no seat.
    """
    sales: list[DemoSale] = []
    weights = [segment.weight for segment in segments]
    if load >= 1:
        segments, weights = [_longest(segments)], [1.0]
    misses = 0
    while misses < _MISSES and (coach.load < load or load >= 1):
        segment = rng.choices(segments, weights=weights)[0]
        passengers = party(rng)
        outcome = rng.choices((PAID, UNPAID, CANCELLED), weights=(94, 2, 4))[0] if load < 1 else PAID
        seats = _seats_for(coach, segment.mask, len(passengers), rng, every_kind=load >= 1)
        if not seats:
            misses += 1
            continue
        if outcome != CANCELLED:
            coach.take(seats, segment.mask)
        sales.append(DemoSale(segment, passengers, seats, outcome))
    return sales


def standbys_of(coach: SeatOccupancy, segments: Sequence[WeightedSegment], rng: Random) -> list[DemoSale]:
    """Some who wait for a seat on the longest ride of a coach that is sold out.

    Nobody where a seat is left.
    """
    segment = _longest(segments)
    if coach.free(segment.mask, SeatKind.values):
        return []
    parties = [party(rng)[:2] for _number in range(6)]
    return [DemoSale(segment, passengers, [None] * len(passengers), STANDBY) for passengers in parties]


def _longest(segments: Sequence[WeightedSegment]) -> WeightedSegment:
    return max(segments, key=lambda segment: segment.alight.position - segment.board.position)


def _seats_for(coach: SeatOccupancy, mask: int, count: int, rng: Random, *, every_kind: bool) -> list[Seat]:
    """Seats side by side if there are such, else any.

    The accessible ones only when a coach is to be filled.
    """
    kinds = [SeatKind.STANDARD, SeatKind.PREMIUM]
    if rng.random() < _PREMIUM:
        kinds.reverse()
    if every_kind:
        kinds.append(SeatKind.ACCESSIBLE)
    for kind in kinds:
        free = coach.free(mask, [kind])
        if len(free) < count:
            continue
        rows = [free[start : start + count] for start in range(len(free) - count + 1)]
        together = [seats for seats in rows if len({(seat.deck, seat.row) for seat in seats}) == 1]
        return rng.choice(together or rows)
    return []
