"""Bank details of a refund in the office: typed in for a caller, shown for a transfer by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.models import BankDetails, BookingEvent, Refund, User
from bookings.tests.make import make_booking, make_schedule, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
NUMBER = "62001234567"
TYPED = {
    "holder": "Thandi Nkosi",
    "bank": "FNB",
    "kind": "savings",
    "number": NUMBER,
    "branch_code": "",
    "reason": "knew names and seats",
}


def owed_by_eft(fare: int = 400) -> Refund:
    now = timezone.now()
    schedule = make_schedule(departs=now + timedelta(days=30))
    booking = make_booking(schedule=schedule, paid_by="eft", fare=fare, now=now)
    cancel_booking(CancellationRequest(booking.booking_reference), submission=f"c{booking.pk}", content="")
    refund = Refund.objects.latest("pk")
    pay_refund(refund.pk)
    return refund


def address(refund: Refund, more: str = "") -> str:
    return f"/office/bookings/{refund.booking.booking_reference}/refunds/{refund.pk}/bank-details/{more}"


def text_of(client: StaffClient, path: str) -> str:
    return " ".join(client.get(path).content.decode().replace("\u00a0", " ").split())


def test_the_list_of_owed_refunds_says_what_is_waited_for(supervisor: StaffClient) -> None:
    refund = owed_by_eft()

    waiting = text_of(supervisor, "/office/owed/")
    assert "<b>R400</b> <span> waits for bank details" in waiting
    assert f'href="{address(refund)}"' in waiting

    supervisor.post(address(refund), TYPED)
    given = text_of(supervisor, "/office/owed/?way=transfer")
    assert "<b>R400</b> <span> by EFT or to a partner" in given
    assert f'href="{address(refund)}"' in given


def test_a_supervisor_types_them_in_for_a_caller(supervisor: StaffClient) -> None:
    refund = owed_by_eft()

    missing = supervisor.post(address(refund), TYPED | {"reason": ""})
    done = supervisor.post(address(refund), TYPED)

    assert missing.status_code == 422
    assert f'value="{NUMBER}"' in missing.content.decode()
    assert done.status_code == 302
    event = BookingEvent.objects.latest("pk")
    assert event.reason == "bank details entered for the customer, R400: knew names and seats"
    assert (event.actor, BankDetails.objects.get().given_by) == (supervisor.user, supervisor.user)
    history = text_of(supervisor, f"/office/bookings/{refund.booking.booking_reference}/")
    assert NUMBER not in history + text_of(supervisor, address(refund))
    assert "knew names and seats" in history


def test_over_the_limit_a_second_person_signs_and_nothing_typed_is_lost(supervisor: StaffClient) -> None:
    refund, password = owed_by_eft(fare=900), "a-long-enough-pass"
    boss = make_user(role=User.Role.MANAGER, password=password)

    alone = supervisor.post(address(refund), TYPED)
    page = alone.content.decode()
    signed = {"approver_name": boss.username, "approver_password": password}
    done = supervisor.post(address(refund), TYPED | signed)

    assert (alone.status_code, done.status_code) == (422, 302)
    assert 'name="approver_name"' in page
    assert f'value="{NUMBER}"' in page
    assert BookingEvent.objects.latest("pk").approver == boss


def test_they_are_shown_by_a_post_that_is_written_down(supervisor: StaffClient) -> None:
    refund = owed_by_eft()
    assert supervisor.post(address(refund, "show/")).status_code == 302  # nothing is there yet
    supervisor.post(address(refund), TYPED)

    shown = supervisor.post(address(refund, "show/"))

    assert NUMBER in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert BookingEvent.objects.latest("pk").reason == "bank details looked at"
    assert supervisor.get(address(refund, "show/")).status_code == 405


def test_a_clerk_neither_sees_nor_directs_where_money_goes(clerk: StaffClient, auditor: StaffClient) -> None:
    refund = owed_by_eft()

    for client in (clerk, auditor):
        assert client.get(address(refund)).status_code == 403
        assert client.post(address(refund), TYPED).status_code == 403
        assert client.post(address(refund, "show/")).status_code == 403
    assert address(refund) not in text_of(clerk, f"/office/bookings/{refund.booking.booking_reference}/")
