from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.base.errors import NotFound
from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.dashboard import today
from bookings.domain.dashboard.charts import booking_curve, load_by_day, sales_by_hour
from bookings.domain.dashboard.last_sales import last_sales
from bookings.domain.dashboard.timeline import timeline
from bookings.models import Booking, Channel, Order, SaleStatus, Schedule, Ticket
from bookings.tests.make import NOW, make_booking, make_branch, make_layout, make_route, make_schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.mark.database
def test_the_load_of_a_day_is_over_all_its_coaches() -> None:
    route = make_route()
    make_booking(schedule=make_schedule(route=route, departs=NOW + DAY), names=("A One", "B Two"))
    make_schedule(route=route, departs=NOW + DAY + timedelta(hours=1))
    make_schedule(route=route, departs=NOW + DAY, coach=2, status="cancelled")
    make_schedule(route=route, departs=NOW + 14 * DAY)

    days = load_by_day(make_branch(), now=NOW)

    assert len(days) == 14
    assert (days[1].label, days[1].coaches, days[1].taken, days[1].seats, days[1].percent) == (
        "Wed 2",
        2,
        2,
        16,
        12,
    )
    assert sum(day.coaches for day in days) == 2


@pytest.mark.database
def test_sales_of_today_stand_by_hour_and_channel() -> None:
    schedule = make_schedule(seats=12)
    make_booking(schedule=schedule, names=("A One", "B Two"))
    counter = make_booking(schedule=schedule, now=NOW - timedelta(hours=2))
    Order.objects.filter(pk=counter.order_id).update(channel=Channel.COUNTER)
    make_booking(schedule=schedule, now=NOW - DAY)
    make_booking(schedule=schedule, first=1)
    make_booking(schedule=schedule, status=SaleStatus.PENDING)
    back = make_booking(schedule=schedule)
    Ticket.objects.filter(booking=back).update(status="cancelled")

    sales = sales_by_hour(make_branch(), now=NOW)

    assert [(hour.label, hour.counter, hour.web, hour.amount) for hour in sales.hours if hour.seats] == [
        ("08:00", 1, 0, 600),
        ("10:00", 0, 2, 1200),
    ]
    assert (sales.hours[0].hour, sales.hours[-1].hour, sales.seats, sales.amount) == (6, 18, 3, 1800)


def test_a_day_without_sales_is_empty() -> None:
    assert sales_by_hour(make_branch(), now=NOW).seats == 0
    assert load_by_day(make_branch(), now=NOW)[0].percent == 0


@pytest.mark.database
def test_the_curve_compares_with_the_same_weekday() -> None:
    route = make_route()
    this = make_schedule(route=route, departs=NOW + 3 * DAY)
    make_booking(schedule=this, now=NOW - 2 * DAY, names=("A One", "B Two"))
    make_booking(schedule=this, now=NOW)
    for week, seats in ((1, 4), (2, 2)):
        earlier = make_schedule(
            route=route, departs=this.departure_time - timedelta(weeks=week, minutes=-15), status="arrived"
        )
        booking = make_booking(schedule=earlier, names=tuple(f"P {number}" for number in range(seats)))
        Booking.objects.filter(pk=booking.pk).update(booking_date=earlier.departure_time - 4 * DAY)
    make_schedule(route=route, departs=this.departure_time - 8 * DAY)  # another weekday
    make_schedule(route=route, departs=this.departure_time - timedelta(weeks=3), status="cancelled")

    curve = booking_curve(this.pk, now=NOW)

    points = {point.before: (point.seats, point.usual) for point in curve.points}
    assert (points[28], points[6], points[5], points[4], points[3]) == (
        (0, 0),
        (0, 0),
        (2, 0),
        (2, 3),
        (3, 3),
    )
    assert points[2] == (None, 3)  # is still to come
    assert (curve.sold, curve.usual_now, curve.seats, [seats for _day, seats in curve.weeks]) == (
        3,
        3,
        8,
        [4, 2],
    )


def test_a_trip_without_a_past_has_no_usual() -> None:
    curve = booking_curve(make_schedule().pk, now=NOW)

    assert (curve.weeks, curve.usual_now, curve.sold) == ((), None, 0)
    with pytest.raises(NotFound):
        booking_curve(0, now=NOW)


@pytest.mark.parametrize("many", [1, 3])
def test_the_number_of_queries_does_not_grow(
    django_assert_num_queries: Callable[[int], Any], many: int
) -> None:
    branch, route, layout = make_branch(), make_route(), make_layout()
    for week in range(many):
        last = make_schedule(route=route, layout=layout, departs=NOW + timedelta(weeks=week))
        make_booking(schedule=last)

    with single_version_check():
        reference_data_version()  # as each request does at its start
        with django_assert_num_queries(3):
            load_by_day(branch, now=NOW)
        with django_assert_num_queries(1):
            assert sales_by_hour(branch, now=NOW).seats == many
        with django_assert_num_queries(3):
            assert len(booking_curve(last.pk, now=NOW).weeks) == many - 1


@pytest.mark.database
def test_who_stands_by_is_in_no_load_and_shown_beside() -> None:
    schedule = make_schedule(seats=4, departs=NOW + timedelta(hours=2))
    booking = make_booking(schedule=schedule, names=("A One", "B Two"), now=NOW)
    Ticket.objects.filter(pk=booking.tickets.all()[1].pk).update(place=Ticket.Place.STANDBY, seat=None)
    branch = make_branch()

    curve = booking_curve(schedule.pk, now=NOW)
    row = today.next_departures(branch, now=NOW).rows[0]

    assert (curve.sold, curve.standby) == (1, 1)
    assert (row.expected, row.standby) == (1, 1)
    assert sales_by_hour(branch, now=NOW).seats == 1
    assert (today.pulse(branch, now=NOW).sold, today.pulse(branch, now=NOW).boarding) == (1, 1)


def test_the_day_of_a_station_stands_along_the_clock() -> None:
    branch, noon = make_branch(), timezone.localtime(NOW).replace(hour=12, minute=0)
    full = make_schedule(departs=noon, seats=2)
    make_booking(schedule=full, names=("A One", "B Two"), now=NOW)
    make_schedule(departs=noon + timedelta(hours=1), status="cancelled")
    make_schedule(departs=noon - timedelta(hours=5), status="departed")
    make_schedule(departs=noon + DAY)
    Schedule.objects.filter(pk=full.pk).update(available_seats=0)

    rows = timeline(branch, now=NOW).departures

    assert [(row.time, row.level, row.is_gone) for row in rows] == [
        ("07:00", "low", True),
        ("12:00", "full", False),
        ("13:00", "cancelled", False),
    ]


def test_the_last_sales_are_those_of_people_who_get_on_here() -> None:
    branch, elsewhere = make_branch(), make_schedule(route=make_route("Durban", "Cape Town"))
    one = make_booking(names=("Ann Abel", "Ben Abel"), now=NOW - timedelta(minutes=2))
    two = make_booking(names=("Eve Elk",), now=NOW - timedelta(minutes=1))
    make_booking(schedule=elsewhere, now=NOW)
    make_booking(status=SaleStatus.PENDING, now=NOW)

    sales = last_sales(branch, now=NOW)

    assert [(sale.reference, sale.name) for sale in sales] == [
        (two.booking_reference, "Eve Elk"),
        (one.booking_reference, "Ann Abel +1"),
    ]
