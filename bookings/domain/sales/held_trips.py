"""A hold as it is read: locked by who is about to change it, or with all that a page shows of its trips."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.cache.reference_data import note_version, single_version_check, with_version
from bookings.database.compiled import compiled, set_related_rows
from bookings.database.transactions import DatabaseClock, database_now
from bookings.domain.fares.prices import fare_classes
from bookings.domain.inventory.seat_choice import seats_by_id
from bookings.domain.timetable.segments import load_segments
from bookings.models import Hold, HoldSeat, HoldTrip, Seat, SeatKind


def locked_hold(token: str, owner: str) -> Hold:
    """The hold of this visitor, locked. Raises NotFound for a foreign or unknown token."""
    holds = _locked_holds(token, owner) if owner else []
    if not holds:
        raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))
    return holds[0]


@compiled
def _locked_holds(token: str, owner: str) -> QuerySet[Hold]:
    return (
        Hold.objects.select_for_update(of=("self",)).select_related("order").filter(token=token, owner=owner)
    )


@single_version_check()
def hold_trips(token: str, *, owner: str = "") -> list[HoldTrip]:
    """The trips of a hold with all that a page shows of them, the hold itself and its order.

    None of another's, if an `owner` is named.
    """
    trips: dict[int, HoldTrip] = {}
    seats: dict[int, list[HoldSeat]] = {}
    for held in note_version(_held_seats(token)):
        if owner and held.trip.hold.owner != owner:
            return []
        trips.setdefault(held.trip_id, held.trip)
        seats.setdefault(held.trip_id, []).append(held)
    classes = {fare_class.pk: fare_class for fare_class in fare_classes()} if trips else {}
    for trip in load_segments(trips.values()):
        layout = seats_by_id(trip.schedule.layout_id)
        for held in seats[trip.pk]:
            held.trip, held.seat, held.fare_class = (
                trip,
                layout[held.seat_id],
                classes[held.fare_class_id],
            )
        set_related_rows(trip, "seats", seats[trip.pk])
    return list(trips.values())


@compiled
def _held_seats(token: str) -> QuerySet[HoldSeat]:
    seats = HoldSeat.objects.select_related("trip__schedule", "trip__hold__order")
    return with_version(seats.filter(trip__hold__token=token).annotate(clock=DatabaseClock())).order_by(
        "trip__position", "position"
    )


def wheelchair_places(
    hold: Hold, seats: Sequence[Seat], wheelchairs: int, *, besides: HoldTrip | None
) -> set[int]:
    """The places in the party of those who use a wheelchair: as on another trip of the hold than `besides`,
    where it has one, else by who has such a seat. One query, none without wheelchairs.
    """
    if not wheelchairs:
        return set()
    held = HoldSeat.objects.filter(trip__hold=hold, for_wheelchair=True)
    others = held.exclude(trip=besides) if besides else held
    by_seat = [place for place, seat in enumerate(seats) if seat.kind == SeatKind.ACCESSIBLE]
    return set(others.values_list("position", flat=True)) or set(by_seat[:wheelchairs])


def time_of_reading(trips: Sequence[HoldTrip]) -> datetime:
    """When `hold_trips` has read these, by the database's clock."""
    return (trips and getattr(trips[0].seats.all()[0], "clock", None)) or database_now()


def hold_country(token: str) -> str:
    """The ISO code of the country where the first trip of a hold starts; empty if unknown. One query."""
    trips = HoldTrip.objects.filter(hold__token=token).order_by("pk")
    return trips.values_list("from_stop__stop__city__country", flat=True).first() or ""
