"""Refunds know the payments that they give back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import (
    ANSWER_TIME,
    pay_refund,
    pay_waiting_refunds,
    watch_owed_refunds,
)
from bookings.domain.sales.gateways import RefundAnswer
from bookings.domain.sales.gateways.demo import DemoGateway
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.order_lines import Cause, LineChange, NewLine, write_lines
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import (
    Account,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    Refund,
    RefundAttempt,
    StaffTask,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db
Status = RefundAttempt.Status


@pytest.fixture
def order() -> Order:
    """R900, paid through the demo gateway."""
    order = ordered(make_schedule())
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order


def cancel(order: Order) -> list[Refund]:
    reference = order.bookings.get().booking_reference
    cancel_booking(CancellationRequest(reference), submission="cancel", content="", now=NOW)
    return list(order.refunds.order_by("pk"))


def answers(monkeypatch: pytest.MonkeyPatch, *given: RefundAnswer | Exception) -> list[str]:
    """Let the demo gateway give these answers to requests for money; the keys it was asked with."""
    asked: list[str] = []
    left = iter(given)

    def refund(_gateway: DemoGateway, attempt: RefundAttempt) -> RefundAnswer:
        asked.append(attempt.key)
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(DemoGateway, "refund", refund)
    return asked


def knows(monkeypatch: pytest.MonkeyPatch, answer: RefundAnswer | None) -> None:
    monkeypatch.setattr(DemoGateway, "refund_status", lambda _gateway, _attempt: answer)


@pytest.mark.database
def test_money_of_two_payments_goes_back_to_both_the_newest_first(order: Order) -> None:
    """R900 came online and R250 by EFT for a change: R1 000 goes back as R250 and R750."""
    booking = order.bookings.get()
    fee = NewLine(kind=OrderLine.Kind.CHANGE_FEE, amount=Decimal(250), tax_code="exempt")

    write_lines(booking, LineChange([fee]), Cause(name="change:1", against=Account.RECEIVABLE, at=NOW))
    settle(order.pk, ReceivedPayment("eft", "slip", Decimal(250)), now=NOW)

    refunds = cancel(order)

    assert [(row.payment.method, row.amount) for row in refunds if row.payment] == [
        ("eft", Decimal(250)),
        ("demo", Decimal(650)),
    ]
    assert len({row.cause for row in refunds}) == 1
    assert violations(now=NOW) == []


def test_a_second_payment_goes_back_by_itself_and_the_customer_is_told(order: Order) -> None:
    settle(order.pk, ReceivedPayment("demo", "again", Decimal(900), attempt=order.attempts.get()), now=NOW)

    refund = Refund.objects.get()
    assert refund.payment == Payment.objects.get(external_id="again")
    assert pay_waiting_refunds(now=NOW) == 1
    refund.refresh_from_db()
    assert (refund.status, refund.method) == ("paid", "demo")
    mail = build_mail(OutboxMessage.objects.get(kind="refund"), now=NOW)
    assert mail is not None
    assert mail.subject.startswith("Your refund of R900")
    assert "R900 was paid back on Tue 1 Dec." in " ".join(str(mail.body).split())
    assert violations(now=NOW) == []


def test_an_answer_that_got_lost_is_looked_up_before_it_is_asked_for_again(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    (refund,) = cancel(order)
    asked = answers(monkeypatch, TimeoutError("no answer"))
    knows(monkeypatch, RefundAnswer(Status.SETTLED, external_id="gw-7"))

    assert not pay_refund(refund.pk, now=NOW)
    assert RefundAttempt.objects.get().status == Status.UNKNOWN
    assert pay_waiting_refunds(now=NOW + ANSWER_TIME) == 1

    attempt = RefundAttempt.objects.get()
    assert (attempt.status, attempt.external_id, attempt.tries) == (Status.SETTLED, "gw-7", 2)
    assert len(asked) == 1
    refund.refresh_from_db()
    assert refund.status == "paid"
    assert violations(now=NOW) == []


def test_what_was_promised_is_asked_after_and_never_asked_for_again(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    (refund,) = cancel(order)
    asked = answers(monkeypatch, RefundAnswer(Status.ACCEPTED, external_id="gw-8"))
    knows(monkeypatch, None)

    assert not pay_refund(refund.pk, now=NOW)
    assert pay_waiting_refunds(now=NOW + ANSWER_TIME) == 1
    refund.refresh_from_db()
    assert refund.status == "paying"

    knows(monkeypatch, RefundAnswer(Status.SETTLED))
    assert pay_waiting_refunds(now=NOW + timedelta(days=1)) == 1
    assert len(asked) == 1
    refund.refresh_from_db()
    assert (refund.status, refund.reference) == ("paid", "gw-8")


@pytest.mark.database
def test_one_refund_that_raises_stops_no_other(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ordered(make_schedule(), owner="ben")
    act_on_notification(paid_notification(other).pk, now=NOW)
    (bad,) = cancel(order)
    reference = other.bookings.get().booking_reference
    cancel_booking(CancellationRequest(reference), submission="b", content="", now=NOW)
    answers(monkeypatch, ValueError("not JSON"), RefundAnswer(Status.SETTLED))

    assert pay_waiting_refunds(now=NOW) == 2

    bad.refresh_from_db()
    assert bad.status == "paying"
    assert other.refunds.get().status == "paid"


def test_what_is_owed_for_more_than_a_day_has_one_task_until_it_is_paid(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    (refund,) = cancel(order)

    assert watch_owed_refunds(now=NOW + timedelta(hours=23)) == 0
    assert watch_owed_refunds(now=NOW + timedelta(hours=24)) == 1
    assert watch_owed_refunds(now=NOW + timedelta(hours=25)) == 0
    assert StaffTask.objects.get(done_at=None).subject == f"refund:{refund.pk}"

    pay_refund(refund.pk, now=NOW + timedelta(hours=25))
    assert not StaffTask.objects.filter(done_at=None).exists()


@pytest.mark.database
@pytest.mark.parametrize(
    "tamper",
    [
        {"amount": Decimal("900.01")},
        {"method": "cash", "status": "paid", "paid_at": NOW},
    ],
)
def test_a_refund_that_its_payment_cannot_explain_is_seen(order: Order, tamper: dict[str, Any]) -> None:
    (refund,) = cancel(order)
    Refund.objects.filter(pk=refund.pk).update(**tamper)

    rules = {violation.rule for violation in violations(now=NOW)}

    assert "a payment gives back what it brought, and the way it came" in rules
