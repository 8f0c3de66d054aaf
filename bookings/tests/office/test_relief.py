"""A relief coach is put on by two keys; nobody buys a place on it before it is put on sale."""

import re

import pytest

from bookings.models import AuditEntry, Schedule, ScheduleEvent
from bookings.tests.make import make_layout, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db


def test_a_relief_coach_is_planned_and_then_put_on_sale(dispatcher: StaffClient) -> None:
    original = make_schedule()
    other = make_layout(seats=12, crew=2)
    address = f"/office/departures/{original.pk}/relief/"
    assert 'accesskey="z"' in dispatcher.get(f"/office/departures/{original.pk}/seats/").content.decode()
    page = dispatcher.get(address).content.decode()
    assert re.search(r'<button class="btn btn-primary" autofocus', page)
    token = re.search(r'name="submission" value="([^"]+)"', page)
    assert token

    for _click in range(2):
        answer = dispatcher.post(address, {"layout": other.pk, "submission": token[1]}, follow=True)

    relief = Schedule.objects.exclude(pk=original.pk).get()
    assert (relief.coach, relief.status, relief.departure_time, relief.available_seats) == (
        2,
        "planned",
        original.departure_time,
        10,
    )
    assert "Put on sale" in answer.content.decode()
    assert AuditEntry.objects.get().after["relief_of"] == original.pk
    for _click in range(2):
        dispatcher.post(f"/office/departures/{relief.pk}/open-sale/")
    relief.refresh_from_db()
    assert (relief.status, relief.revision) == ("on_sale", 1)
    assert ScheduleEvent.objects.get().actor == dispatcher.user


def test_what_is_cancelled_takes_no_relief_coach_and_is_not_put_on_sale(dispatcher: StaffClient) -> None:
    gone = make_schedule(status="cancelled")

    answer = dispatcher.post(
        f"/office/departures/{gone.pk}/relief/", {"layout": gone.layout_id, "submission": "x" * 22}
    )
    dispatcher.post(f"/office/departures/{gone.pk}/open-sale/")

    assert answer.status_code == 422
    assert "over or cancelled" in answer.content.decode()
    gone.refresh_from_db()
    assert (gone.status, Schedule.objects.count()) == ("cancelled", 1)
