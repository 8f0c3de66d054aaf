from datetime import timedelta

import pytest

from bookings.domain.inventory.seats import seat_map_revision
from bookings.domain.sales.departure_page import departure_view
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Schedule
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db
RIDE = ("johannesburg", "cape-town")


def ride(schedule: Schedule) -> Segment:
    return get_segment(SegmentRef(schedule.pk, *RIDE))


def is_unchanged(schedule: Schedule, rev: str, moment: timedelta = timedelta(0)) -> bool:
    return rev == seat_map_revision(ride(schedule), NOW + moment)


def rev_at(schedule: Schedule, moment: timedelta = timedelta(0)) -> str:
    return departure_view(ride(schedule), now=NOW + moment).rev


@pytest.mark.database
def test_a_map_stays_true_until_something_happens() -> None:
    schedule = make_schedule()
    rev = rev_at(schedule)

    assert is_unchanged(schedule, rev, timedelta(minutes=5))

    hold_seats(ride(schedule), ["1A"], HoldRequest("ann"), now=NOW)
    assert not is_unchanged(schedule, rev)


@pytest.mark.database
def test_time_alone_makes_a_map_untrue() -> None:
    schedule = make_schedule()
    hold_seats(ride(schedule), ["1A"], HoldRequest("ann"), now=NOW)
    rev = rev_at(schedule)

    assert not is_unchanged(schedule, rev, timedelta(minutes=11))
    assert not is_unchanged(schedule, rev_at(schedule, timedelta(days=1)), timedelta(days=3))


def test_the_first_trip_is_shown_to_its_owner_alone() -> None:
    out, back = make_schedule(), make_schedule(departs=NOW + timedelta(days=5))
    hold = hold_seats(ride(out), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    mine = departure_view(ride(back), now=NOW, owner="ann", hold=hold.token).first_trip
    other = departure_view(ride(back), now=NOW, owner="bob", hold=hold.token).first_trip

    assert (mine.title, mine.seats, mine.seconds_left) == ("Johannesburg → Cape Town", 2, 600)
    assert other is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("on_sale", "open"),
        ("departed", "closed"),
        ("closed", "closed"),
        ("cancelled", "cancelled"),
        ("planned", "closed"),
    ],
)
def test_the_state_says_what_can_be_done(status: str, state: str) -> None:
    schedule = make_schedule(status=status)

    assert departure_view(ride(schedule), now=NOW).state == state


def test_types_of_the_search_fill_the_draft_and_never_what_was_typed() -> None:
    schedule = make_schedule()
    segment = ride(schedule)
    hold = hold_seats(segment, ["1A", "1B"], HoldRequest("ann", types=["adult", "child"]), now=NOW)
    hold.draft["passengers"][0] |= {"first_name": "Ann", "passenger_type": "student"}
    hold.save()

    again = hold_seats(
        segment, ["2A", "2B", "1C"], HoldRequest("ann", types=["adult", "adult", "child"]), now=NOW
    )

    again.refresh_from_db()
    assert again.pk == hold.pk
    assert [each["passenger_type"] for each in again.draft["passengers"]] == ["student", "child", "adult"]
