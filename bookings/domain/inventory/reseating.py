"""Everybody of one coach onto the seats of another. Pure: it is told who sits where and what seats there are.

Who cannot be placed is chosen by the order of the parties, never torn out of one; the rest is made as good as
`cost` says by moving single passengers, swapping two, and moving whole parties, until nothing gets better.
The same input always gives the same seats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from random import Random
from typing import Final

from bookings.models import Seat, SeatKind

# As operations.md weighs them: another place, a party a row further apart, a child not beside its adult
OTHER_LABEL, OTHER_PLACE, WORSE_CLASS = 1, 3, 50
ROW_OF_PARTY, CHILD_ALONE, DECK_OF_PARTY = 20, 1000, 200
_ROUNDS: Final = 30
_SHAKES: Final = 80


@dataclass(frozen=True)
class SeatHolder:
    """Somebody, or something, with a seat on some legs. Occupants of one `party` belong together."""

    key: int
    party: int
    legs: range
    seat: Seat  # of the coach before
    needs_wheelchair: bool = False
    is_child: bool = False  # who needs an adult beside
    is_adult: bool = True


@dataclass(frozen=True)
class Reseating:
    seats: Mapping[int, Seat]  # by the occupant's key
    unplaced: tuple[SeatHolder, ...]
    cost: int


def reseat(
    parties: Sequence[Sequence[SeatHolder]], seats: Sequence[Seat], *, keeps_wheelchair_places: bool
) -> Reseating:
    """Seats for the parties, who are in the order in which they are placed: who comes first keeps a place.

    With `keeps_wheelchair_places` nobody else gets a place for a wheelchair. Who needs one and finds none is
    unplaced with all of the party.
    """
    coach = _Coach(seats, keeps_wheelchair_places)
    placed: list[Sequence[SeatHolder]] = []
    unplaced: list[SeatHolder] = []
    for party in parties:
        if coach.admit(party):
            placed.append(party)
        else:
            unplaced += party
    plan = _SeatingPlan(coach, placed)
    while (stuck := plan.start()) is not None:  # only where wheelchairs leave gaps between short rides
        unplaced += plan.party_of[stuck]
        plan = _SeatingPlan(coach, [party for party in plan.party_of.values() if party[0].party != stuck])
    plan.improve()
    return Reseating(dict(plan.seat_of), tuple(unplaced), plan.total)


class _Coach:
    """Which seats there are, and how full each leg is with the parties that were admitted."""

    def __init__(self, seats: Sequence[Seat], keeps_wheelchair_places: bool) -> None:
        self.seats = [seat for seat in seats if seat.kind != SeatKind.CREW]
        self.places = [seat for seat in self.seats if seat.kind == SeatKind.ACCESSIBLE]
        self.keeps = keeps_wheelchair_places
        self._blocks: dict[int, list[Sequence[Seat]]] = {}
        self._others: dict[int, int] = {}
        self._wheelchairs: dict[int, int] = {}

    def blocks(self, size: int) -> list[Sequence[Seat]]:
        """Seats on which so many sit together: in one row, in any order, or side by side over two."""
        if size not in self._blocks:
            rows: dict[tuple[int, int], list[Seat]] = {}
            for seat in self.seats:
                rows.setdefault(_row(seat), []).append(seat)
            in_row: list[Sequence[Seat]] = [
                block for row in rows.values() for block in permutations(row, size)
            ]
            over_rows: list[Sequence[Seat]] = [
                self.seats[first : first + size] for first in range(len(self.seats) - size + 1)
            ]
            self._blocks[size] = over_rows if size == 1 else [*in_row, *over_rows]
        return self._blocks[size]

    def fits(self, occupant: SeatHolder, seat: Seat) -> bool:
        if occupant.needs_wheelchair:
            return seat.kind == SeatKind.ACCESSIBLE
        return not (self.keeps and seat.kind == SeatKind.ACCESSIBLE)

    def admit(self, party: Iterable[SeatHolder]) -> bool:
        """Count a party in if every leg has room for all of it."""
        others, wheelchairs = dict(self._others), dict(self._wheelchairs)
        for occupant in party:
            counts = wheelchairs if occupant.needs_wheelchair else others
            for leg in occupant.legs:
                counts[leg] = counts.get(leg, 0) + 1
        for leg in {*others, *wheelchairs}:
            used = wheelchairs.get(leg, 0)
            rest = len(self.seats) - (len(self.places) if self.keeps else used)
            if used > len(self.places) or others.get(leg, 0) > rest:
                return False
        self._others, self._wheelchairs = others, wheelchairs
        return True


class _SeatingPlan:
    def __init__(self, coach: _Coach, parties: Sequence[Sequence[SeatHolder]]) -> None:
        self.coach = coach
        self.party_of = {occupant.party: tuple(party) for party in parties for occupant in party}
        self.occupants = [occupant for party in parties for occupant in party]
        self.seat_of: dict[int, Seat] = {}
        self.on_seat: dict[int, list[SeatHolder]] = {seat.pk: [] for seat in coach.seats}

    def start(self) -> int | None:
        """Everybody on a seat: of the same label where it can be. Returns the party that finds none, if one
        does.
        """
        by_label = {seat.label: seat for seat in self.coach.seats}
        rest = []
        for occupant in sorted(self.occupants, key=lambda occupant: not occupant.needs_wheelchair):
            seat = by_label.get(occupant.seat.label)
            if seat and seat.kind == occupant.seat.kind and self._may_sit(occupant, seat):
                self._put(occupant, seat)
            else:
                rest.append(occupant)
        rest.sort(key=lambda occupant: (not occupant.needs_wheelchair, -len(occupant.legs)))
        if all(self._place(occupant) for occupant in rest):
            return None
        for occupant in list(self.occupants):
            if occupant.key in self.seat_of:
                self._take(occupant)
        # By where they get on, any free seat does: no leg has more of them than seats
        in_turn = sorted(self.occupants, key=lambda one: (not one.needs_wheelchair, one.legs.start))
        return next((occupant.party for occupant in in_turn if not self._place(occupant)), None)

    def _place(self, occupant: SeatHolder) -> bool:
        free = [seat for seat in self.coach.seats if self._may_sit(occupant, seat)]
        if free:
            self._put(occupant, min(free, key=lambda seat: self._cost_with({occupant.key: seat}, [occupant])))
        return bool(free)

    @property
    def total(self) -> int:
        own = sum(seat_cost(occupant, self.seat_of[occupant.key]) for occupant in self.occupants)
        return own + sum(party_cost(party, self.seat_of) for party in self.party_of.values())

    def improve(self) -> None:
        self._climb()
        rng = Random(1)  # the same plan for the same coach
        for _shake in range(_SHAKES):
            if self.total == 0:
                return
            self._shake(rng)
        self._climb()

    def _climb(self) -> None:
        for _round in range(_ROUNDS):
            if not (self._move_parties() | self._move_singles() | self._swap_pairs()):
                return

    def _shake(self, rng: Random) -> None:
        """Take the parties of a few rows off their seats and seat them one after the other; keep what is no
        worse.
        """
        before, cost = dict(self.seat_of), self.total
        rows = sorted({(seat.deck, seat.row) for seat in self.coach.seats})
        start = rng.randrange(len(rows))
        near = set(rows[start : start + rng.randint(1, 3)])
        ids = {one.party for one in self.occupants if _row(self.seat_of[one.key]) in near}
        parties = [self.party_of[party] for party in sorted(ids)]
        rng.shuffle(parties)
        for one in [one for party in parties for one in party]:
            self._take(one)
        if all(self._place_party(party) for party in parties) and self.total <= cost:
            return
        for one in self.occupants:
            if one.key in self.seat_of:
                self._take(one)
        for one in self.occupants:
            self._put(one, before[one.key])

    def _place_party(self, party: Sequence[SeatHolder]) -> bool:
        """Where it costs least: side by side, or each on their own."""
        best: tuple[int, Sequence[Seat]] | None = None
        for seats in self.coach.blocks(len(party)):
            if all(self._may_sit(one, seat) for one, seat in zip(party, seats, strict=True)):
                seat_of = {one.key: seat for one, seat in zip(party, seats, strict=True)}
                cost = sum(seat_cost(one, seat_of[one.key]) for one in party) + party_cost(party, seat_of)
                best = min(best or (cost, seats), (cost, seats), key=lambda pair: pair[0])
        if best is None:
            return all(self._place(one) for one in party)
        for one, seat in zip(party, best[1], strict=True):
            self._put(one, seat)
        return True

    def _move_singles(self) -> bool:
        has_changed = False
        for occupant in self.occupants:
            for seat in self.coach.seats:
                if self._may_sit(occupant, seat):
                    has_changed |= self._try({occupant.key: seat}, [occupant])
        return has_changed

    def _swap_pairs(self) -> bool:
        """Who rides the same legs may trade seats."""
        has_changed = False
        for one, two in combinations(self.occupants, 2):
            if one.legs == two.legs and self._may_trade(one, two):
                change = {one.key: self.seat_of[two.key], two.key: self.seat_of[one.key]}
                has_changed |= self._try(change, [one, two])
        return has_changed

    def _may_trade(self, one: SeatHolder, two: SeatHolder) -> bool:
        return self.coach.fits(one, self.seat_of[two.key]) and self.coach.fits(two, self.seat_of[one.key])

    def _move_parties(self) -> bool:
        """A party onto seats side by side; whoever sat there goes where it costs least."""
        has_changed = False
        for party in self.party_of.values():
            for start in range(len(self.coach.seats) - len(party) + 1):
                if self._cost_of(party) == 0:
                    break
                window = self.coach.seats[start : start + len(party)]
                for order in (window, window[::-1]) if len(party) > 1 else (window,):
                    has_changed |= self._take_over(party, order)
        return has_changed

    def _cost_of(self, party: Sequence[SeatHolder]) -> int:
        own = sum(seat_cost(occupant, self.seat_of[occupant.key]) for occupant in party)
        return own + party_cost(party, self.seat_of)

    def _take_over(self, party: Sequence[SeatHolder], window: Sequence[Seat]) -> bool:
        """Put the party onto these seats if all in all that is better; else everything stays."""
        if not all(self.coach.fits(one, seat) for one, seat in zip(party, window, strict=True)):
            return False
        ejected = [
            other
            for occupant, seat in zip(party, window, strict=True)
            for other in self.on_seat[seat.pk]
            if other.party != occupant.party and _meet(other.legs, occupant.legs)
        ]
        moved = [*party, *ejected]
        before, cost = {one.key: self.seat_of[one.key] for one in moved}, self._cost_with({}, moved)
        for one in moved:
            self._take(one)
        for one, seat in zip(party, window, strict=True):
            self._put(one, seat)
        if all(self._place(one) for one in ejected) and self._cost_with({}, moved) < cost:
            return True
        for one in moved:
            if one.key in self.seat_of:
                self._take(one)
        for one in moved:
            self._put(one, before[one.key])
        return False

    def _try(self, change: Mapping[int, Seat], moved: Sequence[SeatHolder]) -> bool:
        """Make a change that is possible, if it is better."""
        before = self._cost_with({}, moved)
        if self._cost_with(change, moved) >= before:
            return False
        for occupant in moved:
            self._take(occupant)
        for occupant in moved:
            self._put(occupant, change[occupant.key])
        return True

    def _cost_with(self, change: Mapping[int, Seat], moved: Sequence[SeatHolder]) -> int:
        """What these occupants and their parties cost, with the change made."""
        before = {key: self.seat_of.get(key) for key in change}
        self.seat_of.update(change)
        parties = {occupant.party: None for occupant in moved}
        cost = sum(seat_cost(occupant, self.seat_of[occupant.key]) for occupant in moved)
        cost += sum(party_cost(self.party_of[party], self.seat_of) for party in parties)
        for key, seat in before.items():
            if seat is None:
                del self.seat_of[key]
            else:
                self.seat_of[key] = seat
        return cost

    def _may_sit(self, occupant: SeatHolder, seat: Seat) -> bool:
        others = (other for other in self.on_seat[seat.pk] if other is not occupant)
        return self.coach.fits(occupant, seat) and not any(
            _meet(other.legs, occupant.legs) for other in others
        )

    def _put(self, occupant: SeatHolder, seat: Seat) -> None:
        self.seat_of[occupant.key] = seat
        self.on_seat[seat.pk].append(occupant)

    def _take(self, occupant: SeatHolder) -> None:
        self.on_seat[self.seat_of.pop(occupant.key).pk].remove(occupant)


def _row(seat: Seat) -> tuple[int, int]:
    return seat.deck, seat.row


def _meet(one: range, two: range) -> bool:
    return one.start < two.stop and two.start < one.stop


def seat_cost(occupant: SeatHolder, seat: Seat) -> int:
    """How much worse this seat is than the one before."""
    before = occupant.seat
    cost = 0
    if seat.label != before.label or seat.kind != before.kind:
        cost = OTHER_LABEL if (seat.kind, seat.is_window) == (before.kind, before.is_window) else OTHER_PLACE
    if before.kind == SeatKind.PREMIUM and seat.kind != SeatKind.PREMIUM:
        cost += WORSE_CLASS
    return cost


def party_cost(party: Collection[SeatHolder], seat_of: Mapping[int, Seat]) -> int:
    """How far apart a party sits, as far as it has seats."""
    seats = [(occupant, seat_of[occupant.key]) for occupant in party if occupant.key in seat_of]
    if len(seats) < 2:
        return 0
    rows, decks = [seat.row for _one, seat in seats], [seat.deck for _one, seat in seats]
    cost = ROW_OF_PARTY * (max(rows) - min(rows)) + DECK_OF_PARTY * (max(decks) - min(decks))
    adults = [seat for occupant, seat in seats if occupant.is_adult]
    for occupant, seat in seats:
        if occupant.is_child and not any(_beside(seat, other) for other in adults):
            cost += CHILD_ALONE
    return cost


def _beside(one: Seat, two: Seat) -> bool:
    return (one.deck, one.row) == (two.deck, two.row) and abs(one.column - two.column) == 1


def why(before: Seat, after: Seat) -> str:
    """ "14C → 12C, row kept": a move in the fewest words; empty if it is none."""
    if before.label == after.label:
        return ""
    reasons = []
    if before.row == after.row:
        reasons.append("row kept")
    if before.is_window and after.is_window:
        reasons.append("window kept")
    return ", ".join([f"{before.label} → {after.label}", *reasons])
