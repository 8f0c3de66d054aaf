import pytest

from bookings.domain.sales.booking_page import booking_page
from bookings.tests.make import NOW, make_booking, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db


def test_the_time_of_a_falling_refund_is_that_of_the_stop_where_the_passenger_boards() -> None:
    make_stop("Accra", time_zone="Africa/Abidjan")  # two hours behind
    booking = make_booking(schedule=make_schedule(route=make_route("Accra", "Cape Town")))

    (part,) = booking_page(booking.booking_reference, now=NOW).parts

    assert part.drops_text == "Tue 1 Dec 2026, 09:00"  # an hour after it was booked
