from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.network.places import get_place
from bookings.domain.search.boards import Board, departure_board
from bookings.models import Route, Schedule
from bookings.tests.domain.search.look import move_call
from bookings.tests.make import NOW, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def board(ref: str = "johannesburg", **options: Any) -> Board:
    return departure_board(get_place(ref), now=NOW, **options)


@pytest.mark.database
def test_a_row_says_when_where_to_and_by_which_way() -> None:
    cities = (
        "Johannesburg",
        "Kroonstad",
        "Bloemfontein",
        "Colesberg",
        "Beaufort West",
        "Worcester",
        "Cape Town",
    )
    schedule = make_schedule(route=make_route(*cities), departs=NOW + HOUR, coach=2)

    (row,) = board().rows

    assert (row.departs, row.departs_iso, row.day_label) == ("11:00", "2026-12-01T11:00+02:00", "Tue 1 Dec")
    assert (row.destination, row.destination_slug, row.via) == (
        "Cape Town",
        "cape-town",
        "Kroonstad, Colesberg, Worcester",
    )
    assert (row.schedule_id, row.from_ref, row.to_ref) == (
        schedule.pk,
        "johannesburg-main@0",
        "cape-town-main@6",
    )
    assert (row.stop, row.coach, row.status, row.status_text, row.is_on_sale) == (
        "Johannesburg station",
        "Coach 2",
        "scheduled",
        "Scheduled",
        True,
    )


@pytest.mark.database
def test_a_stop_on_the_way_shows_the_coach_at_its_own_time() -> None:
    make_schedule(departs=NOW - HOUR)  # at Bloemfontein two hours later

    assert board().rows == ()
    assert [row.departs for row in board("bloemfontein").rows] == ["11:00"]
    assert board("cape-town").rows == ()


@pytest.mark.database
def test_the_next_hours_are_shown_in_order_of_time_wherever_a_coach_comes_from() -> None:
    late = make_schedule(departs=NOW + 30 * HOUR)
    make_schedule(route=late.route, departs=NOW + 36 * HOUR)
    move_call(late, 1, 24 * 60)
    make_schedule(route=make_route("Bloemfontein", "Kimberley"), departs=NOW + 2 * HOUR)
    make_schedule(route=late.route, departs=NOW - 23 * HOUR)

    assert [row.departs for row in board().rows] == ["16:00"]
    assert [row.destination for row in board("bloemfontein").rows] == ["Cape Town", "Kimberley"]


@pytest.mark.parametrize(
    ("place", "status", "text", "is_on_sale"),
    [
        ("johannesburg", "cancelled", "Cancelled", False),
        ("johannesburg", "closed", "Sales closed", False),
        ("johannesburg", "boarding", "Boarding", True),
        ("johannesburg", "departed", "Departed", False),
        ("bloemfontein", "departed", "On its way", True),
    ],
)
def test_the_status_is_said_in_words(place: str, status: str, text: str, is_on_sale: bool) -> None:
    make_schedule(departs=NOW + HOUR, status=status)

    (row,) = board(place).rows

    assert (row.status_text, row.is_on_sale) == (text, is_on_sale)


def test_what_leaves_within_minutes_is_shown_but_no_longer_sold() -> None:
    make_schedule(departs=NOW + timedelta(minutes=15))

    (row,) = board().rows

    assert (row.status_text, row.is_on_sale) == ("Sales closed", False)


@pytest.mark.database
def test_what_nobody_may_see_yet_is_left_out() -> None:
    make_schedule(departs=NOW + HOUR, status="planned")
    make_schedule(departs=NOW + HOUR)
    Schedule.objects.update(is_active=False)
    switched_off = make_schedule(departs=NOW + HOUR)
    Route.objects.filter(pk=switched_off.route_id).update(is_active=False)

    assert board().rows == ()


@pytest.mark.database
def test_a_coach_that_calls_twice_is_shown_at_both_times() -> None:
    make_schedule(route=make_route("Margao", "Depot", "Margao", "Shirdi"), departs=NOW + HOUR)

    assert [(row.departs, row.destination) for row in board("margao").rows] == [
        ("11:00", "Shirdi"),
        ("15:00", "Shirdi"),
    ]


def test_pages_follow_each_other_with_the_same_number_of_queries(django_assert_num_queries: Any) -> None:
    route, place = None, get_place(make_stop().code)
    for hour in range(1, 6):
        route = make_schedule(route=route, departs=NOW + hour * HOUR).route
    seen = []
    for page in (1, 2, 3):
        with django_assert_num_queries(4 if page == 1 else 2):  # the first reads what the others remember
            found = departure_board(place, now=NOW, page=page, page_size=2)
        seen.append((len(found.rows), found.has_previous, found.has_next))

    assert seen == [(2, False, True), (2, True, True), (1, True, False)]


def test_a_place_with_few_departures_is_looked_at_until_the_horizon(django_assert_num_queries: Any) -> None:
    for number, hours in enumerate((1, 2, 30, 35, 37)):
        make_schedule(route=make_route("Johannesburg", f"Town {number}"), departs=NOW + hours * HOUR)
    place = get_place("johannesburg")
    departure_board(place, now=NOW)  # remembers what does not change

    with django_assert_num_queries(2):
        soon = departure_board(place, now=NOW, page_size=1)
    with django_assert_num_queries(3):
        seldom = departure_board(place, now=NOW, page_size=3)

    assert [row.departs for row in soon.rows] == ["11:00"]
    assert [row.departs for row in seldom.rows] == ["11:00", "12:00", "16:00"]
    assert (soon.has_next, seldom.has_next, board(page_size=4).has_next) == (True, True, False)


@pytest.mark.parametrize(("page", "rows"), [(-1, 1), (0, 1), (10**12, 0)])
def test_pages_that_cannot_be_do_no_harm(page: int, rows: int) -> None:
    make_schedule(departs=NOW + HOUR)

    assert len(board(page=page, page_size=-7).rows) == rows
