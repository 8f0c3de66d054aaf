"""Free seats of many departures at once, by class, for lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from bookings.cache.reference_data import cached
from bookings.domain.search.segments import Departure
from bookings.models import Amenity, Seat, SeatClaim, SeatKind

Taken = Mapping[int, Mapping[str, int]]  # departure: kind of seat: number
TakenUntil = tuple[Taken, datetime | None]  # with when the first of those claims runs out


@dataclass(frozen=True)
class Coach:
    """A layout as a list shows it."""

    name: str
    amenities: tuple[str, ...]
    seats: Mapping[str, int]  # for sale, by kind


def coaches(layout_ids: Iterable[int]) -> dict[int, Coach]:
    """The layouts with their sellable seats by kind: one query, none while they are cached."""
    ids = frozenset(layout_ids)
    return cached(("coaches", ids), lambda: _read_coaches(ids))


def _read_coaches(ids: frozenset[int]) -> dict[int, Coach]:
    rows = Seat.objects.filter(layout__in=ids).exclude(kind=SeatKind.CREW).order_by()
    rows = rows.values_list("layout_id", "layout__name", "layout__amenities", "kind").annotate(number=Count("pk"))
    found: dict[int, Coach] = {}
    for layout, name, amenities, kind, number in rows:
        if layout not in found:
            words = tuple(str(Amenity(each).label) for each in amenities if each in Amenity.values)
            found[layout] = Coach(name, words, {})
        found[layout].seats[kind] = number  # type: ignore[index]
    return found


def taken_until(departures: Iterable[Departure], *, now: datetime) -> TakenUntil:
    """How many seats are claimed on the legs of each departure's segment, and when the first of those claims runs out: one query."""
    by_legs: dict[tuple[int, int], list[int]] = {}
    for each in departures:
        by_legs.setdefault((each.segment.board.position, each.segment.alight.position), []).append(each.id)
    wanted = Q(pk__in=[])
    for (first, end), ids in by_legs.items():
        wanted |= Q(schedule__in=ids, leg__gte=first, leg__lt=end)
    rows = SeatClaim.objects.filter(wanted).live(now).order_by().values_list("schedule_id", "seat__kind")
    taken: dict[int, dict[str, int]] = {}
    expiries = []
    for schedule, kind, number, expiry in rows.annotate(number=Count("seat_id", distinct=True), expiry=Min("expires_at")):
        taken.setdefault(schedule, {})[kind] = number
        if expiry:
            expiries.append(expiry)
    return taken, min(expiries, default=None)


def taken_by_kind(departures: Iterable[Departure], *, now: datetime) -> Taken:
    return taken_until(departures, now=now)[0]
