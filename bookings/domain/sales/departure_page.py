"""The page of one departure: its road, its seats, and what can be done about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from bookings.cache.reference_data import single_version_check
from bookings.domain.inventory.seats import SeatMap, revision_of, ride_revision, seat_map
from bookings.domain.sales.holds import hold_any, hold_seats
from bookings.domain.timetable.segments import Segment, get_segment
from bookings.domain.timetable.trips import CallView, TripView, duration_text, route_line, trip_view
from bookings.models import Amenity, Hold, Schedule


@dataclass(frozen=True)
class FirstTrip:
    """The ride that is held already, while the seats of the other one are chosen."""

    token: str
    title: str
    seats: int
    seconds_left: int


@dataclass(frozen=True)
class DepartureView:
    seats: SeatMap
    rev: str
    state: str  # open, sold_out, closed, cancelled
    trip: TripView
    calls: tuple[CallView, ...]
    duration: str
    day: date  # at the boarding stop
    from_city: str  # slug
    to_city: str
    amenities: tuple[tuple[str, str], ...]
    first_trip: FirstTrip | None = None

    @property
    def segment(self) -> Segment:
        return self.seats.segment

    @property
    def is_open(self) -> bool:
        return self.state == "open"


@single_version_check()
def departure_view(schedule_id: int, from_ref: str, to_ref: str, *, now: datetime, owner: str = "", hold: str = "") -> DepartureView:
    """All that the seat map's page shows, in a constant number of queries. `hold` is the way out that this ride is the way back of."""
    segment = get_segment(schedule_id, from_ref, to_ref)
    seats = seat_map(segment, now=now, owner=owner)
    amenities = [name for name in segment.schedule.layout.amenities if name in Amenity.values]
    return DepartureView(
        seats=seats,
        rev=revision_of(segment, seats.live, now),
        state=_state(segment, seats),
        trip=trip_view(segment),
        calls=route_line(segment),
        duration=duration_text(segment.minutes),
        day=segment.boards_local.date(),
        from_city=segment.board.stop.city.slug,
        to_city=segment.alight.stop.city.slug,
        amenities=tuple((name, str(Amenity(name).label)) for name in amenities),
        first_trip=_first_trip(hold, segment, owner, now) if hold and owner else None,
    )


@dataclass(frozen=True)
class HeldRide:
    token: str
    seats: int
    from_city: str  # slug
    to_city: str


def hold_ride(
    schedule_id: int, from_ref: str, to_ref: str, *, labels: Collection[str] = (), count: int = 0, fare_class: str = "", **options: Any
) -> HeldRide:
    """Keep the seats `labels` for a visitor, or `count` of our choice. See `holds` for the options and for what is raised."""
    segment = get_segment(schedule_id, from_ref, to_ref)
    if count:
        hold = hold_any(segment, count, fare_class=fare_class, **options)
    else:
        hold = hold_seats(segment, labels, **options)
    return HeldRide(hold.token, count or len(set(labels)), segment.board.stop.city.slug, segment.alight.stop.city.slug)


def seats_unchanged(schedule_id: int, from_ref: str, to_ref: str, rev: str, *, now: datetime) -> bool:
    """Whether a seat map that was drawn at `rev` still tells the truth; cheap, as open pages ask again and again."""
    return rev == ride_revision(get_segment(schedule_id, from_ref, to_ref), now)


def _state(segment: Segment, seats: SeatMap) -> str:
    if segment.schedule.status == Schedule.Status.CANCELLED:
        return "cancelled"
    if not seats.is_on_sale:
        return "closed"
    return "open" if seats.free else "sold_out"


def _first_trip(token: str, segment: Segment, owner: str, now: datetime) -> FirstTrip | None:
    held = Hold.objects.filter(token=token, owner=owner, order__isnull=True).first()
    if held is None:
        return None
    for trip in held.trips.exclude(schedule=segment.schedule.pk).select_related("from_stop__stop__city", "to_stop__stop__city"):
        title = _("%(origin)s → %(destination)s") % {
            "origin": trip.from_stop.stop.city.name,
            "destination": trip.to_stop.stop.city.name,
        }
        left = max(0, int((held.expires_at - now).total_seconds()))
        return FirstTrip(token, title, trip.seats.count(), left)
    return None
