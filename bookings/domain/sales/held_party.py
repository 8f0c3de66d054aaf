"""The party of a hold: who travels on its seats, as the draft keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from bookings.base.errors import PartyMismatch
from bookings.domain.fares.prices import lap_types
from bookings.models import Seat, SeatKind

PricedSeat = TypeVar("PricedSeat", bound=tuple[Seat, Any])


def check_seats(types: Sequence[str], seats: int) -> None:
    """Raises PartyMismatch unless there is a seat for each of these passengers and no more. No types: the
    party is not known yet.
    """
    if types and len(types) != seats:
        raise PartyMismatch(seats, len(types))


def in_order(seats: Sequence[PricedSeat], in_wheelchairs: Collection[int]) -> list[PricedSeat]:
    """The seats of a party in the order of its passengers, those for wheelchairs at the places of whoever
    uses one; the others keep their order.
    """
    if not in_wheelchairs:
        return list(seats)
    places = [seat for seat in seats if seat[0].kind == SeatKind.ACCESSIBLE][: len(in_wheelchairs)]
    others = [seat for seat in seats if seat not in places]
    return [(places if place in in_wheelchairs else others).pop(0) for place in range(len(seats))]


def draft_for(
    draft: Mapping[str, Any], count: int, types: Sequence[str], *, laps: Sequence[str] = ()
) -> dict[str, Any]:
    """The draft for `count` passengers with seats, of these types if they are known, and those on `laps`, who
    come last.

    Whoever was typed already stays, and the rest get the types that are left. Where fewer travel than were
    typed, those go who travel as none of the types.
    """
    typed = draft.get("passengers", [])
    of_lap = set(lap_types()) if typed else set()
    if not types:
        seated = [passenger for passenger in typed if passenger.get("passenger_type") not in of_lap][:count]
        seated += [{} for _seat in range(count - len(seated)) if laps]
        return {**draft, "passengers": seated + _on_laps(typed, laps)}
    on_laps = _on_laps(typed, laps)
    typed = [passenger for passenger in typed if passenger.get("passenger_type") not in of_lap]
    left = Counter(types)
    stays: set[int] = set()
    for is_asked_for in (True, False):
        for place, passenger in enumerate(typed):
            if place in stays or len(stays) == len(types):
                continue
            slug = passenger.get("passenger_type", "")
            if is_asked_for and not left[slug]:
                continue
            left[slug if is_asked_for else next(kind for kind in types if left[kind])] -= 1
            stays.add(place)
    passengers = [passenger for place, passenger in enumerate(typed) if place in stays]
    for slug in types:
        if left[slug]:
            left[slug] -= 1
            passengers.append({"passenger_type": slug})
    return {**draft, "passengers": passengers + on_laps}


def _on_laps(typed: Sequence[Mapping[str, Any]], laps: Sequence[str]) -> list[Mapping[str, Any]]:
    """Those on laps, with the names that were typed for them."""
    of_lap = set(lap_types()) if typed else set()
    known = [passenger for passenger in typed if passenger.get("passenger_type") in of_lap]
    new = [{"passenger_type": slug} for slug in laps]
    return [*known, *new[len(known) :]][: len(laps)]
