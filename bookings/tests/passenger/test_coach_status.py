"""Where is my coach: an address that anybody may have, and the screen at the station."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.domain.boarding.departure_status import depart
from bookings.domain.disruptions.times import Delay, StopChange
from bookings.domain.operations.time_changes import change_stop, report_delay
from bookings.models import Schedule, User
from bookings.tests.make import NOW, make_schedule, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tebogo(still: Any) -> User:
    return make_user(role=User.Role.DISPATCHER)


@pytest.fixture
def schedule() -> Schedule:
    """Johannesburg 12:00, Bloemfontein 14:00, Cape Town 16:00."""
    return make_schedule(departs=NOW + timedelta(hours=2))


def lines(page: Any) -> list[str]:
    return [f"{call.city} {call.time}" for call in page.context["calls"]]


def test_the_page_follows_the_coach_from_stop_to_stop(
    client: Client, schedule: Schedule, tebogo: User, still: Any
) -> None:
    address = f"/departures/{schedule.pk}/status/"
    page = client.get(address)
    assert page.context["state"] == "Next stop Johannesburg: planned 12:00."
    assert "Set-Cookie" not in page.headers
    assert client.get(address, headers={"if-none-match": page["ETag"]}).status_code == 304

    still.move_to(NOW + timedelta(hours=2, minutes=5))
    depart(schedule.pk, actor=tebogo, submission="left")
    report_delay(schedule.pk, Delay(1, 40), actor=tebogo, submission="late")
    page = client.get(address, headers={"if-none-match": page["ETag"]})
    assert page.status_code == 200
    assert page.context["state"] == "Left Johannesburg at 12:05. Next stop Bloemfontein: expected 14:40."
    assert "left 12:05" in lines(page)[0]
    assert "expected 16:40" in lines(page)[2]

    change_stop(schedule.pk, StopChange(1, False), actor=tebogo, submission="serve")
    Schedule.objects.filter(pk=schedule.pk).update(status="cancelled", revision=99)
    assert client.get(address).context["state"] == "This departure is cancelled."
    Schedule.objects.filter(pk=schedule.pk).update(status="planned")
    assert client.get(address).status_code == 404


def test_the_screen_of_a_station_is_its_board(client: Client, schedule: Schedule, tebogo: User) -> None:
    report_delay(schedule.pk, Delay(1, 40), actor=tebogo, submission="late")
    page = client.get("/departures/bloemfontein/screen/").content.decode()
    part = client.get(
        "/departures/bloemfontein/screen/", headers={"hx-request": "true", "hx-target": "board"}
    ).content.decode()

    assert "expected 14:40" in page
    assert "<html" in page
    assert "expected 14:40" in part
    assert "<html" not in part
    assert client.get("/departures/nowhere/screen/").status_code == 404
