from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict, NotFound, RuleBroken
from bookings.domain.counter.shifts import BlindCount, close_shift, expected
from bookings.domain.counter.tender import (
    Taken,
    Tender,
    amount_due,
    in_coins,
    in_coins_back,
    pay_out_refund,
    take_payment,
)
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.domain.sales.notifications import act_on_notification
from bookings.models import (
    Account,
    LedgerEntry,
    Order,
    Payment,
    Refund,
    RefundAttempt,
    Schedule,
    Shift,
    StaffEvent,
    StaffTask,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_branch,
    make_schedule,
    make_shift,
    make_user,
)

LATER = NOW + timedelta(hours=25)
pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return make_schedule(departs=NOW + timedelta(days=6))


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


@pytest.fixture
def order(schedule: Schedule) -> Order:
    """Two seats for R900.08."""
    return make_booking(
        schedule=schedule, names=("Ann Mokoena", "Sipho Mokoena"), status="pending", fare="450.04"
    ).order


def taken(
    order: Order,
    shift: Shift,
    tender: str = "cash",
    given: str | None = None,
    submission: str = "pay",
    reference: str = "",
    approval: Approval | None = None,
    **more: Any,
) -> Taken:
    more.setdefault("now", NOW)
    amount = None if given is None else Decimal(given)
    return take_payment(
        order,
        Tender(tender, amount, reference, approval),
        shift=shift,
        submission=submission,
        content=f"{tender} {given}",
        **more,
    )


def refund_of(order: Order, now: datetime = NOW) -> Refund:
    cancel_booking(
        CancellationRequest(order.bookings.get().booking_reference), submission="cancel", content="", now=now
    )
    return Refund.objects.get(order=order)


def paid_out(
    refund: Refund,
    shift: Shift,
    tender: str = "cash",
    submission: str = "back",
    now: datetime = NOW,
    reference: str = "",
    approval: Approval | None = None,
) -> Refund:
    return pay_out_refund(
        refund.pk,
        Tender(tender, reference=reference, approval=approval),
        shift=shift,
        submission=submission,
        content=tender,
        now=now,
    )


@pytest.mark.parametrize(
    ("amount", "coins"),
    [
        ("900.08", "900.10"),
        ("900.04", "900.00"),
        ("900.05", "900.00"),
        ("900.10", "900.10"),
        ("0.05", "0.00"),
    ],
)
def test_cash_is_rounded_to_coins_that_exist(amount: str, coins: str) -> None:
    assert in_coins(Decimal(amount)) == Decimal(coins)


@pytest.mark.parametrize(
    ("amount", "coins"), [("900.01", "900.10"), ("900.05", "900.10"), ("900.10", "900.10"), ("0.01", "0.10")]
)
def test_cash_that_goes_back_is_rounded_up(amount: str, coins: str) -> None:
    assert in_coins_back(Decimal(amount)) == Decimal(coins)


def test_the_history_says_who_took_the_payment_and_who_split_the_booking(order: Order, shift: Shift) -> None:
    taken(order, shift)
    booking = order.bookings.get()
    (first, _second) = booking.tickets.order_by("pk")

    cancel_booking(
        CancellationRequest(booking.booking_reference, ticket_ids=[first.pk]),
        submission="cancel",
        content="",
        actor=shift.clerk,
        now=NOW,
    )

    assert booking.events.get(to_status="confirmed").actor == shift.clerk
    part = order.bookings.exclude(pk=booking.pk).get()
    assert [event.actor for event in part.events.all()] == [shift.clerk] * part.events.count()


def test_without_a_step_cash_is_to_the_cent(settings: Any) -> None:
    settings.CASH_ROUNDING = Decimal(0)

    assert in_coins(Decimal("900.08")) == Decimal("900.08")


def test_cash_confirms_the_order_and_tells_the_change(order: Order, shift: Shift) -> None:
    payment = taken(order, shift, given="1000")

    order.refresh_from_db()
    assert (payment.due, payment.change, order.status) == (Decimal("900.10"), Decimal("99.90"), "confirmed")
    assert (payment.payment.amount, payment.payment.shift) == (Decimal("900.08"), shift)
    assert expected(shift)["cash"] == Decimal("1400.10")
    assert LedgerEntry.objects.balance(Account.CASH_ROUNDING) == Decimal("-0.02")
    assert LedgerEntry.objects.balance(Account.CASH_OVER_SHORT) == 0
    assert violations(now=NOW) == []


@pytest.mark.parametrize("tender", ["card", "eft"])
def test_card_and_eft_are_exact_and_keep_the_reference(order: Order, shift: Shift, tender: str) -> None:
    payment = taken(order, shift, tender, given="900.08", reference=" T4  881234 ", approval=make_approval())

    assert (payment.payment.reference, payment.payment.method, payment.change) == ("T4 881234", tender, 0)
    assert expected(shift)[tender] == Decimal("900.08")
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("tender", "given", "reference", "says"),
    [
        ("cash", "899.99", "", "not enough"),
        ("cash", "NaN", "", "rand and cents"),
        ("cash", "1E+30", "", "rand and cents"),
        ("cash", "-1000", "", "not enough"),
        ("card", "950", "T4 1", "to the cent"),
        ("card", "900", "T4 1", "not enough"),
        ("card", None, "  ", "reference"),
        ("eft", None, "", "reference"),
        ("card", None, "4111 1111 1111 1111", "card number"),
        ("card", None, "411111111111", "card number"),
        ("card", None, "x" * 41, "too long"),
        ("gold", None, "x", "cash, card or EFT"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(
    order: Order, shift: Shift, tender: str, given: str | None, reference: str, says: str
) -> None:
    with pytest.raises(RuleBroken, match=says):
        taken(order, shift, tender, given, reference=reference)

    assert not Payment.objects.exists()
    assert expected(shift)["cash"] == 500


def test_the_same_form_pays_once_and_another_finds_nothing_to_pay(order: Order, shift: Shift) -> None:
    first = taken(order, shift, given="1000")

    assert taken(order, shift, given="1000") == first
    with pytest.raises(AlreadySubmitted):
        taken(order, shift, given="950")
    with pytest.raises(Conflict, match="nothing to pay"):
        taken(order, shift, submission="other tab")
    assert Payment.objects.count() == 1


def test_an_order_that_ran_out_is_sold_if_its_seats_are_free(order: Order, shift: Shift) -> None:
    assert amount_due(order, now=LATER) == Decimal("900.08")

    taken(order, shift, now=LATER)

    order.refresh_from_db()
    assert order.status == "confirmed"
    assert violations(now=LATER) == []


def test_no_money_is_taken_for_seats_that_are_gone(order: Order, shift: Shift, schedule: Schedule) -> None:
    other = ordered(schedule, "1A", owner="bob", now=LATER)

    with pytest.raises(Conflict, match="no longer free"):
        taken(order, shift, now=LATER)

    assert not Payment.objects.exists()
    assert amount_due(other, now=LATER) == 600
    assert violations(now=LATER) == []


def test_a_closed_shift_takes_and_gives_nothing(order: Order, shift: Shift) -> None:
    taken(order, shift)
    refund = refund_of(order)
    counted = expected(shift)
    close_shift(shift, BlindCount(counted), submission="close", content="", now=NOW)

    with pytest.raises(Conflict, match="shift is closed"):
        paid_out(refund, shift)
    refund.refresh_from_db()
    assert refund.status == "owed"
    again = make_shift(shift.clerk, opening_float=1000)
    assert paid_out(refund, again, submission="next", approval=make_approval()).status == "paid"
    assert violations(now=NOW) == []


@pytest.mark.parametrize(("tender", "left"), [("cash", "500.00"), ("card", "1400.10")])
def test_a_refund_goes_back_over_the_counter_once(order: Order, shift: Shift, tender: str, left: str) -> None:
    taken(order, shift)
    refund = refund_of(order)
    pay_refund(refund.pk, now=NOW)  # the queue finds no gateway and asks for a person

    refund = paid_out(refund, shift, tender, reference="T4 9", approval=make_approval())

    assert (refund.amount, refund.status, refund.method, refund.shift) == (
        Decimal("900.08"),
        "paid",
        tender,
        shift,
    )
    assert expected(shift)["cash"] == Decimal(left)
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert StaffTask.objects.get(kind="refund_due").done_by == shift.clerk
    assert paid_out(refund, shift, tender, reference="T4 9") == refund
    with pytest.raises(Conflict, match="already been paid"):
        paid_out(refund, shift, tender, submission="other tab", reference="T4 9")
    assert violations(now=NOW) == []


def test_the_drawer_must_have_the_cash(order: Order, shift: Shift) -> None:
    taken(order, shift)

    with pytest.raises(RuleBroken, match="not enough cash"):
        paid_out(refund_of(order), make_shift(make_user(), opening_float=100), approval=make_approval())

    assert Refund.objects.get().status == "owed"


def test_money_that_returns_online_by_itself_is_not_given_twice(order: Order, shift: Shift) -> None:
    act_on_notification(paid_notification(order).pk, now=NOW)
    refund = refund_of(order)
    refund = Refund.objects.get(pk=refund.pk)
    Refund.objects.filter(pk=refund.pk).update(status="owed", paid_at=None)

    with pytest.raises(Conflict, match="online"):
        paid_out(refund, shift)


def test_what_a_second_person_must_sign_says_why(order: Order, shift: Shift, settings: Any) -> None:
    taken(order, shift)
    refund = refund_of(order)
    far = make_shift(make_user(branch=make_branch("durban")), opening_float=1000)

    with pytest.raises(NeedsApproval, match="over R500"):
        paid_out(refund, shift)
    with pytest.raises(NeedsApproval, match="another way"):
        paid_out(refund, shift, "card", reference="T4 9")
    settings.CASH_REFUND_APPROVAL_OVER = 1000
    with pytest.raises(NeedsApproval, match="another branch"):
        paid_out(refund, far)
    with pytest.raises(RuleBroken, match="reason"):
        paid_out(refund, far, approval=make_approval(" "))
    made_by_clerk = make_approval()
    StaffEvent.objects.record(made_by_clerk.approver, "password reset", actor=far.clerk, at=NOW)
    with pytest.raises(RuleBroken, match="somebody else must sign"):
        paid_out(refund, far, approval=made_by_clerk)
    assert expected(shift)["cash"] == Decimal("1400.10")

    approval = make_approval("sold in Johannesburg, moved to Durban")
    assert paid_out(refund, far, approval=approval).approver == approval.approver
    refund.refresh_from_db()
    assert refund.reason == "sold in Johannesburg, moved to Durban"
    assert violations(now=NOW) == []


def test_money_that_a_gateway_took_and_will_not_give_back_never_leaves_a_drawer(
    order: Order, shift: Shift
) -> None:
    act_on_notification(paid_notification(order).pk, now=NOW)
    refund = refund_of(order)
    attempt = RefundAttempt(refund=refund, payment=order.payments.get(), key="k", amount=refund.amount)
    attempt.asked_at = attempt.next_try = NOW
    attempt.status = RefundAttempt.Status.REFUSED
    attempt.save()

    with pytest.raises(RuleBroken, match="never leaves a drawer"):
        paid_out(refund, shift, approval=make_approval())
    with pytest.raises(NeedsApproval, match="online"):
        paid_out(refund, shift, "eft", reference="7")

    assert paid_out(refund, shift, "eft", reference="7", approval=make_approval()).status == "paid"


def test_an_unknown_refund_is_not_found(shift: Shift) -> None:
    with pytest.raises(NotFound):
        pay_out_refund(99, Tender("cash"), shift=shift, submission="x", content="", now=NOW)
