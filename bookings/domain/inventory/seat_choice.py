"""Which seats to offer. Pure: it is told what is free and answers with seats."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal, SeatTaken, SoldOut
from bookings.cache.reference_data import cached
from bookings.domain.fares.prices import SoldClass, cheapest_together
from bookings.models import Seat, SeatKind

_OTHER_DECK: Final = 1000
_OTHER_ROW: Final = 10
_ACCESSIBLE: Final = 200  # kept for those who need it while anything else is free


@dataclass(frozen=True)
class SeatAvailability:
    """The seats of a departure that are sold at all, from the front, and which of them are taken on a
    segment.
    """

    seats: Sequence[Seat]
    taken: Collection[int]
    used_elsewhere: Collection[
        int
    ] = ()  # claimed on other legs: best filled first, so that whole journeys stay free
    is_wheelchair_kept: bool = False  # places for wheelchairs are for those who declare one

    @cached_property
    def free(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.id not in self.taken]

    def is_for_all(self, seat: Seat, given: Collection[Seat] = ()) -> bool:
        """Whether anybody may have this free seat, which is none of those `given` already."""
        is_kept = self.is_wheelchair_kept and seat.kind == SeatKind.ACCESSIBLE
        return not is_kept and seat not in given


def layout_seats(layout_id: int) -> list[Seat]:
    """All seats of a layout, from the front."""
    return list(cached(("seats", layout_id), lambda: _read_seats(layout_id)))


def seats_by_id(layout_id: int) -> dict[int, Seat]:
    return cached(("seats by id", layout_id), lambda: {seat.pk: seat for seat in layout_seats(layout_id)})


def _read_seats(layout_id: int) -> list[Seat]:
    seats = Seat.objects.filter(layout=layout_id).select_related("layout")
    return list(seats.order_by("deck", "row", "column"))


def sold_seats(layout_id: int) -> list[Seat]:
    """Those that are sold at all."""
    key = ("sold seats", layout_id)
    return cached(key, lambda: [seat for seat in layout_seats(layout_id) if seat.kind != SeatKind.CREW])


def named_seats(coach: SeatAvailability, labels: Collection[str], *, wheelchairs: int = 0) -> list[Seat]:
    """The seats with these labels in the order of the coach, for a party with so many `wheelchairs`.

    Raises SeatTaken with the nearest free ones, Refusal for a wrong label, for a wheelchair without a place,
    and for a place for one that is kept for others.
    """
    requested = {label.strip().upper() for label in labels}
    if not requested:
        raise Refusal(_("Choose at least one seat."))
    seats = [seat for seat in coach.seats if seat.label.upper() in requested]
    if len(seats) != len(requested):
        unknown = sorted(requested - {seat.label.upper() for seat in seats})
        raise Refusal(_("This coach has no seat %(labels)s.") % {"labels": ", ".join(unknown)[:40]})
    gone = [seat for seat in seats if seat.pk in coach.taken]
    if gone:
        raise SeatTaken(
            [seat.label for seat in gone],
            [seat.label for seat in nearest(coach, gone[0], len(gone), avoid=seats)],
        )
    places = [seat for seat in seats if seat.kind == SeatKind.ACCESSIBLE]
    if len(places) < wheelchairs:
        raise Refusal(_("Please choose a wheelchair place for whoever uses a wheelchair."))
    if coach.is_wheelchair_kept and len(places) > wheelchairs:
        raise Refusal(
            _(
                "Seat %(seat)s is kept for passengers who use a wheelchair. Choose another seat, "
                "or say that one of you uses a wheelchair."
            )
            % {"seat": places[-1].label}
        )
    return seats


def nearest(coach: SeatAvailability, seat: Seat, count: int, *, avoid: Collection[Seat] = ()) -> list[Seat]:
    """Free seats of the same kind, closest first; at least a few to choose from."""
    others = [other for other in coach.free if other.kind == seat.kind and other not in avoid]
    others.sort(
        key=lambda other: (
            abs(other.deck - seat.deck),
            abs(other.row - seat.row),
            abs(other.column - seat.column),
        )
    )
    return others[: max(count, 3)]


def seats_together(
    coach: SeatAvailability,
    count: int,
    classes: Sequence[SoldClass],
    *,
    fare_class: str = "",
    wheelchairs: int = 0,
) -> list[Seat]:
    """The cheapest `count` free seats that a party can have, as `cheapest_together` says, of `fare_class` if
    it is named; among equally cheap ones those that are closest together. In the order of the coach.
    Each of the party's `wheelchairs` has a place for one.

    Raises SoldOut when fewer are free.
    """
    by_class = [
        [seat for seat in coach.free if seat.kind in offered.kinds]
        for offered in classes
        if fare_class in ("", offered.fare_class.code)
    ]
    places = [seat for seats in by_class for seat in seats if seat.kind == SeatKind.ACCESSIBLE][:wheelchairs]
    if len(places) < wheelchairs:
        raise Refusal(_("There is no wheelchair place left on this departure."))
    by_class = [[seat for seat in seats if coach.is_for_all(seat, places)] for seats in by_class]
    given = cheapest_together([len(seats) for seats in by_class], count - wheelchairs)
    if sum(given) < count - wheelchairs:
        raise SoldOut(sum(given) + wheelchairs)
    settled = list(places)  # with those of the classes that give all that they have
    choice: list[Seat] = []  # of the one that has more
    for seats, number in zip(by_class, given, strict=True):
        if number == len(seats):
            settled += seats
        elif number:
            choice = seats
    free, rest = _columns(coach.free), count - len(settled)
    groups = (settled + choice[start : start + rest] for start in range(len(choice) - rest + 1))
    return min(
        (sorted(group, key=lambda seat: (seat.deck, seat.row, seat.column)) for group in groups),
        key=lambda group: _cost(coach, free, group),
    )


_Columns = Mapping[tuple[int, int], set[int]]  # of each deck and row


def _columns(seats: Sequence[Seat]) -> _Columns:
    columns: dict[tuple[int, int], set[int]] = {}
    for seat in seats:
        columns.setdefault((seat.deck, seat.row), set()).add(seat.column)
    return columns


def _cost(coach: SeatAvailability, free: _Columns, group: Sequence[Seat]) -> tuple[int, int, int]:
    first = group[0]
    spread = sum(
        _OTHER_DECK * abs(seat.deck - first.deck)
        + _OTHER_ROW * abs(seat.row - first.row)
        + abs(seat.column - first.column)
        for seat in group
    )
    accessible = _ACCESSIBLE * sum(seat.kind == SeatKind.ACCESSIBLE for seat in group)
    fresh = sum(seat.pk not in coach.used_elsewhere for seat in group)
    return spread + accessible, fresh, _lonely(free, group)


def _lonely(free: _Columns, group: Sequence[Seat]) -> int:
    """How many free seats beside the group would be left without a free neighbour."""
    lonely = 0
    for row, taken in _columns(group).items():
        left = free[row] - taken
        lonely += sum(column - 1 not in left and column + 1 not in left for column in left)
    return lonely
