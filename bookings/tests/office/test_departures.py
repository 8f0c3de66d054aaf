"""The departures of a day, as the office lists them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import Schedule
from bookings.office.presenters.departure_list import WHOLE_COMPANY
from bookings.tests.make import NOW, make_booking, make_branch, make_route, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(departs=timezone.now() + timedelta(days=4))


@pytest.mark.parametrize("coaches", [1, 3])
def test_the_list_of_departures_asks_the_same_for_one_and_three(
    clerk: StaffClient, schedule: Schedule, coaches: int, django_assert_num_queries: Any
) -> None:
    for number in range(2, coaches + 1):
        make_schedule(route=schedule.route, departs=schedule.departure_time, coach=number)
    make_booking(schedule=schedule, names=("A One", "B Two"))
    day = timezone.localtime(schedule.departure_time).date()

    clerk.get("/office/departures/", {"date": day})  # calls, ways and layouts are cached from here on

    with django_assert_num_queries(6):
        page = clerk.get("/office/departures/", {"date": day})

    first = page.context["departures"].rows[0]
    assert (first.taken, first.seats) == (2, 8)
    assert len(page.context["departures"].rows) == coaches


def times_and_places(client: StaffClient, **given: str) -> list[tuple[str, str]]:
    page = client.get("/office/departures/", given)
    return [(row.time, row.route) for row in page.context["departures"].rows]


def test_the_day_is_that_of_the_branch_by_the_times_of_its_stop(clerk: StaffClient) -> None:
    make_branch("Bloemfontein")
    noon = timezone.localtime(NOW).replace(hour=12, minute=0)
    make_schedule(route=make_route(), departs=noon)
    make_schedule(route=make_route("Bloemfontein", "Durban"), departs=noon, status="boarding")
    make_schedule(route=make_route("Durban", "Cape Town"), departs=noon)

    assert times_and_places(clerk) == [("12:00", "Cape Town")]
    assert times_and_places(clerk, branch="bloemfontein") == [("12:00", "Durban"), ("14:00", "Cape Town")]
    assert times_and_places(clerk, branch="bloemfontein", destination="Durban") == [("12:00", "Durban")]
    assert times_and_places(clerk, branch="bloemfontein", state="on_sale") == [("14:00", "Cape Town")]
    assert times_and_places(clerk, branch="bloemfontein", stop="bloemfontein-main", line="none") == []
    assert len(times_and_places(clerk, branch="all")) == 3
    assert times_and_places(clerk, stop="one-of-another-branch") == [("12:00", "Cape Town")]


@pytest.mark.parametrize("page", ["/office/departures/", "/office/"])
def test_what_one_does_with_a_departure_stands_beside_its_time(clerk: StaffClient, page: str) -> None:
    """So that no narrow screen hides it behind the rest of the row."""
    make_branch()
    make_schedule(departs=timezone.now() + timedelta(minutes=1), seats=8)

    html = clerk.get(page, {"page": 1}).content.decode()

    cells = re.split(r"<t[dh][ >]", re.search(r"<tbody>.*?</tr>", html, re.DOTALL)[0])
    assert "/board/" in cells[2]


def test_a_coach_of_midnight_stands_on_the_day_of_this_stop(clerk: StaffClient) -> None:
    make_branch("Bloemfontein")
    late = timezone.localtime(NOW).replace(hour=23, minute=0)
    make_schedule(route=make_route(), departs=late)

    assert times_and_places(clerk, branch="bloemfontein") == []
    assert times_and_places(clerk, branch="bloemfontein", date="+1") == [("01:00", "Cape Town")]


def test_a_departure_that_was_withdrawn_stays_on_the_list(clerk: StaffClient, schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(is_active=False)
    day = timezone.localtime(schedule.departure_time).date().isoformat()

    assert len(times_and_places(clerk, date=day)) == 1
    for branch in ("", WHOLE_COMPANY):
        page = clerk.get("/office/departures/", {"date": day, "branch": branch}).content.decode()
        assert '<span class="badge badge-bad">withdrawn</span>' in page
