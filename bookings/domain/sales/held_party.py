"""The party of a hold: who travels on its seats, as the draft keeps it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bookings.base.errors import PartyMismatch


def check_seats(types: Sequence[str], seats: int) -> None:
    """Raises PartyMismatch unless there is a seat for each of these passengers and no more. No types: the
    party is not known yet.
    """
    if types and len(types) != seats:
        raise PartyMismatch(seats, len(types))


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
