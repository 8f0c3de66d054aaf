"""Telling that a coach is late, and what every page says at its next request."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.domain.sales.booking_page import booking_page
from bookings.domain.tickets.booking_files import managed_order
from bookings.models import Booking, Schedule, ScheduleChange, ScheduleEvent
from bookings.tests.make import NOW, make_booking, make_branch, make_schedule, make_shift
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
FIRST = "Johannesburg"


@pytest.fixture
def schedule() -> Schedule:
    """Leaves Johannesburg at 12:00, Bloemfontein at 14:00, is in Cape Town at 16:00."""
    return make_schedule(departs=NOW + timedelta(hours=2))


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    return make_booking(schedule=schedule, names=("Ann Mokoena", "Ben Mokoena"), first=1)


def times(client: StaffClient, schedule: Schedule) -> str:
    return f"/office/departures/{schedule.pk}/times/"


def tell(client: StaffClient, schedule: Schedule, stop: int, late: str, **more: str) -> Any:
    given = {"stop": stop, "late": late, "submission": f"tell {stop} {late}", **more}
    return client.post(times(client, schedule), {**given, "confirm": "1"})


def late_by_stop(schedule: Schedule) -> list[tuple[int, int | None]]:
    return list(ScheduleChange.objects.filter(schedule=schedule).values_list("position", "late_min"))


def test_who_is_affected_is_shown_before_anything_is_told(
    dispatcher: StaffClient, schedule: Schedule, booking: Booking
) -> None:
    page = dispatcher.post(times(dispatcher, schedule), {"stop": 1, "late": "45"})

    assert page.status_code == 200
    assert "2 passengers get on or off at another time." in page.content.decode()
    rows = page.context["view"].rows
    assert [(row.planned, row.new, row.boarding, row.alighting) for row in rows] == [
        ("12:00", "", 0, 0),
        ("14:00", "expected 14:45", 2, 0),
        ("16:00", "expected 16:45", 0, 2),
    ]
    assert not ScheduleChange.objects.exists()


@pytest.mark.parametrize(
    ("late", "minutes"), [("45", 45), ("+45", 45), ("14:45", 45), ("14h45", 45), ("0", 0), ("1:30", 690)]
)
def test_how_late_it_is_is_read_as_people_type_it(
    dispatcher: StaffClient, schedule: Schedule, late: str, minutes: int
) -> None:
    assert tell(dispatcher, schedule, 1, late).status_code == 302
    assert late_by_stop(schedule) == [(1, minutes)]
    before = schedule.revision
    schedule.refresh_from_db()
    assert schedule.revision == before + 1


@pytest.mark.parametrize("late", ["", "soon", "-5", "13:30", "99:00", "2000", "?"])
def test_what_makes_no_sense_is_refused_and_stays_typed(
    dispatcher: StaffClient, schedule: Schedule, late: str
) -> None:
    page = tell(dispatcher, schedule, 1, late, reason="traffic")

    assert page.status_code == 422
    assert page.context["form"]["late"].value() == late
    assert 'aria-invalid="true"' in page.content.decode() or page.context["refusal"]
    assert not ScheduleChange.objects.exists()


def test_nobody_knows_how_late_until_the_next_news(dispatcher: StaffClient, schedule: Schedule) -> None:
    assert tell(dispatcher, schedule, 1, "?", news="13:30").status_code == 302

    change = ScheduleChange.objects.get()
    assert (change.late_min, change.next_word_at) == (None, NOW + timedelta(hours=3, minutes=30))
    page = dispatcher.get(times(dispatcher, schedule))
    assert [row.now for row in page.context["view"].rows] == ["", *["delayed, news at 13:30"] * 2]


def test_told_twice_is_told_once(dispatcher: StaffClient, schedule: Schedule) -> None:
    for _time in range(2):
        assert tell(dispatcher, schedule, 1, "45").status_code == 302
    assert late_by_stop(schedule) == [(1, 45)]


def test_a_new_delay_replaces_what_was_told_of_later_stops(
    dispatcher: StaffClient, schedule: Schedule
) -> None:
    tell(dispatcher, schedule, 0, "30", on_time_from="2")
    tell(dispatcher, schedule, 1, "60")

    assert late_by_stop(schedule) == [(0, 30), (2, 0), (1, 60), (2, 60)]
    rows = dispatcher.get(times(dispatcher, schedule)).context["view"].rows
    assert [row.now for row in rows] == ["expected 12:30", "expected 15:00", "expected 17:00"]


def test_what_the_coach_has_left_is_over(dispatcher: StaffClient, schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(status="departed")
    page = tell(dispatcher, schedule, 0, "45")
    assert page.status_code == 422  # not among the stops to choose from

    left = {"from_status": "boarding", "to_status": "departed", "kind": "left", "position": 0}
    ScheduleEvent.objects.create(
        schedule=schedule, at=schedule.departure_time + timedelta(minutes=17), **left
    )
    form = dispatcher.get(f"{times(dispatcher, schedule)}?stop=1").context["form"]
    assert (form["stop"].value(), form["late"].value()) == (1, "17")  # as late as it left

    assert tell(dispatcher, schedule, 1, "45").status_code == 302
    Schedule.objects.filter(pk=schedule.pk).update(status="cancelled")
    assert tell(dispatcher, schedule, 2, "50").status_code == 409


def test_a_stop_is_skipped_after_a_look_at_whom_it_concerns(
    dispatcher: StaffClient, schedule: Schedule, booking: Booking
) -> None:
    address = f"{times(dispatcher, schedule)}skip/"
    skip = {"stop": 1, "skipped": "1", "submission": "skip"}

    desk = dispatcher.post(address, skip)  # passengers get on there
    assert desk.url.endswith("/disruption/?kind=skip_stop&position=1")
    empty = make_schedule(departs=schedule.departure_time)
    page = dispatcher.post(f"{times(dispatcher, empty)}skip/", skip)
    assert "Skip Bloemfontein" in page.content.decode()
    assert "0 passengers get on or off at another time." in page.content.decode()
    assert dispatcher.post(address, {**skip, "confirm": "1", "reason": "road_closed"}).status_code == 302
    assert (
        dispatcher.post(address, {"stop": 0, "skipped": "1", "submission": "two", "confirm": "1"}).status_code
        == 409
    )

    rows = dispatcher.get(times(dispatcher, schedule)).context["view"].rows
    assert [row.now for row in rows] == ["", "the coach does not stop here", ""]
    assert dispatcher.post(address, {"stop": 1, "submission": "again", "confirm": "1"}).status_code == 302
    rows = dispatcher.get(times(dispatcher, schedule)).context["view"].rows
    assert [row.now for row in rows] == ["", "", ""]


def test_clerks_tell_delays_dispatchers_skip_stops_auditors_look(
    clerk: StaffClient, auditor: StaffClient, schedule: Schedule
) -> None:
    assert tell(clerk, schedule, 1, "20").status_code == 302
    assert clerk.post(f"{times(clerk, schedule)}skip/", {"stop": 1, "skipped": "1"}).status_code == 403
    assert auditor.get(times(auditor, schedule)).status_code == 200
    assert tell(auditor, schedule, 1, "20").status_code == 403


def test_the_office_sees_it_on_its_lists(clerk: StaffClient, schedule: Schedule) -> None:
    make_branch("Bloemfontein")
    tell(clerk, schedule, 1, "45")
    note = "expected 14:45"
    at = {"branch": "bloemfontein", "date": "2026-12-01"}

    assert note in clerk.get("/office/departures/", at).content.decode()
    assert note not in clerk.get("/office/departures/", {**at, "branch": "johannesburg"}).content.decode()
    for page in (
        f"/office/departures/{schedule.pk}/manifest/",
        f"/office/departures/{schedule.pk}/board/?stop=1",
    ):
        assert note in clerk.get(page).content.decode()
    make_shift(clerk.user)
    sale = {"from": "bloemfontein", "to": "cape-town", "date": "2026-12-01"}
    assert note in clerk.get("/office/sell/", sale).content.decode()


def test_passengers_see_it_at_the_next_request(
    client: Client, dispatcher: StaffClient, schedule: Schedule, booking: Booking
) -> None:
    search = {"from": "bloemfontein", "to": "cape-town", "date": "2026-12-01", "passengers": 1}
    pages = [("/departures/", {"city": "bloemfontein"}), ("/search/", search)]
    seats = (f"/departures/{schedule.pk}/", {"from": "bloemfontein", "to": "cape-town", "passengers": 1})
    for address, query in [*pages, seats]:
        assert "14:45" not in client.get(address, query).content.decode()

    tell(dispatcher, schedule, 1, "45")

    for address, query in [*pages, seats]:
        page = client.get(address, query).content.decode()
        assert '<span class="visually-hidden">planned </span>14:00</s>' in page
        assert "expected 14:45" in page
    facts = client.get(seats[0], seats[1]).content.decode().split('class="trip-facts"')[1]
    assert "<b>14:45</b>" in facts
    assert "Please be there by 14:15." in facts
    part = booking_page(booking.booking_reference, now=NOW).parts[0]
    assert (part.trip.departs_note, part.trip.arrives_note) == ("expected 14:45", "expected 16:45")
    live = managed_order(booking.booking_reference, now=NOW).trips[0]
    assert live.is_today
    assert not managed_order(booking.booking_reference, now=NOW - timedelta(days=1)).trips[0].is_today
    assert live.ticketed.change_note.startswith("Changed times: ")
    first = client.get("/departures/", {"city": "johannesburg"}).content.decode()
    assert "<b>12:00</b>" in first
    assert "expected" not in first
