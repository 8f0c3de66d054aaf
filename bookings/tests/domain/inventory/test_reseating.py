"""Reseating against the best that CP-SAT (OR-Tools 9.15, 60 s) found for the same coaches and weights.

The solver is no dependency of ours (270 MB): its figures stand here, and the coaches are the same each time.
"""

import pytest

from bookings.domain.inventory.reseating import SeatHolder, reseat, why
from bookings.tests.domain.inventory.coaches_to_reseat import LUXURY_60, SEMI_48, coach, passengers

# Coach before, coach after, passengers, seed, legs, wheelchairs, places kept, the solver's best
COACHES = {
    "52 on 46": (LUXURY_60, SEMI_48, 52, 1, 1, 0, True, 543),
    "40 of 60": (LUXURY_60, SEMI_48, 40, 2, 1, 1, True, 541),
    "short rides": (SEMI_48, ("ss.ss",) * 13, 44, 3, 4, 0, False, 7),
    "a small coach": (
        ("aa.ss", *("ss.ss",) * 5),
        ("aa.ss", *("ss.",) * 2, *("ss.ss",) * 4),
        18, 4, 1, 1, True, 7,
    ),
    "other rows": (("ss.ss",) * 10, ("ss.s",) * 14, 38, 5, 2, 0, False, 60),
}  # fmt: skip


@pytest.mark.parametrize("name", COACHES)
def test_seats_are_as_good_as_a_solver_finds_them_by_a_tenth(name: str) -> None:
    rows, other_rows, count, seed, legs, wheelchairs, keeps, best = COACHES[name]
    parties = passengers(coach(*rows), count, seed=seed, legs=legs, wheelchairs=wheelchairs)
    seating = reseat(parties, coach(*other_rows, first=1001), keeps_wheelchair_places=keeps)
    assert seating.cost <= 1.1 * best + 1
    seats = [
        (seat.pk, one.legs) for party in parties for one in party if (seat := seating.seats.get(one.key))
    ]
    assert len(seats) + len(seating.unplaced) == count
    for number, (seat, road) in enumerate(seats):
        assert not any(seat == other and set(road) & set(legs_of) for other, legs_of in seats[:number])


@pytest.mark.parametrize(("keeps", "seated"), [(True, 46), (False, 48)])
def test_of_52_on_a_coach_of_48_nobody_is_lost(keeps: bool, seated: int) -> None:
    before = coach(*LUXURY_60)
    singles = [[SeatHolder(number, number, range(1), before[number + 2])] for number in range(52)]
    seating = reseat(singles, coach(*SEMI_48, first=1001), keeps_wheelchair_places=keeps)
    assert (len(seating.seats), len(seating.unplaced)) == (seated, 52 - seated)
    assert [one.key for one in seating.unplaced] == list(range(seated, 52))  # who bought last


def test_who_needs_a_wheelchair_place_gets_one_and_nobody_else() -> None:
    before = coach(*LUXURY_60)
    parties = passengers(before, 30, seed=7, wheelchairs=2)
    seating = reseat(parties, coach(*SEMI_48, first=1001), keeps_wheelchair_places=True)
    in_places = {key for key, seat in seating.seats.items() if seat.kind == "accessible"}
    assert in_places == {one.key for party in parties for one in party if one.needs_wheelchair}


def test_the_same_coach_gives_the_same_seats() -> None:
    def seats() -> dict[int, int]:
        parties = passengers(coach(*LUXURY_60), 20, seed=3)
        found = reseat(parties, coach(*SEMI_48, first=1001), keeps_wheelchair_places=True)
        return {key: seat.pk for key, seat in found.seats.items()}

    assert seats() == seats()


def test_a_move_is_told_in_a_few_words() -> None:
    seats = {seat.label: seat for seat in coach(*("ss.ss",) * 14)}
    assert why(seats["14C"], seats["12C"]) == "14C → 12C"
    assert why(seats["3A"], seats["3D"]) == "3A → 3D, row kept, window kept"
    assert why(seats["3A"], seats["3A"]) == ""
