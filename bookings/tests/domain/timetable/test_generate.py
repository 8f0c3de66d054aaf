from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.base.errors import RuleBroken
from bookings.domain.timetable.generate import generate_departures
from bookings.models import EVERY_DAY, Schedule, Service, ServiceException
from bookings.tests.make import make_booking, make_fare_classes, make_layout, make_passenger_types, make_route

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 12, 7)


def make_service(**values: Any) -> Service:
    plain = {"departs_min": 8 * 60, "starts_on": date(2026, 1, 1), "price_zar": Decimal(500)}
    values = {"route": values.pop("route", None) or make_route()} | plain | values
    values["layout"] = values.get("layout") or make_layout(seats=12, crew=2)
    return Service.objects.create(**values)


def times() -> list[datetime]:
    return list(Schedule.objects.order_by("departure_time", "coach").values_list("departure_time", flat=True))


@pytest.mark.database
def test_a_departure_carries_what_its_service_says() -> None:
    service = make_service(source="feed", source_id="T1:0")

    report = generate_departures(first_day=MONDAY, days=1)

    row = Schedule.objects.get()
    assert (report.services, report.new, report.already_there) == (1, 1, 0)
    assert (row.route_id, row.service_id, row.layout_id) == (service.route_id, service.pk, service.layout_id)
    assert (row.service_date, row.departure_time, row.coach) == (
        MONDAY,
        datetime(2026, 12, 7, 6, tzinfo=UTC),
        1,
    )
    assert (row.price_zar, row.available_seats) == (Decimal(500), 10)
    assert (row.source, row.source_id) == ("feed", "T1:2026-12-07:0")
    assert (row.is_active, row.status) == (True, Schedule.Status.ON_SALE)


def test_weekdays_dates_and_exceptions_decide() -> None:
    service = make_service(
        weekdays=0b0010001, starts_on=MONDAY, ends_on=date(2026, 12, 18)
    )  # Mondays and Fridays
    ServiceException.objects.create(service=service, date=date(2026, 12, 14), runs=False)
    ServiceException.objects.create(service=service, date=date(2026, 12, 20), runs=True)

    generate_departures(first_day=date(2026, 12, 1), days=31)

    days = [row.service_date.day for row in Schedule.objects.order_by("service_date")]
    assert days == [7, 11, 18, 20]


@pytest.mark.database
@pytest.mark.parametrize(
    ("zone", "day", "minutes", "expected"),
    [
        (
            "Europe/Berlin",
            date(2026, 3, 29),
            60,
            datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        ),  # the hour before the clocks go on
        ("Europe/Berlin", date(2026, 3, 29), 8 * 60, datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), 28 * 60, datetime(2026, 3, 29, 3, 0, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 10, 25), 8 * 60, datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        ("America/Los_Angeles", date(2026, 11, 1), 0, datetime(2026, 11, 1, 8, 0, tzinfo=UTC)),
        ("Africa/Johannesburg", date(2028, 2, 29), 25 * 60, datetime(2028, 2, 29, 23, 0, tzinfo=UTC)),
        ("Africa/Johannesburg", date(2026, 12, 31), 26 * 60 + 30, datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_minutes_count_from_noon_minus_12_hours(
    zone: str, day: date, minutes: int, expected: datetime
) -> None:
    make_service(time_zone=zone, departs_min=minutes, starts_on=date(2020, 1, 1))

    generate_departures(first_day=day, days=1)

    assert times() == [expected]


@pytest.mark.database
def test_again_it_changes_nothing() -> None:
    make_service(weekdays=EVERY_DAY)
    generate_departures(first_day=MONDAY, days=3)
    before = list(Schedule.objects.order_by("pk").values())

    again = generate_departures(first_day=MONDAY, days=4)

    assert (again.new, again.already_there) == (1, 3)
    assert list(Schedule.objects.order_by("pk").values())[:3] == before


@pytest.mark.database
def test_what_staff_changed_and_what_is_sold_stays() -> None:
    service = make_service()
    generate_departures(first_day=MONDAY, days=2)
    first, second = Schedule.objects.order_by("departure_time")
    Schedule.objects.filter(pk=first.pk).update(status=Schedule.Status.CANCELLED, price_zar=1)
    make_fare_classes()
    make_passenger_types()
    make_booking(schedule=second)
    Service.objects.filter(pk=service.pk).update(departs_min=600, price_zar=999)
    before = list(Schedule.objects.order_by("pk").values())

    generate_departures(first_day=MONDAY, days=2)

    assert list(Schedule.objects.order_by("pk").values()) == before


@pytest.mark.database
def test_two_services_at_one_minute_are_two_coaches() -> None:
    route = make_route()
    make_service(route=route)
    make_service(route=route)

    report = generate_departures(first_day=MONDAY, days=2)

    assert list(Schedule.objects.order_by("departure_time", "coach").values_list("coach", flat=True)) == [
        1,
        2,
        1,
        2,
    ]
    assert report.extra_coaches == 2


def test_a_service_that_joins_later_becomes_the_next_coach() -> None:
    route = make_route()
    make_service(route=route)
    generate_departures(first_day=MONDAY, days=1)
    later = make_service(route=route)

    generate_departures(first_day=MONDAY, days=1)

    assert Schedule.objects.get(service=later).coach == 2


def test_an_imported_departure_is_known_by_its_id_when_its_service_is_gone() -> None:
    service = make_service(source="feed", source_id="T1:0")
    generate_departures(first_day=MONDAY, days=1)
    Schedule.objects.update(service=None)
    service.delete()
    make_service(source="feed", source_id="T1:0")

    report = generate_departures(first_day=MONDAY, days=1)

    assert (report.new, report.already_there) == (0, 1)


def test_resting_services_and_routes_make_nothing() -> None:
    make_service(is_active=False)
    resting = make_service()
    resting.route.is_active = False
    resting.route.save()

    assert generate_departures(first_day=MONDAY, days=1).new == 0


def test_only_the_services_asked_for_run() -> None:
    one, _other = make_service(), make_service()

    generate_departures(first_day=MONDAY, days=1, services=Service.objects.filter(pk=one.pk))

    assert Schedule.objects.get().service_id == one.pk


def test_a_service_in_an_unknown_time_zone_is_reported() -> None:
    make_service(time_zone="Mars/Olympus")
    make_service()

    report = generate_departures(first_day=MONDAY, days=1)

    assert report.new == 1
    assert len(report.problems) == 1
    assert "Mars/Olympus" in report.problems[0]


@pytest.mark.parametrize("services", [1, 3])
def test_queries_do_not_grow_with_services(services: int, django_assert_num_queries: Any) -> None:
    layout = make_layout()
    for _number in range(services):
        make_service(layout=layout)

    # services, exceptions, seats; savepoint, lock, what is there, coaches, insert, release
    with django_assert_num_queries(9):
        generate_departures(first_day=MONDAY, days=5)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_two_generators_at_once_make_every_departure_once() -> None:
    layout, route = make_layout(), make_route()
    for _number in range(20):
        make_service(route=route, layout=layout)

    def run(_number: int) -> int:
        try:
            return generate_departures(first_day=MONDAY, days=30).new
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(run, range(3)))

    assert sum(made) == Schedule.objects.count() == 600
    assert Schedule.objects.filter(coach=20).count() == 30


@pytest.mark.parametrize("days", [0, -1, 100_000])
def test_absurd_spans_are_refused(days: int) -> None:
    with pytest.raises(RuleBroken):
        generate_departures(first_day=MONDAY, days=days)


def test_the_command_reports() -> None:
    make_service()
    out = StringIO()

    call_command("generate_departures", "--from", "2026-12-07", "--days", "3", stdout=out)

    assert out.getvalue() == "2026-12-07 to 2026-12-09, 1 services: 3 new departures, 0 were there already.\n"
    with pytest.raises(CommandError):
        call_command("generate_departures", "--days", "0")
