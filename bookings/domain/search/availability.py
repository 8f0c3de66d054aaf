"""Free seats of many departures at once, by class, for lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from bookings.cache.reference_data import cached
from bookings.database.statements import SelectStatement
from bookings.domain.search.segments import Departure
from bookings.models import Amenity, Seat, SeatClaim, SeatKind

TakenByDeparture = Mapping[int, Mapping[str, int]]  # departure: kind of seat: number
TakenSeats = tuple[TakenByDeparture, datetime | None]  # with when the first of those claims runs out


@dataclass(frozen=True)
class LayoutSeats:
    """A layout as a list shows it."""

    name: str
    amenities: tuple[str, ...]
    seats: Mapping[str, int]  # for sale, by kind


def find_layouts(layout_ids: Iterable[int]) -> dict[int, LayoutSeats]:
    """The layouts with their sellable seats by kind: one query, none while they are cached."""
    ids = frozenset(layout_ids)
    return cached(("layouts", ids), lambda: _read_layouts(ids))


def _read_layouts(ids: frozenset[int]) -> dict[int, LayoutSeats]:
    rows = Seat.objects.filter(layout__in=ids).exclude(kind=SeatKind.CREW).order_by()
    counted = rows.values_list("layout_id", "layout__name", "layout__amenities", "kind").annotate(
        number=Count("pk")
    )
    layouts: dict[int, LayoutSeats] = {}
    seats: dict[int, dict[str, int]] = {}
    for layout, name, amenities, kind, number in counted:
        if layout not in layouts:
            labels = tuple(str(Amenity(amenity).label) for amenity in amenities if amenity in Amenity.values)
            layouts[layout] = LayoutSeats(name, labels, seats.setdefault(layout, {}))
        seats[layout][kind] = number
    return layouts


_TAKEN: Final = """
    SELECT c.schedule_id, s.kind, COUNT(DISTINCT c.seat_id), MIN(c.expires_at) FROM {trips}
    JOIN bookings_seatclaim c ON c.schedule_id = {schedule} AND c.leg >= {first} AND c.leg < {until}
    JOIN bookings_seat s ON s.id = c.seat_id
    WHERE c.expires_at IS NULL OR c.expires_at > %s GROUP BY c.schedule_id, s.kind"""
_TAKEN_ON_TRIPS: Final = SelectStatement(
    SeatClaim,
    ["schedule", "", "", "expires_at"],
    postgresql=_TAKEN.format(
        trips="unnest(%s::bigint[], %s::int[], %s::int[]) AS t(schedule, first, until)",
        schedule="t.schedule",
        first="t.first",
        until="t.until",
    ),
    sqlite=_TAKEN.format(
        trips="json_each(%s) t JOIN json_each(%s) a ON a.key = t.key JOIN json_each(%s) z ON z.key = t.key",
        schedule="t.value",
        first="a.value",
        until="z.value",
    ),
)


def taken_until(departures: Iterable[Departure], *, now: datetime) -> TakenSeats:
    """How many seats are claimed on the legs of each departure's segment, and when the first of those claims
    runs out: one query.
    """
    trips = [
        (departure.id, departure.segment.board.position, departure.segment.alight.position)
        for departure in departures
    ]
    schedules, firsts, ends = (list(column) for column in zip(*trips, strict=True)) if trips else ([], [], [])
    taken: dict[int, dict[str, int]] = {}
    expiries = []
    for schedule, kind, number, expiry in _TAKEN_ON_TRIPS.fetch(schedules, firsts, ends, now):
        taken.setdefault(schedule, {})[kind] = number
        if expiry:
            expiries.append(expiry)
    return taken, min(expiries, default=None)


def taken_by_kind(departures: Iterable[Departure], *, now: datetime) -> TakenByDeparture:
    return taken_until(departures, now=now)[0]
