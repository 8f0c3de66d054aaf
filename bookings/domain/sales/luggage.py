"""Extra luggage of a purchase: what its passengers take along, kept with their seats until it is ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bookings.base.money import ZERO
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.fares.luggage import NO_LUGGAGE, PricedLuggage, price_luggage, read_pieces
from bookings.domain.inventory.claims import lock_schedules_of_hold
from bookings.domain.inventory.luggage import check_luggage
from bookings.domain.sales.held_trips import hold_trips, locked_hold
from bookings.domain.timetable.segments import Segment
from bookings.models import HoldTrip


def draft_pieces(draft: Mapping[str, Any]) -> list[int]:
    """How many extra pieces each passenger of a draft takes along, on every trip."""
    return [read_pieces(passenger.get("luggage", "")) for passenger in draft.get("passengers", [])]


def trip_luggage(trip: HoldTrip, draft: Mapping[str, Any]) -> list[PricedLuggage]:
    """The extra pieces of each passenger of a draft on a held trip, in the class of their seat; those on laps
    in that of the first. No query where there are none. Raises LuggageRefused.
    """
    pieces = draft_pieces(draft)
    if not any(pieces):
        return [NO_LUGGAGE] * len(pieces)
    seats, line_id = trip.seats.all(), trip.schedule.route.line_id
    return [
        price_luggage(
            number, line_id=line_id, class_id=seats[index if index < len(seats) else 0].fare_class_id
        )
        for index, number in enumerate(pieces)
    ]


def luggage_total(luggage: Sequence[Sequence[PricedLuggage]]) -> Decimal:
    """Of all trips and passengers, in rand."""
    return sum((of_passenger.total for of_trip in luggage for of_passenger in of_trip), ZERO)


def check_held_luggage(trips: Sequence[HoldTrip], draft: Mapping[str, Any], *, now: datetime) -> None:
    """Raises LuggageFull unless each coach takes what the draft says, kept with the hold or not. The caller
    holds the locks of the departures. No query where there is none, or all of it is kept.
    """
    pieces = sum(draft_pieces(draft))
    for trip in trips:
        if pieces > trip.extra_luggage:
            segment = Segment(trip.schedule, trip.from_stop, trip.to_stop)
            check_luggage(segment, pieces, hold=trip.hold, now=now)


def keep_luggage(token: str, *, owner: str, now: datetime | None = None) -> None:
    """Keep the extra pieces of the draft with the seats of a live hold, on every trip, until it expires.

    All of them or nothing: raises LuggageFull or LuggageRefused, and what was kept before stays.
    """
    with short_transaction():
        lock_schedules_of_hold(token)
        hold, now = locked_hold(token, owner), now or database_now()
        if hasattr(hold, "order") or hold.expires_at <= now:
            return
        trips = hold_trips(token)
        for trip in trips:
            trip_luggage(trip, hold.draft)
        check_held_luggage(trips, hold.draft, now=now)
        HoldTrip.objects.filter(hold=hold).update(extra_luggage=sum(draft_pieces(hold.draft)))
