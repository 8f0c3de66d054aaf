from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.dashboard.outlook import outlook
from bookings.models import Schedule
from bookings.tests.make import NOW, make_booking, make_branch, make_route, make_schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.mark.database
def test_a_trip_is_a_row_and_a_day_a_column() -> None:
    route = make_route()
    full = make_schedule(route=route, departs=NOW + timedelta(hours=1), seats=2)
    make_booking(schedule=full, names=("A One", "B Two"), last=1)
    make_schedule(route=route, departs=NOW + timedelta(hours=1) + 2 * DAY)
    make_schedule(route=route, departs=NOW + timedelta(hours=1) + 4 * DAY, status="cancelled")
    make_schedule(route=route, departs=NOW + timedelta(hours=1) + 5 * DAY)
    early = make_schedule(departs=NOW - timedelta(hours=9), status="departed")  # this morning, still today

    found = outlook(make_branch(), now=NOW)

    assert [day.label for day in found.days] == [
        "Tue 1 Dec",
        "Wed 2 Dec",
        "Thu 3 Dec",
        "Fri 4 Dec",
        "Sat 5 Dec",
    ]
    assert [(trip.time, [[cell.text for cell in cells] for cells in trip.cells]) for trip in found.trips] == [
        ("01:00", [["0 %"], [], [], [], []]),
        ("11:00", [["100 %"], [], ["0 %"], [], ["×"]]),
    ]
    assert found.trips[0].cells[0][0].schedule_id == early.pk
    assert found.trips[1].cells[0][0].name == "Tue 1 Dec, 11:00 Cape Town: 2 of 2 seats"
    assert found.trips[1].cells[0][0].level == "full"


def test_a_relief_coach_stands_in_the_same_cell() -> None:
    route = make_route()
    for coach in (1, 2):
        make_schedule(route=route, departs=NOW + DAY, coach=coach)

    (trip,) = outlook(make_branch(), now=NOW).trips

    assert [cell.name.partition(":0")[2] for cell in trip.cells[1]] == [
        "0 Cape Town: 0 of 8 seats",
        "0 Cape Town · Coach 2: 0 of 8 seats",
    ]


def test_many_trips_come_in_pages() -> None:
    route = make_route()
    for minute in range(11):
        make_schedule(route=route, departs=NOW + timedelta(minutes=minute))

    pages = [outlook(make_branch(), now=NOW, page=page) for page in (0, 1, 2, 9)]

    assert [(found.page, found.pages, len(found.trips)) for found in pages] == [
        (1, 2, 10),
        (1, 2, 10),
        (2, 2, 1),
        (2, 2, 1),
    ]


def test_the_key_follows_the_revisions_of_the_page() -> None:
    schedule, branch = make_schedule(departs=NOW + DAY), make_branch()
    before = outlook(branch, now=NOW).cache_key

    assert outlook(branch, now=NOW + timedelta(hours=1)).cache_key == before
    Schedule.objects.filter(pk=schedule.pk).update(revision=1)
    assert outlook(branch, now=NOW).cache_key != before


@pytest.mark.parametrize("many", [1, 3])
def test_the_number_of_queries_does_not_grow(
    django_assert_num_queries: Callable[[int], Any], many: int
) -> None:
    branch = make_branch()
    for number in range(many):
        make_booking(schedule=make_schedule(departs=NOW + number * DAY))

    with single_version_check():
        reference_data_version()  # as each request does at its start
        with django_assert_num_queries(2):
            found = outlook(branch, now=NOW)
        with django_assert_num_queries(3):
            assert len(found.trips) == many


def test_an_empty_station_has_no_trips() -> None:
    assert outlook(make_branch(), now=NOW).trips == ()
