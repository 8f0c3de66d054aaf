"""The command box: one field for bookings and departures, as a page and over any other."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.operations.departure_search import TypedDeparture, read_departure
from bookings.models import Schedule
from bookings.tests.make import NOW, make_booking, make_place_name, make_route, make_schedule, make_stop
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
FIND = "/office/find/"
TODAY = date(2026, 12, 1)  # a Tuesday
TYPING = {"HX-Request": "true", "HX-Target": "find-hits"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("17:00 cpt", TypedDeparture(time(17), TODAY, "cpt")),
        ("cpt 1700 fri", TypedDeparture(time(17), date(2026, 12, 4), "cpt")),
        ("the 17h00 to Cape Town", TypedDeparture(time(17), TODAY, "cape town")),
        ("port elizabeth tomorrow", TypedDeparture(None, date(2026, 12, 2), "port elizabeth")),
        ("9.30 dbn 25 dec", TypedDeparture(time(9, 30), date(2026, 12, 25), "dbn")),
        ("cpt +2", TypedDeparture(None, date(2026, 12, 3), "cpt")),
        ("2512 0600", TypedDeparture(time(6), date(2026, 12, 25), "")),
        ("nkosi", None),
        ("Thandi Nkosi", None),
        ("7K3M9Q2X", None),
        ("", None),
    ],
)
def test_a_departure_is_read_from_one_line(text: str, meant: TypedDeparture | None) -> None:
    assert read_departure(text, TODAY) == meant


def make_evening(days: int = 0) -> Schedule:
    """The 17:00 from Johannesburg, which is at Bloemfontein at 19:00 and ends in Cape Town at 21:00."""
    at = timezone.localtime(NOW).replace(hour=17, minute=0) + timedelta(days=days)
    return make_schedule(route=make_route(), departs=at)


@pytest.mark.parametrize("text", ["17:00 cpt", "cpt 1700", "1700 Kaapstad", "16:50 bloem"])
def test_the_only_departure_opens(clerk: StaffClient, text: str) -> None:
    today, _later = make_evening(), make_evening(days=3)
    make_place_name(make_stop("Cape Town").city, "CPT", kind="airport")
    make_place_name(make_stop("Cape Town").city, "Kaapstad")

    answer = clerk.get(FIND, {"q": text})

    assert answer.headers["Location"] == f"/office/departures/{today.pk}/seats/"


def test_a_departure_from_elsewhere_is_found_by_its_own_time_there(clerk: StaffClient) -> None:
    evening = make_evening()

    answer = clerk.get(FIND, {"q": "19:00 bloemfontein"})

    assert answer.headers["Location"] == f"/office/departures/{evening.pk}/seats/"


@pytest.mark.parametrize(
    "how", ["{0.booking_reference}", "ref: {0.booking_reference}", "{0.passenger_email}"]
)
def test_the_only_booking_opens(clerk: StaffClient, how: str) -> None:
    booking = make_booking(email="ann@example.com")
    make_booking(email="ben@example.com")

    answer = clerk.get(FIND, {"q": how.format(booking).upper()})

    assert answer.headers["Location"] == f"/office/bookings/{booking.booking_reference}/"


def test_several_hits_are_listed_and_nothing_is_opened_while_somebody_types(clerk: StaffClient) -> None:
    one, other = make_booking(names=("Ann Abel",)), make_booking(names=("Ben Abel",))

    page = clerk.get(FIND, {"q": "abel"})
    typing = clerk.get(FIND, {"q": one.booking_reference}, headers=TYPING)
    over = clerk.get(FIND, headers={"HX-Request": "true", "HX-Target": "overlay"})

    assert [row.reference for row in page.context["hits"].bookings] == [
        other.booking_reference,
        one.booking_reference,
    ]
    assert typing.status_code == 200
    assert typing.content.decode().lstrip().startswith("<div")
    assert "<html" not in over.content.decode()
    assert 'id="find-q"' in over.content.decode()


def test_nothing_found_is_said(clerk: StaffClient) -> None:
    assert "Nothing found." in clerk.get(FIND, {"q": "17:00 nowhere"}).content.decode()


@pytest.mark.parametrize("many", [1, 3])
def test_finding_asks_the_same_for_one_and_three(
    clerk: StaffClient, django_assert_max_num_queries: Any, many: int
) -> None:
    for _number in range(many):
        make_evening()
        make_booking()

    # session, user, version, branch, calls, departures, ways, layouts, bookings, desk
    with django_assert_max_num_queries(11):
        page = clerk.get(FIND, {"q": "17:00 today"}, headers=TYPING)

    assert len(page.context["hits"].departures) == many


def test_the_keys_are_told_as_a_page_and_over_another(clerk: StaffClient) -> None:
    page = clerk.get("/office/keys/").content.decode()
    over = clerk.get("/office/keys/", headers={"HX-Request": "true", "HX-Target": "overlay"}).content.decode()

    assert "<html" in page
    assert "<html" not in over
    assert "<kbd>Ctrl</kbd> <kbd>K</kbd>" in over
    assert "Partners" not in over  # a clerk has no such page
