"""A partner's program changes a booking: quote, confirm once, state."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.models import Booking, ExchangeRequest, Partner, Schedule
from bookings.tests.api.conftest import Program
from bookings.tests.api.sale import sell
from bookings.tests.make import make_api_key, make_luggage_rule, make_partner, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.fixture
def sold(program: Program, schedule: Schedule) -> Any:
    return sell(program, schedule)["bookings"][0]


@pytest.fixture
def later(schedule: Schedule) -> Schedule:
    departs = schedule.departure_time + timedelta(days=1)
    return make_schedule(route=schedule.route, departs=departs, price=800)


def address(sold: Any) -> str:
    return f"/bookings/{sold['reference']}/change/"


def trip(later: Schedule) -> dict[str, Any]:
    return {"trip": {"schedule_id": later.pk, "origin": "johannesburg", "destination": "cape-town"}}


@pytest.mark.database
def test_a_trip_is_quoted_moved_once_and_charged(program: Program, sold: Any, later: Schedule) -> None:
    quoted = program.post(f"{address(sold)}quote/", trip(later)).json()
    assert (quoted["old_zar"], quoted["new_zar"], quoted["balance_zar"]) == ("900.00", "1200.00", "300.00")
    owes = Partner.objects.get().owes

    wrong = program.post(address(sold), trip(later) | {"balance_zar": "299.00"}, once="wrong")
    made = program.post(address(sold), trip(later) | {"balance_zar": "300.00"}, once="k")
    again = program.post(address(sold), trip(later) | {"balance_zar": "300.00"}, once="k")

    assert wrong.status_code == 409
    assert made.json()["status"] == "done"
    assert again.content == made.content
    assert Booking.objects.get().schedule == later
    assert Partner.objects.get().owes == owes + Decimal(300)
    assert program.get(f"/changes/{made.json()['id']}/").json() == made.json()


def test_a_change_beyond_the_credit_limit_is_refused_whole(
    program: Program, sold: Any, later: Schedule
) -> None:
    Partner.objects.update(credit_limit=900)

    answer = program.post(address(sold), trip(later) | {"balance_zar": "300.00"})

    assert answer.status_code == 409
    assert Booking.objects.get().schedule != later
    assert not ExchangeRequest.objects.exists()


def test_seats_names_and_luggage(program: Program, sold: Any, schedule: Schedule) -> None:
    make_luggage_rule(schedule=schedule)
    thandi = next(ticket["id"] for ticket in sold["tickets"] if ticket["first_name"] == "Thandi")

    for body, balance in (
        ({"seats": [{"ticket": thandi, "seat": "2C"}]}, "0.00"),
        ({"names": [{"ticket": thandi, "first_name": "Tandi", "surname": "Nkosi"}]}, "0.00"),
    ):
        made = program.post(address(sold), body | {"balance_zar": balance})
        assert made.status_code == 200, made.content
    quoted = program.post(f"{address(sold)}quote/", {"luggage": [{"ticket": thandi, "pieces": 1}]})
    assert Decimal(quoted.json()["balance_zar"]) > 0
    for body in ({}, {"seats": [{"ticket": thandi, "seat": "2D"}], **trip(schedule)}):
        assert program.post(f"{address(sold)}quote/", body).status_code == 400


def test_no_other_partner_changes_or_sees_it(program: Program, sold: Any, later: Schedule) -> None:
    made = program.post(address(sold), trip(later) | {"balance_zar": "300.00"}).json()
    other = Program(make_api_key(make_partner("Other")))

    assert other.get(f"/changes/{made['id']}/").status_code == 404
    assert other.post(f"{address(sold)}quote/", trip(later)).status_code == 404
    assert other.post(address(sold), trip(later) | {"balance_zar": "0.00"}).status_code == 404
