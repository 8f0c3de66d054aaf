"""Wherever a second person must sign, the page has the fields to sign in, and nothing typed is lost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.models import Booking, FareClass, Refund, StaffTask, Ticket, TillMovement, User, Voucher
from bookings.tests.domain.boarding.door import make_coach, stand_by
from bookings.tests.make import make_booking, make_layout, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import StaffClient
from bookings.tests.tampering import reprice

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"


@pytest.fixture
def till(clerk: StaffClient) -> StaffClient:
    make_shift(clerk.user, opened_at=timezone.now(), opening_float=2000)
    return clerk


def signature() -> dict[str, str]:
    boss = make_user(role=User.Role.SUPERVISOR, password=PASSWORD)
    return {"approver_name": boss.username, "approver_password": PASSWORD, "reason": "seen"}


def paid_elsewhere(**booking: Any) -> Booking:
    """Paid by a way that is no tender of a till, and that gives nothing back by itself."""
    return make_booking(now=timezone.now(), **booking)


def assert_signed_at_second_try(till: StaffClient, address: str, form: dict[str, Any]) -> str:
    """Posts the form alone and signed; returns the page in between."""
    alone = till.post(address, form)
    typed = signature()
    done = till.post(address, form | {"submission": alone.context["submission"]} | typed)

    page = alone.content.decode()
    assert alone.status_code == 422
    assert page.count('name="approver_name"') == page.count('name="approver_password"') == 1
    assert page.count('name="reason"') == 1
    assert done.status_code == 302
    assert set(Refund.objects.values_list("status", "method", "reason")) == {("paid", "cash", "seen")}
    alarm = StaffTask.objects.get(kind="limit_refused", done_at__gte=timezone.now() - timedelta(minutes=1))
    assert alarm.done_by.username == typed["approver_name"]
    alarm.delete()
    return page


def test_standby_left_behind_is_paid_when_somebody_signed(till: StaffClient) -> None:
    leaves = timezone.now() - timedelta(minutes=5)
    coach = make_coach(departs=leaves)
    first, second = (
        stand_by(coach, name, now=leaves - timedelta(hours=1)) for name in ("First Moyo", "Second Moyo")
    )
    form = {"stop": "0", "tickets": [second.pk], "how": "cash", "submission": "one"}

    page = assert_signed_at_second_try(till, f"/office/departures/{coach.pk}/board/standby/", form)

    assert f'value="{second.pk}" checked' in " ".join(page.split())
    assert f'value="{first.pk}" checked' not in " ".join(page.split())
    assert Refund.objects.get().booking.tickets.get() == second


def test_a_refusal_half_way_says_what_was_paid_out_before(till: StaffClient) -> None:
    leaves = timezone.now() - timedelta(minutes=5)
    coach = make_coach(departs=leaves)
    first, second = (
        stand_by(coach, name, now=leaves - timedelta(hours=1), paid_by=method)
        for name, method in (("First Moyo", "cash"), ("Second Moyo", "card"))
    )
    reprice(400, pk=first.pk)
    form = {"stop": "0", "tickets": [first.pk, second.pk], "how": "cash", "submission": "one"}

    page = till.post(f"/office/departures/{coach.pk}/board/standby/", form).content.decode()

    assert "R400 for 1 on standby is paid out. Then: This was paid another way" in page


def test_a_cancellation_asks_once_with_and_without_a_waiver(till: StaffClient) -> None:
    for waived in ({}, {"waive": "1", "waiver": "goodwill"}):
        booking = paid_elsewhere()
        form = {
            "tickets": [booking.tickets.get().pk],
            "quoted": "600.00",
            "tender": "cash",
            "submission": f"form {len(waived)}",
        }
        address = f"/office/bookings/{booking.booking_reference}/cancel/"
        page = till.post(address, form | waived).content.decode()
        assert page.count('name="approver_name"') == 1, waived

    assert_signed_at_second_try(till, address, form)


def test_a_voucher_instead_of_a_refund_is_signed_and_mailed_to_the_customer(till: StaffClient) -> None:
    booking = paid_elsewhere()
    form = {"tickets": [booking.tickets.get().pk], "quoted": "600.00", "as_voucher": "1", "submission": "one"}
    address = f"/office/bookings/{booking.booking_reference}/cancel/"
    assert 'name="as_voucher"' in till.get(address).content.decode()

    alone = till.post(address, form)
    page = alone.content.decode()
    assert (alone.status_code, page.count('name="approver_name"')) == (422, 1)
    assert re.search(r'name="as_voucher" value="1"\s+checked', page)
    assert not Refund.objects.exists()
    done = till.post(address, form | {"submission": alone.context["submission"]} | signature())

    assert done.status_code == 302
    voucher = Voucher.objects.get()
    assert (voucher.kind, voucher.balance, voucher.email) == ("refund", 600, booking.order.email)
    assert voucher.movements.get().approver.role == User.Role.SUPERVISOR
    assert set(Refund.objects.values_list("status", "method")) == {("paid", "voucher")}
    assert violations(now=timezone.now()) == []


def test_a_cheaper_departure_and_a_cheaper_seat(till: StaffClient) -> None:
    schedule = make_schedule(
        departs=timezone.now() + timedelta(days=4), layout=make_layout(seats=8, premium=1)
    )
    cheap = make_schedule(route=schedule.route, departs=timezone.now() + timedelta(days=6), price=200)
    booking = paid_elsewhere(schedule=schedule, fare=900)
    ticket = booking.tickets.get()
    Ticket.objects.filter(pk=ticket.pk).update(fare_class=FareClass.objects.get(code="premium"))
    address = f"/office/bookings/{booking.booking_reference}"

    seat = f"{address}/tickets/{ticket.pk}/seat/"
    quoted = till.get(f"{seat}?seat=1c").context["view"].balance.balance
    form = {"quoted": quoted, "seat": "1C", "version": "1", "tender": "cash", "submission": "seat"}
    assert_signed_at_second_try(till, seat, form)

    ride = f"{cheap.pk}|johannesburg-main@0|cape-town-main@2"
    move = {"tickets": [ticket.pk], "ride": ride, "seats": "1A", "tender": "cash", "submission": "move"}
    quoted = till.get(f"{address}/exchange/", {"ride": ride, "seats": "1A"}).context["view"].balance.balance
    assert_signed_at_second_try(till, f"{address}/exchange/", move | {"quoted": quoted})


def test_a_void_whose_pay_out_is_over_the_lower_limit(till: StaffClient, settings: Any) -> None:
    settings.VOID_APPROVAL_OVER = 1000
    booking = make_booking(status="pending", now=timezone.now())
    shift = till.user.shifts.get()
    take_payment(booking.order, Tender("cash"), shift=shift, submission="sale", content="")
    address = f"/office/bookings/{booking.booking_reference}/void/"

    assert 'name="approver_name"' not in till.get(address).content.decode()
    assert_signed_at_second_try(till, address, {"reason": "seen", "submission": "void"})
    assert violations(now=timezone.now()) == []


def test_a_movement_keeps_the_fields_whatever_else_is_wrong(till: StaffClient) -> None:
    form = {"direction": "out", "amount": "300", "reason": "Taxi", "submission": "taxi"}
    wrong = {"approver_name": "nobody", "approver_password": "wrong"}

    for typed in (form, form | wrong, form | wrong | {"amount": "x"}, form | wrong | {"amount": "20"}):
        refused = till.post("/office/shift/move/", typed)
        assert refused.status_code == 422
        assert 'name="approver_password"' in refused.content.decode()

    assert not TillMovement.objects.exists()
    assert till.post("/office/shift/move/", form | signature()).status_code == 302
