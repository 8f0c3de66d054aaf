"""What a passenger must know of a trip before paying for it, and is told again on the ticket.

Its stops with their addresses, what luggage it takes and which papers it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.cache.reference_data import cached
from bookings.domain.timetable.segments import route_calls
from bookings.models import RouteStop, Stop

CHECK_IN: Final = timedelta(minutes=30)
CHECK_IN_AT_BORDER: Final = timedelta(minutes=60)
_LUGGAGE_KG: Final = 20
_LUGGAGE_KG_AT_BORDER: Final = 30


@dataclass(frozen=True)
class StopFacts:
    """A stop of a trip, `minutes` after boarding."""

    minutes: int
    name: str  # of the stop
    city: str
    address: str
    map_address: str  # of a page with a map; empty if nobody said where it is
    time_zone: str


@dataclass(frozen=True)
class TripFacts:
    """The same for every departure of the route."""

    stops: tuple[StopFacts, ...]  # all that the coach calls at, from boarding to getting off
    check_in: timedelta  # before departure
    luggage: str
    papers: str

    def times(self, boards_at: datetime) -> list[datetime]:
        """When a coach calls at the stops, by the clock there."""
        return [
            (boards_at + timedelta(minutes=stop.minutes)).astimezone(ZoneInfo(stop.time_zone))
            for stop in self.stops
        ]


def trip_facts(board: RouteStop, alight: RouteStop) -> TripFacts:
    """What to know between two calls of a route: one query, none while the route's calls are cached.

    A list asks `calls_of_routes` for all of its routes first.
    """
    return cached(("trip facts", board.pk, alight.pk), lambda: _read(board, alight))


def _read(board: RouteStop, alight: RouteStop) -> TripFacts:
    calls = _calls_between(board, alight)
    border = crosses_border(board, alight)
    return TripFacts(
        stops=tuple(_stop_facts(call, board, alight) for call in calls),
        # Where nobody knows, be early and carry little: either is right on both sides of a border.
        check_in=CHECK_IN if border is False else CHECK_IN_AT_BORDER,
        luggage=luggage_text(is_abroad=bool(border)),
        papers=papers_text(border),
    )


def luggage_text(*, is_abroad: bool) -> str:
    kilos = _LUGGAGE_KG_AT_BORDER if is_abroad else _LUGGAGE_KG
    return _("2 pieces, together up to %(kilos)d kg, and one small bag") % {"kilos": kilos}


def _stop_facts(call: RouteStop, board: RouteStop, alight: RouteStop) -> StopFacts:
    stop = call.stop
    minutes = call.arrive_min if call.position == alight.position else call.depart_min
    return StopFacts(
        minutes - board.depart_min, stop.name, stop.city.name, stop.address, map_address(stop), stop.time_zone
    )


def map_address(stop: Stop) -> str:
    """A page with a map of the place; empty if nobody said where the stop is."""
    if stop.latitude is None or stop.longitude is None:
        return ""
    place = f"{stop.latitude:.5f}", f"{stop.longitude:.5f}"
    return "https://www.openstreetmap.org/?mlat={}&mlon={}#map=17/{}/{}".format(*place, *place)


def _calls_between(board: RouteStop, alight: RouteStop) -> list[RouteStop]:
    calls = route_calls(board.route_id)
    return [call for call in calls if board.position <= call.position <= alight.position]


def crosses_border(board: RouteStop, alight: RouteStop) -> bool | None:
    """Whether the coach calls in another country on the way; None if nobody said in which it calls."""
    countries = {call.stop.city.country for call in _calls_between(board, alight)}
    if len(countries - {""}) > 1:
        return True
    return None if "" in countries else False


def papers_text(border: bool | None) -> str:
    """Which papers a trip needs that crosses a border, does not, or of which nobody knows."""
    if border is None:
        return _("Bring an identity document, and a passport if you cross a border.")
    if border:
        return _("Bring a passport that is valid for this border.")
    return _("Bring an identity document.")
