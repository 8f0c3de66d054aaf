"""Coaches whose passengers get another one, the same each time: for the tests of reseating."""

from collections.abc import Sequence
from random import Random

from bookings.domain.inventory.reseating import SeatHolder
from bookings.models import Seat, SeatKind


def coach(*rows: str, first: int = 1) -> list[Seat]:
    """Seats by rows as "aa.ss": a accessible, p premium, s standard, a dot for the aisle."""
    kinds = {"a": SeatKind.ACCESSIBLE, "p": SeatKind.PREMIUM, "s": SeatKind.STANDARD}
    seats = []
    for number, row in enumerate(rows, start=1):
        letters = iter("ABCD")
        for column, sign in enumerate(row, start=1):
            if sign in kinds:
                seats.append(
                    Seat(
                        pk=first + len(seats),
                        label=f"{number}{next(letters)}",
                        row=number,
                        column=column,
                        kind=kinds[sign],
                        is_window=column in (1, len(row)),
                    )
                )
    return seats


LUXURY_60 = ("aa.pp", *("pp.pp",) * 2, *("ss.ss",) * 12)
SEMI_48 = ("aa.ss", *("ss.ss",) * 11)


def passengers(
    seats: Sequence[Seat], count: int, *, seed: int, legs: int = 1, wheelchairs: int = 0
) -> list[list[SeatHolder]]:
    """So many in parties of one to four side by side, some with a child, some on part of the road."""
    rng = Random(seed)
    places = [seat for seat in seats if seat.kind == SeatKind.ACCESSIBLE]
    free = [seat for seat in seats if seat.kind != SeatKind.ACCESSIBLE]
    parties: list[list[SeatHolder]] = []
    key = 0
    for _wheelchair in range(wheelchairs):
        key += 1
        parties.append([SeatHolder(key, len(parties), range(legs), places.pop(0), needs_wheelchair=True)])
    while key < count:
        size = min(rng.choice((1, 1, 2, 2, 3, 4)), count - key)
        start = rng.randrange(legs)
        road = range(start, rng.randrange(start + 1, legs + 1)) if legs > 1 else range(1)
        with_child = size > 1 and rng.random() < 0.3
        party = []
        for number in range(size):
            key += 1
            is_child = with_child and number == size - 1
            seat = free.pop(0)
            party.append(SeatHolder(key, len(parties), road, seat, is_child=is_child, is_adult=not is_child))
        parties.append(party)
    return parties
