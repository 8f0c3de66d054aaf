"""Seats that staff keep for somebody who pays later, and transfers that count once they were seen."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.counter.reservations import ReservationsFull, reserve
from bookings.domain.counter.sale import Sale, sell_now, take_over
from bookings.domain.counter.shifts import expected
from bookings.domain.counter.tender import Tender, TenderPart, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.sales.payments import start_payment
from bookings.domain.sales.transfers import SeenTransfer, confirm_transfer
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Order,
    OutboxMessage,
    Payment,
    Refund,
    Schedule,
    SeatClaim,
    Shift,
    StaffTask,
)
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_company,
    make_schedule,
    make_shift,
    make_user,
)

PEOPLE = ({"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult"},)
EFT = Tender("eft")
LATER = NOW + timedelta(hours=25)
pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return make_schedule(departs=NOW + timedelta(days=6), seats=8)


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


def sale_of(schedule: Schedule, *labels: str, tender: Tender = EFT, **contact: str) -> Sale:
    ref = SegmentRef(schedule.pk, "johannesburg", "cape-town")
    contact = contact or {"phone": "+27821234567"}
    return Sale(PEOPLE * len(labels), tender, seats=(SeatRequest(ref, labels),), **contact)


def reserved(schedule: Schedule, shift: Shift, *labels: str, now: datetime = NOW, **more: Any) -> Order:
    sale = sale_of(schedule, *(labels or ("1A",)), **more)
    return reserve(sale, shift=shift, submission=f"reserve {labels} {now}", now=now)


def test_a_caller_gets_seats_until_a_pay_by_time(schedule: Schedule, shift: Shift) -> None:
    order = reserved(schedule, shift, "1A", "1B", email="thandi@example.com")

    assert (order.status, order.pays_later, order.seller) == ("pending", True, shift.clerk)
    assert order.pay_by == NOW + timedelta(hours=24)
    assert set(SeatClaim.objects.values_list("expires_at", flat=True)) == {order.pay_by}
    assert not Payment.objects.exists()
    mail = build_mail(OutboxMessage.objects.get(order=order), now=NOW)
    assert order.bookings.get().booking_reference in mail.body
    assert "/bookings/link/" in mail.body
    assert violations(now=NOW) == []


def test_the_mail_says_where_to_transfer_to(schedule: Schedule, shift: Shift) -> None:
    make_company(bank_details="Standard Bank\n000 111 222")
    order = reserved(schedule, shift, "1A", email="thandi@example.com")

    mail = build_mail(OutboxMessage.objects.get(order=order), now=NOW)

    assert "000 111 222" in mail.body
    assert "000 111 222" in mail.alternatives[0].content


def test_it_expires_by_itself(schedule: Schedule, shift: Shift) -> None:
    order = reserved(schedule, shift)

    expire_unpaid(now=LATER)

    order.refresh_from_db()
    assert order.status == "expired"
    assert not SeatClaim.objects.exists()
    assert violations(now=LATER) == []


def test_it_is_paid_at_any_counter_or_online(schedule: Schedule, shift: Shift) -> None:
    first, second = reserved(schedule, shift, "1A"), reserved(schedule, shift, "1B")
    other = make_shift(make_user())

    take_over(first.bookings.get().booking_reference, Tender("cash"), shift=other, submission="p", now=NOW)

    first.refresh_from_db()
    assert first.status == "confirmed"
    assert start_payment(second.pk, now=NOW)


@pytest.mark.parametrize(
    ("contact", "departs", "words"),
    [
        ({"phone": ""}, timedelta(days=6), "must be reached"),
        ({"phone": "+27821234567"}, timedelta(minutes=59), "too close to departure"),
    ],
)
def test_it_needs_a_contact_and_time(
    shift: Shift, contact: dict[str, str], departs: timedelta, words: str
) -> None:
    schedule = make_schedule(departs=NOW + departs, seats=8)

    with pytest.raises(RuleBroken, match=words):
        reserved(schedule, shift, "1A", **contact)

    assert not Order.objects.exists()
    assert not SeatClaim.objects.exists()


def test_staff_reserve_a_share_of_a_coach_at_most(schedule: Schedule, shift: Shift, settings: Any) -> None:
    settings.RESERVATION_COACH_SHARE = 0.25  # two seats of eight
    reserved(schedule, shift, "1A", "1B")

    with pytest.raises(ReservationsFull, match="At most 2"):
        reserved(schedule, shift, "1C")
    sell_now(sale_of(schedule, "1C", tender=Tender("cash")), shift=shift, submission="s", now=NOW)
    reserved(schedule, shift, "1D", now=LATER)  # the first have run out


def test_the_same_form_twice_reserves_once(schedule: Schedule, shift: Shift) -> None:
    assert reserved(schedule, shift) == reserved(schedule, shift)
    assert Order.objects.count() == 1


def test_cash_pays_a_part_at_once_and_the_bank_confirms_the_rest(schedule: Schedule, shift: Shift) -> None:
    part = TenderPart("cash", Decimal(200))
    order = reserved(schedule, shift, "1A", tender=Tender("eft", parts=(part,)))
    assert (order.status, expected(shift)["cash"]) == ("pending", 700)
    assert violations(now=NOW) == []

    outcome = confirm_transfer(order.pk, SeenTransfer("B1", Decimal(400), "REF"), now=NOW)

    order.refresh_from_db()
    assert (outcome, order.status) == ("confirmed", "confirmed")
    assert Payment.objects.get(method="eft").shift is None
    assert expected(shift)["eft"] == 0
    assert violations(now=NOW) == []


def test_a_part_that_was_paid_goes_back_when_the_rest_does_not_come(schedule: Schedule, shift: Shift) -> None:
    part = TenderPart("card", Decimal(200), "T1")
    reserved(schedule, shift, "1A", tender=Tender("eft", parts=(part,)), email="thandi@example.com")

    expire_unpaid(now=LATER)

    refund = Refund.objects.get()
    assert (refund.amount, refund.payment.method) == (200, "card")
    assert OutboxMessage.objects.filter(kind="refund").count() == 1
    assert violations(now=LATER) == []


@pytest.mark.parametrize(
    ("amount", "now", "outcome", "tasks", "back"),
    [
        (600, NOW, "confirmed", [], 0),
        (500, NOW, "too little", ["wrong_amount"], 0),
        (650, NOW, "confirmed", [], 50),
        (600, LATER, "confirmed late", [], 0),
    ],
)
def test_a_bank_line_confirms_once_whatever_it_says(
    schedule: Schedule, shift: Shift, amount: int, now: datetime, outcome: str, tasks: list[str], back: int
) -> None:
    order = reserved(schedule, shift)
    line = SeenTransfer("line 7", Decimal(amount), order.bookings.get().booking_reference)

    assert confirm_transfer(order.pk, line, now=now) == outcome
    assert confirm_transfer(order.pk, line, now=now) == "duplicate"

    assert list(StaffTask.objects.values_list("kind", flat=True)) == tasks
    assert sum(refund.amount for refund in Refund.objects.all()) == back
    assert violations(now=now) == []


def test_a_transfer_for_seats_that_are_gone_is_owed_back(schedule: Schedule, shift: Shift) -> None:
    order = reserved(schedule, shift)
    expire_unpaid(now=LATER)
    make_booking(schedule=schedule, names=("Jan Botha",))

    assert confirm_transfer(order.pk, SeenTransfer("B2", Decimal(600)), now=LATER) == "seats gone"

    assert Refund.objects.get(order=order).amount == 600


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "NaN"])
def test_a_bank_line_without_an_amount_is_refused(schedule: Schedule, shift: Shift, amount: str) -> None:
    order = reserved(schedule, shift)

    with pytest.raises(RuleBroken):
        confirm_transfer(order.pk, SeenTransfer("B", Decimal(amount)), now=NOW)


def test_an_eft_that_nobody_has_seen_gives_no_ticket(schedule: Schedule, shift: Shift) -> None:
    tender = Tender("eft", reference="FNB 1")
    with pytest.raises(NeedsApproval, match="once its money was seen"):
        sell_now(sale_of(schedule, "1A", tender=tender), shift=shift, submission="s", now=NOW)
    order = reserved(schedule, shift)
    with pytest.raises(NeedsApproval):
        take_payment(order, tender, shift=shift, submission="t", content="", now=NOW)
    own = Tender("eft", reference="FNB 1", approval=Approval(shift.clerk, "seen"))
    with pytest.raises(RuleBroken, match="other than yourself"):
        take_payment(order, own, shift=shift, submission="t", content="", now=NOW)

    assert not Payment.objects.exists()


def test_a_second_person_confirms_it_at_once(schedule: Schedule, shift: Shift) -> None:
    approval = make_approval()
    tender = Tender("eft", reference="FNB 1", approval=approval)

    order = sell_now(sale_of(schedule, "1A", tender=tender), shift=shift, submission="s", now=NOW)

    payment = Payment.objects.get()
    assert (order.status, payment.approver, payment.shift) == ("confirmed", approval.approver, shift)
    assert violations(now=NOW) == []
