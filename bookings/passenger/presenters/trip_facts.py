"""What one must know of a trip before paying, the same under each result, beside the seats and on the review.

Strings, as a list of departures has it in each row: "results, list made anew" of the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from bookings.base.dates import day_mark, time_text
from bookings.cache.reference_data import cached
from bookings.domain.fares.refund_lines import class_changes, class_refunds
from bookings.domain.search.offers import Offer
from bookings.domain.timetable.call_times import expected_times
from bookings.domain.timetable.segments import Segment, calls_of_routes
from bookings.domain.timetable.trip_facts import StopFacts, TripFacts, trip_facts
from bookings.models import Amenity, FareClass, RouteStop
from bookings.web.fragments import fill

_FACT: Final = "<div><dt>{}</dt><dd>{}</dd></div>"
_MAP: Final = ' <a href="{}" target="_blank" rel="noreferrer">{}<span class="visually-hidden">: {}</span></a>'
_HOUR: Final = timedelta(hours=1)
_HOLE: Final = SafeString("\x00")  # where a time goes; no text of a database has it


@dataclass(frozen=True)
class OfferedTrip:
    """The part of a departure between two calls of its route, as it is on sale."""

    board: RouteStop
    alight: RouteStop
    boards_at: datetime
    amenities: tuple[str, ...]  # in words
    fare_classes: Sequence[FareClass]
    call_changes: str = ""  # what was told of its times, see domain.timetable.call_times

    @property
    def expected_at(self) -> datetime:
        """Where it boards."""
        return expected_times([self.boards_at, self.boards_at], self.call_changes, self.board.position)[0]

    @classmethod
    def of_offer(cls, offer: Offer) -> OfferedTrip:
        ends = offer.segment.board, offer.segment.alight
        return cls(*ends, offer.boards_at, offer.amenities, offer.fare_classes, offer.call_changes)

    @classmethod
    def of_segment(cls, segment: Segment, fare_classes: Sequence[FareClass]) -> OfferedTrip:
        names = segment.schedule.layout.amenities
        amenities = tuple(str(Amenity(name).label) for name in names if name in Amenity.values)
        ends, changes = (segment.board, segment.alight), segment.schedule.call_changes
        return cls(*ends, segment.boards_at, amenities, fare_classes, changes)


def trip_facts_of_offers(offers: Iterable[Offer], now: datetime) -> list[SafeString]:
    """For each of the offers: one query, none while the calls of their routes are cached."""
    trips = [OfferedTrip.of_offer(offer) for offer in offers]
    calls_of_routes(trip.board.route_id for trip in trips)
    return [trip_facts_list(trip, now) for trip in trips]


def trip_facts_list(trip: OfferedTrip, now: datetime, *, has_route: bool = True) -> SafeString:
    """The whole list, without the stops on the way unless `has_route`.

    It is made once an hour: each step of the refund terms is so many whole hours before boarding.
    """
    boards_at = trip.expected_at if trip.call_changes else trip.boards_at
    hours = -((now - boards_at) // _HOUR)
    classes = tuple(fare_class.pk for fare_class in trip.fare_classes)
    what: tuple[object, ...] = (
        trip.board.pk,
        trip.alight.pk,
        trip.boards_at,
        trip.amenities,
        classes,
        has_route,
    )
    hour = boards_at - hours * _HOUR
    if trip.call_changes:
        what += (trip.call_changes,)
    return cached(("trip facts of an hour", hours, *what), lambda: _facts_of_hour(trip, hour, has_route))


def _facts_of_hour(trip: OfferedTrip, now: datetime, has_route: bool) -> SafeString:
    """What all departures of the route have in common is made once."""
    facts = trip_facts(trip.board, trip.alight)
    times = facts.times(trip.boards_at)
    if trip.call_changes:
        times = expected_times(times, trip.call_changes, trip.board.position)
    if not has_route:
        times = [times[0], times[-1]]
    day = times[0].date()
    holes = [f"{times[0]:%H:%M}", time_text(times[0] - facts.check_in, day)]
    holes += [" ".join(filter(None, (f"{time:%H:%M}", day_mark(time.date(), day)))) for time in times[1:]]
    key = ("trip facts list", trip.board.pk, trip.alight.pk, trip.amenities, has_route)
    pieces = cached(key, lambda: _frame(facts, trip.amenities, has_route).split(_HOLE))
    html = "".join(chain.from_iterable(zip(pieces, [*holes, ""], strict=True)))
    zone = ZoneInfo(trip.board.stop.time_zone)
    refunds = class_refunds(trip.fare_classes, boards_at=times[0], now=now, zone=zone)
    changes = class_changes(trip.fare_classes, boards_at=times[0], zone=zone)
    last = f"{fill(_FACT, _('Refund'), _lines(refunds))}{fill(_FACT, _('Change'), _lines(changes))}"
    return mark_safe(f"{html}{last}</dl>")


def _frame(facts: TripFacts, amenities: Iterable[str], has_route: bool) -> str:
    """The list with holes for the times; without its last facts, which time changes."""
    board, *between, alight = facts.stops
    check_in = fill("<br>{}", _("Please be there by %(time)s.") % {"time": _HOLE})
    calls = [fill('<span class="nowrap">{} {}</span>', _HOLE, stop.city) for stop in between]
    rows = [
        (_("From"), SafeString(_end(board) + check_in)),
        (_("On the way"), SafeString(", ".join(calls if has_route else []))),
        (_("To"), _end(alight)),
        (_("Luggage"), facts.luggage),
        (_("Papers"), facts.papers),
        (_("On board"), ", ".join(amenities)),
    ]
    return '<dl class="trip-facts">' + "".join(fill(_FACT, name, fact) for name, fact in rows if fact)


def _end(stop: StopFacts) -> SafeString:
    place = stop.name if stop.name == stop.city else f"{stop.city}, {stop.name}"
    address = fill("<br>{}", stop.address) if stop.address else ""
    on_map = fill(_MAP, stop.map_address, _("Map"), place) if stop.map_address else ""
    return fill("<b>{}</b> {}{}{}", _HOLE, place, address, on_map)


def _lines(texts: Iterable[str]) -> SafeString:
    return SafeString("<br>".join(map(escape, texts)))
