from datetime import timedelta
from typing import Any

import pytest

from bookings.base.errors import NotFound
from bookings.domain.boarding.closing import close_boarding
from bookings.domain.boarding.manifest import Manifest, board_view, manifest
from bookings.models import Schedule, User
from bookings.tests.domain.boarding.door import CLOSES, make_coach, scan, sell, stand_by
from bookings.tests.make import NOW, make_booking, make_city, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach()


def names(lists: Manifest) -> list[tuple[str, list[str], list[str], int, int]]:
    return [
        (
            stop.city,
            [each.name for each in stop.ons],
            [each.name for each in stop.offs],
            stop.free,
            stop.free_through,
        )
        for stop in lists.stops
    ]


def test_each_stop_says_who_gets_on_and_off_and_what_is_free(coach: Schedule) -> None:
    sell(coach, "Near Nkosi", last=1)
    sell(coach, "Far Nkosi")
    sell(coach, "Onward Nkosi", first=1)

    lists = manifest(coach.pk, now=NOW)

    assert names(lists) == [
        ("Johannesburg", ["Near Nkosi", "Far Nkosi"], [], 6, 6),
        ("Bloemfontein", ["Onward Nkosi"], ["Near Nkosi"], 6, 6),
        ("Cape Town", [], ["Onward Nkosi", "Far Nkosi"], 8, 8),
    ]
    assert [(stop.arrives, stop.departs, stop.on_board) for stop in lists.stops] == [
        ("", "10:20", 2),
        ("12:20", "12:20", 2),
        ("14:20", "", 0),
    ]
    assert (lists.title, lists.day, lists.departs, lists.status_text) == (
        "Johannesburg → Cape Town",
        "Tue 1 Dec 2026",
        "10:20",
        "on sale",
    )
    assert (lists.passengers, lists.boarded, len(lists.shown)) == (3, 0, 3)


def test_who_boarded_when_and_by_whom_shows(coach: Schedule, nomsa: User) -> None:
    here, _away = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    scan(here, by=nomsa, schedule=coach)

    stop = manifest(coach.pk, stop=0, now=NOW).stop

    assert [(each.name, each.boarded, each.is_missing) for each in stop.ons] == [
        ("Thandi Nkosi", "10:00, Nomsa Dlamini", False),
        ("Sipho Zulu", "", True),
    ]
    assert (stop.boarded, stop.expected, [each.name for each in stop.missing]) == (1, 2, ["Sipho Zulu"])


def test_unpaid_and_cancelled_people_do_not_travel(coach: Schedule) -> None:
    make_booking(schedule=coach, status="pending")
    sell(coach).tickets.update(status="cancelled")

    assert names(manifest(coach.pk, now=NOW))[0][:2] == ("Johannesburg", [])


def test_no_shows_are_not_expected_any_more_and_standby_is_in_order(coach: Schedule, nomsa: User) -> None:
    sell(coach)
    close_boarding(coach.pk, 0, actor=nomsa, submission="s", now=CLOSES)
    stand_by(coach, "Second Moyo", now=NOW)
    stand_by(coach, "First Moyo", now=NOW - timedelta(hours=1))

    stop = manifest(coach.pk, stop=0, now=CLOSES).stop

    assert ([each.name for each in stop.no_shows], stop.expected, stop.closed) == (
        ["Thandi Nkosi"],
        0,
        "10:10, Nomsa Dlamini",
    )
    assert [each.name for each in stop.standby] == ["First Moyo", "Second Moyo"]
    assert stop.free == 8


@pytest.mark.parametrize(
    ("minutes", "is_open", "is_over"),
    [(-11, False, False), (-10, True, False), (9, True, False), (10, False, True)],
)
def test_boarding_opens_and_closes_by_the_clock(
    coach: Schedule, minutes: int, is_open: bool, is_over: bool
) -> None:
    stop = manifest(coach.pk, stop=0, now=NOW + timedelta(minutes=minutes)).stop

    assert (stop.opens, stop.closes, stop.is_open, stop.is_over) == ("09:50", "10:10", is_open, is_over)


def test_the_door_is_where_the_clerk_works(coach: Schedule) -> None:
    bloemfontein, elsewhere = make_city("Bloemfontein"), make_city("Upington")

    assert board_view(coach.pk, near_city=bloemfontein.pk, now=NOW).stop.city == "Bloemfontein"
    assert board_view(coach.pk, near_city=elsewhere.pk, now=NOW).stop.city == "Johannesburg"
    assert board_view(coach.pk, stop=1, now=NOW).stop.city == "Bloemfontein"


def test_the_door_says_what_closing_would_do_and_does_nothing(coach: Schedule) -> None:
    sell(coach)
    stand_by(coach)

    closing = board_view(coach.pk, stop=0, now=CLOSES).closing

    assert (closing.no_shows, closing.seated, closing.waiting) == (
        ("Thandi Nkosi",),
        ("Ayanda Moyo: seat 1A",),
        (),
    )
    assert coach.events.count() == 0


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize("read", [manifest, board_view])
def test_the_lists_take_seven_queries_however_many_travel(
    coach: Schedule, nomsa: User, django_assert_num_queries: Any, people: int, read: Any
) -> None:
    for number in range(people):
        booking = sell(coach, f"Passenger Number{number}")
        stand_by(coach, f"Standby Number{number}")
        scan(booking.tickets.get(), by=nomsa, schedule=coach)

    with django_assert_num_queries(7):
        lists = read(coach.pk, stop=0, now=NOW)

    assert lists.stop.boarded == people


@pytest.mark.parametrize(("schedule_id", "stop"), [(0, None), (10**30, None), (None, 9)])
def test_what_does_not_exist_is_not_found(coach: Schedule, schedule_id: int | None, stop: int | None) -> None:
    with pytest.raises(NotFound):
        manifest(coach.pk if schedule_id is None else schedule_id, stop=stop, now=NOW)
