"""The party of a hold: who travels on its seats, as the draft keeps it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from bookings.base.errors import PartyMismatch
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


def draft_for(draft: Mapping[str, Any], count: int, types: Sequence[str]) -> dict[str, Any]:
    """The draft for `count` passengers of these types, if the types are known.

    Whoever was typed already stays, and the rest get the types that are left. Where fewer travel than were
    typed, those go who travel as none of the types.
    """
    typed = draft.get("passengers", [])
    if not types:
        return {**draft, "passengers": typed[:count]}
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
    return {**draft, "passengers": passengers}
