from datetime import timedelta

import pytest

from bookings.domain.sales.departure_page import departure_view, seats_unchanged
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Schedule
from bookings.tests.make import NOW, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]
RIDE = ("johannesburg", "cape-town")


def rev_at(schedule: Schedule, moment: timedelta = timedelta(0)) -> str:
    return departure_view(SegmentRef(schedule.pk, *RIDE), now=NOW + moment).rev


def test_a_map_stays_true_until_something_happens() -> None:
    schedule = make_schedule()
    rev = rev_at(schedule)

    assert seats_unchanged(SegmentRef(schedule.pk, *RIDE), rev, now=NOW + timedelta(minutes=5))

    hold_seats(get_segment(SegmentRef(schedule.pk, *RIDE)), ["1A"], HoldRequest("ann"), now=NOW)
    assert not seats_unchanged(SegmentRef(schedule.pk, *RIDE), rev, now=NOW)


def test_time_alone_makes_a_map_untrue() -> None:
    schedule = make_schedule()
    hold_seats(get_segment(SegmentRef(schedule.pk, *RIDE)), ["1A"], HoldRequest("ann"), now=NOW)
    rev = rev_at(schedule)

    assert not seats_unchanged(SegmentRef(schedule.pk, *RIDE), rev, now=NOW + timedelta(minutes=11))
    assert not seats_unchanged(
        SegmentRef(schedule.pk, *RIDE), rev_at(schedule, timedelta(days=1)), now=NOW + timedelta(days=3)
    )


def test_the_first_trip_is_shown_to_its_owner_alone() -> None:
    out, back = make_schedule(), make_schedule(departs=NOW + timedelta(days=5))
    hold = hold_seats(get_segment(SegmentRef(out.pk, *RIDE)), ["1A", "1B"], HoldRequest("ann"), now=NOW)

    mine = departure_view(SegmentRef(back.pk, *RIDE), now=NOW, owner="ann", hold=hold.token).first_trip
    other = departure_view(SegmentRef(back.pk, *RIDE), now=NOW, owner="bob", hold=hold.token).first_trip

    assert (mine.title, mine.seats, mine.seconds_left) == ("Johannesburg → Cape Town", 2, 600)
    assert other is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("on_sale", "open"),
        ("departed", "open"),
        ("closed", "closed"),
        ("cancelled", "cancelled"),
        ("planned", "closed"),
    ],
)
def test_the_state_says_what_can_be_done(status: str, state: str) -> None:
    schedule = make_schedule(status=status)

    assert departure_view(SegmentRef(schedule.pk, *RIDE), now=NOW).state == state


def test_types_of_the_search_fill_the_draft_and_never_what_was_typed() -> None:
    schedule = make_schedule()
    segment = get_segment(SegmentRef(schedule.pk, *RIDE))
    hold = hold_seats(segment, ["1A", "1B"], HoldRequest("ann", types=["adult", "child"]), now=NOW)
    hold.draft["passengers"][0] |= {"first_name": "Ann", "passenger_type": "student"}
    hold.save()

    again = hold_seats(
        segment, ["2A", "2B", "1C"], HoldRequest("ann", types=["adult", "adult", "child"]), now=NOW
    )

    again.refresh_from_db()
    assert again.pk == hold.pk
    assert [each["passenger_type"] for each in again.draft["passengers"]] == ["student", "child", "adult"]
