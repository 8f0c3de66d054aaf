"""Which papers a passenger needs: by the countries in which the coach calls, never by time zones or names."""

import pytest

from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets.ticketed_trip import ticketed_trip_of
from bookings.domain.timetable.trip_facts import crosses_border
from bookings.models import Booking
from bookings.tests.make import make_booking, make_city, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db


def trip(*stops: tuple[str, str, str], first: int = 0, last: int = -1) -> Booking:
    """A booking on a route of (city, country, time zone)."""
    for name, country, zone in stops:
        make_stop(make_city(name, country=country), time_zone=zone)
    booking = make_booking(
        schedule=make_schedule(route=make_route(*(name for name, _country, _zone in stops))),
        first=first,
        last=last,
    )
    return bookings_of(booking.order)[0]


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ([("Pretoria", "ZA", "Africa/Johannesburg"), ("Maputo", "MZ", "Africa/Johannesburg")], True),
        ([("Perth", "AU", "Australia/Perth"), ("Sydney", "AU", "Australia/Sydney")], False),
        ([("Durban", "ZA", "Africa/Johannesburg"), ("Pretoria", "ZA", "Africa/Johannesburg")], False),
        ([("Pretoria", "ZA", "Africa/Johannesburg"), ("Nowhere", "", "Africa/Maputo")], None),
        (
            [
                ("Ermelo", "ZA", "Africa/Johannesburg"),
                ("Mbabane", "SZ", "Africa/Johannesburg"),
                ("Pongola", "ZA", "Africa/Johannesburg"),
            ],
            True,
        ),
    ],
)
def test_a_border_is_where_the_country_changes(
    stops: list[tuple[str, str, str]], expected: bool | None
) -> None:
    booking = trip(*stops)

    assert crosses_border(booking.from_stop, booking.to_stop) is expected


def test_who_leaves_before_the_border_needs_no_passport() -> None:
    booking = trip(
        ("Pretoria", "ZA", "Africa/Johannesburg"),
        ("Nelspruit", "ZA", "Africa/Johannesburg"),
        ("Maputo", "MZ", "Africa/Maputo"),
        last=1,
    )

    assert ticketed_trip_of(booking).papers == "Bring an identity document."


def test_where_nobody_knows_the_country_both_papers_are_named() -> None:
    booking = trip(("Pretoria", "ZA", "Africa/Johannesburg"), ("Nowhere", "", "Africa/Johannesburg"))

    view = ticketed_trip_of(booking)

    assert view.papers == "Bring an identity document, and a passport if you cross a border."
    assert "20 kg" in view.luggage
