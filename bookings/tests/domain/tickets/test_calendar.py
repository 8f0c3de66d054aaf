from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from bookings.domain.tickets.calendar import calendar_file
from bookings.models import Booking, BookingEvent, BookingStep, SaleStatus, Ticket
from bookings.tests.make import NOW, make_booking, make_company, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db


def event_of(booking: Booking) -> Event:
    (event,) = Calendar.from_ical(calendar_file(booking)).walk("VEVENT")
    return event


def test_calendar_file_reads_back_with_times_in_their_zones() -> None:
    make_stop("Windhoek", time_zone="Africa/Windhoek")
    booking = make_booking(schedule=make_schedule(route=make_route("Johannesburg", "Windhoek")))

    event = event_of(booking)

    assert event.decoded("DTSTART") == datetime(2026, 12, 4, 10, 0, tzinfo=ZoneInfo("Africa/Johannesburg"))
    assert event.decoded("DTEND") == datetime(2026, 12, 4, 12, 0, tzinfo=ZoneInfo("Africa/Windhoek"))
    assert event["DTEND"].params["TZID"] == "Africa/Windhoek"
    assert event["SUMMARY"] == "Coach Johannesburg → Windhoek"
    parts = Calendar.from_ical(calendar_file(booking)).subcomponents
    assert [part.name for part in parts] == ["VTIMEZONE", "VTIMEZONE", "VEVENT"]
    assert booking.booking_reference in event["DESCRIPTION"]
    assert calendar_file(booking) == calendar_file(booking)


def test_calendar_names_the_company_that_made_it() -> None:
    make_company(trading_name="Kalahari Coaches")

    calendar = Calendar.from_ical(calendar_file(make_booking()))

    assert calendar["PRODID"] == "-//Kalahari Coaches//Tickets//EN"


def test_calendar_event_keeps_its_name_and_raises_its_sequence() -> None:
    booking = make_booking()
    first = event_of(booking)
    Ticket.objects.update(version=2)
    second = event_of(booking)
    Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.CANCELLED, cancelled_at=NOW)
    BookingEvent.objects.record(BookingStep(booking, SaleStatus.CONFIRMED, SaleStatus.CANCELLED, at=NOW))
    third = event_of(booking)

    assert first["UID"] == second["UID"] == third["UID"]
    assert first["SEQUENCE"] < second["SEQUENCE"] < third["SEQUENCE"]
    assert (second["STATUS"], third["STATUS"]) == ("CONFIRMED", "CANCELLED")
