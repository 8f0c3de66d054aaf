"""A coach at 00:00 on Tuesday: its check-in is on Monday, and every paper says so."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.sales.messages import queue_message
from bookings.domain.tickets.calendar import calendar_file
from bookings.domain.tickets.pdf import ticket_pdf
from bookings.domain.tickets.slips import slips_pdf
from bookings.domain.tickets.ticketed_trip import ticketed_trip_of
from bookings.models import Booking, OutboxMessage
from bookings.tests.make import NOW, make_booking, make_route, make_schedule
from bookings.tests.pdf_reader import pages_of

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 12, 7, 22, 0, tzinfo=UTC)  # 00:00 on Tuesday 8 December in Johannesburg
EVENING = datetime(2026, 12, 8, 17, 0, tzinfo=UTC)  # 19:00


def booked(departs: datetime, *, hours: int = 4) -> Booking:
    route = make_route("Johannesburg", "Cape Town", minutes_apart=60 * hours)
    booking = make_booking(schedule=make_schedule(departs=departs, route=route))
    return bookings_of(booking.order)[0]


def description_of(booking: Booking) -> str:
    (event,) = Calendar.from_ical(calendar_file(booking)).walk("VEVENT")
    return str(event["DESCRIPTION"])


def test_the_check_in_says_its_day_only_where_it_is_not_that_of_the_coach() -> None:
    assert ticketed_trip_of(booked(MIDNIGHT)).check_in == "23:30 on Mon 7 Dec"
    assert ticketed_trip_of(booked(MIDNIGHT + timedelta(minutes=30))).check_in == "00:00"
    assert ticketed_trip_of(booked(EVENING)).check_in == "18:30"


def test_pdf_and_slip_say_the_day_of_the_check_in() -> None:
    booking = booked(MIDNIGHT)

    (ticket,), (slip,) = pages_of(ticket_pdf(booking)), pages_of(slips_pdf([booking]))

    assert "Tuesday 8 December 2026" in ticket
    assert "23:30 on Mon 7 Dec" in ticket
    assert "Be at the stop by 23:30 on Mon 7 Dec" in slip


def test_pdf_and_slip_mark_an_arrival_on_another_day() -> None:
    booking, same_day = booked(EVENING, hours=12), booked(MIDNIGHT)

    for page in (*pages_of(ticket_pdf(booking)), *pages_of(slips_pdf([booking]))):
        assert "+1 day" in page
    for page in (*pages_of(ticket_pdf(same_day)), *pages_of(slips_pdf([same_day]))):
        assert "day" not in page.replace("Tuesday", "")


def test_the_calendar_says_the_days_of_check_in_and_arrival() -> None:
    assert "Be at the stop by 23:30 on Mon 7 Dec." in description_of(booked(MIDNIGHT))
    assert "Cape Town station, 07:00 on Wed 9 Dec." in description_of(booked(EVENING, hours=12))
    assert "Cape Town station, 04:00." in description_of(booked(MIDNIGHT))


def test_the_mail_says_the_day_of_the_check_in() -> None:
    order = booked(MIDNIGHT).order
    queue_message(OutboxMessage.Kind.CONFIRMATION, order, order, now=NOW)

    mail = build_mail(OutboxMessage.objects.get(), now=NOW)

    assert mail is not None
    html = mail.alternatives[0][0]
    assert "Be at the stop by 23:30 on Mon 7 Dec." in str(mail.body)
    assert "Be at the stop by <b>23:30 on Mon 7 Dec</b>." in str(html)


def test_mail_and_pdf_say_until_when_all_is_refunded() -> None:
    booking = booked(NOW + timedelta(days=3))  # bought at 10:00 on Tuesday 1 December

    (page,) = pages_of(ticket_pdf(booking))

    steps = (
        "until Tue 1 Dec 2026, 11:00: R600",
        "until Wed 2 Dec 2026, 10:00: R450",
        "until Thu 3 Dec 2026, 22:00: R300",
    )
    assert ticketed_trip_of(booking).refunds == steps
    assert "; ".join(steps) in page


def test_the_free_time_is_left_out_close_to_departure() -> None:
    assert ticketed_trip_of(booked(NOW + timedelta(hours=20))).refunds == (
        "until Tue 1 Dec 2026, 18:00: R300",
    )
