"""The page of one departure: its calls, its seats, and what can be done about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from bookings.base.dates import duration_text
from bookings.cache.reference_data import single_version_check
from bookings.domain.inventory.seats import SeatMap, revision_of, seat_map
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import StopCall, TripView, stop_calls, trip_view
from bookings.models import Hold, Schedule


@dataclass(frozen=True)
class FirstTrip:
    """The trip that is held already, while the seats of the way back are chosen."""

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
    calls: tuple[StopCall, ...]
    duration: str
    day: date  # at the boarding stop
    from_city: str  # slug
    to_city: str
    first_trip: FirstTrip | None = None

    @property
    def segment(self) -> Segment:
        return self.seats.segment

    @property
    def is_open(self) -> bool:
        return self.state == "open"


@single_version_check()
def departure_view(
    segment: Segment, *, now: datetime, owner: str = "", hold: str = "", wheelchairs: int = 0
) -> DepartureView:
    """All that the seat map's page shows, in a constant number of queries.

    `hold` is the token of the way out, while the way back is chosen; `wheelchairs` of the party use one.
    """
    seats = seat_map(segment, now=now, owner=owner, takes_wheelchair_places=wheelchairs > 0)
    return DepartureView(
        seats=seats,
        rev=revision_of(segment, seats.live, now),
        state=_state(segment, seats),
        trip=trip_view(segment),
        calls=stop_calls(segment.schedule),
        duration=duration_text(segment.minutes),
        day=segment.boards_local.date(),
        from_city=segment.board.stop.city.slug,
        to_city=segment.alight.stop.city.slug,
        first_trip=_first_trip(hold, segment, owner, now) if hold and owner else None,
    )


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
    for trip in held.trips.exclude(schedule=segment.schedule.pk).select_related(
        "from_stop__stop__city", "to_stop__stop__city"
    ):
        title = _("%(origin)s → %(destination)s") % {
            "origin": trip.from_stop.stop.city.name,
            "destination": trip.to_stop.stop.city.name,
        }
        left = max(0, int((held.expires_at - now).total_seconds()))
        return FirstTrip(token, title, trip.seats.count(), left)
    return None
