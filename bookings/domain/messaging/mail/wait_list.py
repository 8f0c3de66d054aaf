"""The mails about a place on a wait list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.domain.sales.held_trips import hold_trips
from bookings.domain.sales.wait_list import token_of, trips_of
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import TripView, clock_text, trip_view
from bookings.models import OutboxMessage, WaitListEntry


def joined_mail(message: OutboxMessage) -> tuple[str, dict[str, Any]] | None:
    """Its subject and what its template wants; None when the party has left the list."""
    entry = WaitListEntry.objects.get(pk=message.row_id)
    if entry.end:
        return None
    trips = _trips(entry)
    return (
        _("Confirm your place on the wait list: %(trip)s") % {"trip": trips[0].title},
        {"trips": trips, "link": _address(entry)},
    )


def offer_mail(message: OutboxMessage, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """None when the seats are not kept any more."""
    entry = WaitListEntry.objects.select_related("offer").get(pk=message.row_id)
    if entry.offer is None or not entry.is_offered(now):
        return None
    trip = hold_trips(entry.offer.token)[0]
    view = trip_view(Segment(trip.schedule, trip.from_stop, trip.to_stop))
    until = clock_text(entry.offer.expires_at, now)
    return (
        _("Seats are free: %(trip)s, yours until %(until)s") % {"trip": view.title, "until": until},
        {"trips": [view], "until": until, "seats": trip.seats.count(), "link": _address(entry)},
    )


def _trips(entry: WaitListEntry) -> list[TripView]:
    return [trip_view(Segment(trip.schedule, trip.from_stop, trip.to_stop)) for trip in trips_of(entry)]


def _address(entry: WaitListEntry) -> str:
    return f"{settings.SITE_URL}/wait-list/{token_of(entry)}/"
