"""Trips as an iCalendar file (RFC 5545); calendars match a later version of an event by its UID."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.dates import time_text
from bookings.domain.company.details import get_company
from bookings.domain.sales.booking_page import booking_segment, bookings_of
from bookings.domain.tickets.ticketed_trip import TicketedTrip, ticketed_trip_of
from bookings.models import Booking, SaleStatus, Schedule

_REMIND_BEFORE: Final = timedelta(hours=3)


def calendar_file(booking: Booking) -> bytes:
    """The calendar file of one booking. A cancelled booking yields a file that removes the event again."""
    return trips_calendar(
        [
            ticketed_trip_of(candidate)
            for candidate in bookings_of(booking.order)
            if candidate.pk == booking.pk
        ]
    )


def trips_calendar(trips: Sequence[TicketedTrip]) -> bytes:
    """One file for the trips of bookings, of which all or none must be cancelled."""
    from icalendar import Calendar  # slow to load, and few requests need it

    cancels = bool(trips) and all(trip.booking.status == SaleStatus.CANCELLED for trip in trips)
    calendar = Calendar()
    calendar.add("prodid", f"-//{get_company().trading_name}//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancels else "PUBLISH")
    for trip in trips:
        calendar.add_component(_event(trip))
    zones = [_time_zone(name) for name in sorted(calendar.get_missing_tzids(), reverse=True)]
    head, event, rest = bytes(calendar.to_ical()).partition(b"BEGIN:VEVENT")
    return b"".join([head, *zones, event, rest])  # before what refers to them


@lru_cache(maxsize=50)
def _time_zone(name: str) -> bytes:
    """A time zone's rules since 1970. Kept as text: computing and writing them takes longer than the rest of
    a mail.
    """
    from icalendar import Timezone  # slow to load, and few requests need it

    return bytes(Timezone.from_tzid(name).to_ical())


def _event(trip: TicketedTrip) -> Any:
    from icalendar import STATUS, Alarm, Event  # slow to load, and few requests need it

    booking, segment = trip.booking, booking_segment(trip.booking)
    does_not_run = booking.schedule.status == Schedule.Status.CANCELLED
    cancelled = booking.status == SaleStatus.CANCELLED or does_not_run
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    event = Event.new(
        uid=f"booking-{booking.pk}@{host}",
        stamp=booking.cancelled_at or booking.booking_date,
        start=segment.expected_boards_at.astimezone(segment.boards_local.tzinfo),
        end=segment.expected_alights_at.astimezone(segment.alights_local.tzinfo),
        summary=_("Coach %(trip)s") % {"trip": trip.view.title},
        location=", ".join(part for part in (trip.view.board_stop, trip.board_address) if part),
        description="\n".join(_lines(trip)),
        sequence=_sequence(booking),
        status=STATUS.CANCELLED if cancelled else STATUS.CONFIRMED,
    )
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", event["summary"])
        alarm.add("trigger", -_REMIND_BEFORE)
        event.add_component(alarm)
    return event


def _sequence(booking: Booking) -> int:
    """The event's SEQUENCE, which must grow with each change of status and each reissued ticket."""
    return booking.event_count + max((ticket.version for ticket in booking.tickets.all()), default=1) - 1


def _lines(trip: TicketedTrip) -> list[str]:
    segment = booking_segment(trip.booking)
    arrives = time_text(
        segment.expected_alights_at.astimezone(segment.alights_local.tzinfo), segment.boards_local.date()
    )
    lines = [_("Reference %(reference)s") % {"reference": trip.booking.booking_reference}]
    if trip.view.seats:
        lines.append(_("Seats %(seats)s") % {"seats": ", ".join(trip.view.seats)})
    if trip.change_note:
        lines.append(trip.change_note)
    lines += [
        _("Be at the stop by %(time)s.") % {"time": trip.check_in},
        _("You get off at %(stop)s, %(time)s.") % {"stop": trip.view.alight_stop, "time": arrives},
        f"{settings.SITE_URL}/bookings/",
    ]
    return lines
