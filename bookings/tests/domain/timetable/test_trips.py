from datetime import UTC, datetime

import pytest

from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.domain.timetable.trips import stop_calls, trip_view
from bookings.models import Stop
from bookings.tests.make import make_route, make_schedule

EVENING = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)  # 22:00 in Johannesburg


@pytest.mark.django_db
def test_a_trip_over_new_year_says_which_day() -> None:
    schedule = make_schedule(departs=EVENING)

    trip = trip_view(get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")))

    assert (trip.date_text, trip.date_short, trip.departs) == (
        "Thursday 31 December 2026",
        "Thu 31 Dec",
        "22:00",
    )
    assert (trip.arrives, trip.day_mark) == ("02:00", "+1 day")


@pytest.mark.django_db
def test_times_are_local_to_each_stop() -> None:
    schedule = make_schedule(departs=EVENING, route=make_route("Johannesburg", "Windhoek", stand=0))
    Stop.objects.filter(city__slug="windhoek").update(time_zone="Africa/Abidjan")

    trip = trip_view(get_segment(SegmentRef(schedule.pk, "johannesburg", "windhoek")))

    assert (trip.departs, trip.arrives, trip.day_mark) == ("22:00", "22:00", "")


@pytest.mark.django_db
def test_the_calls_have_the_local_times_of_their_stops() -> None:
    schedule = make_schedule(
        departs=EVENING, route=make_route("Johannesburg", "Gaborone", "Windhoek", stand=10)
    )
    Stop.objects.filter(city__slug="windhoek").update(time_zone="Africa/Abidjan")

    calls = stop_calls(schedule)

    assert [
        (call.position, call.city, f"{call.arrives:%H:%M}", f"{call.departs:%H:%M}") for call in calls
    ] == [
        (0, "Johannesburg", "22:00", "22:00"),
        (1, "Gaborone", "00:00", "00:10"),
        (2, "Windhoek", "00:00", "00:00"),
    ]
