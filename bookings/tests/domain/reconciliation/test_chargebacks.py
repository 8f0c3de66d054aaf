"""What a customer's bank takes back: posted, told, and never refunded a second time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from bookings.base.errors import Conflict
from bookings.demo.payment_simulator.account import CHARGEBACK_FEE, SimulatedAccount, fee_of
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import send_due
from bookings.domain.reconciliation.day_page import LineState, statement_page
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.reconcile import reconcile
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund, pay_waiting_refunds
from bookings.models import Booking, Chargeback, LedgerEntry, Refund, RefundAttempt, StaffTask, StatementLine
from bookings.tests.domain.reconciliation.paying import buy
from bookings.tests.make import make_shift, make_user
from bookings.tests.tampering import no_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def bought(account: SimulatedAccount, now: datetime) -> Booking:
    return buy(account, now=now)


def take_back(account: SimulatedAccount, booking: Booking) -> None:
    account.charge_back(account.payments[booking.order.payments.get().external_id])
    read()


def read() -> None:
    reconcile([business_day(timezone.now())], now=timezone.now())


def cancel(booking: Booking, now: datetime) -> None:
    request = CancellationRequest(booking.booking_reference)
    cancel_booking(request, submission="cancel", content="", now=now)


def balance(account: str) -> Decimal:
    return LedgerEntry.objects.balance(account, gateway="payfast")


def test_it_is_posted_and_customer_and_office_are_told(
    account: SimulatedAccount, bought: Booking, now: datetime
) -> None:
    take_back(account, bought)

    total = bought.order.total
    assert balance("chargebacks") == total
    assert balance("gateway_fees") == fee_of(total) + CHARGEBACK_FEE
    assert balance("gateway") == -fee_of(total) - CHARGEBACK_FEE
    assert StaffTask.objects.get().kind == "chargeback"
    assert violations(now=now) == []
    send_due()
    told = [message for message in mail.outbox if "took back" in message.subject]
    assert len(told) == 1
    assert bought.booking_reference in told[0].body
    page = statement_page("payfast", business_day(now), now=now)
    assert {line.state for line in page.lines} == {LineState.MATCHED}
    assert page.difference == 0
    read()
    assert Chargeback.objects.count() == 1


def test_what_was_owed_is_given_back_by_it(account: SimulatedAccount, bought: Booking, now: datetime) -> None:
    cancel(bought, now)
    refund = Refund.objects.get()

    take_back(account, bought)

    refund.refresh_from_db()
    assert (refund.status, refund.method) == ("paid", "chargebacks")
    assert balance("chargebacks") == bought.order.payments.get().amount - refund.amount
    pay_waiting_refunds()
    assert not RefundAttempt.objects.exists()
    assert violations(now=now) == []


def test_a_later_cancellation_pays_nothing_again(
    account: SimulatedAccount, bought: Booking, now: datetime
) -> None:
    take_back(account, bought)

    cancel(bought, now)

    refund = Refund.objects.get()
    assert (refund.status, refund.method) == ("paid", "chargebacks")
    assert pay_refund(refund.pk)
    assert not RefundAttempt.objects.exists()
    assert violations(now=now) == []


def test_what_it_does_not_cover_is_paid_by_nobody_alone(
    account: SimulatedAccount, bought: Booking, now: datetime
) -> None:
    payment = account.payments[bought.order.payments.get().external_id]
    account.move(payment, Decimal(-100), kind="CHARGEBACK")
    read()
    cancel(bought, now)
    refund = Refund.objects.get()

    assert not pay_refund(refund.pk)
    assert pay_waiting_refunds() == 0
    with pytest.raises(Conflict, match="took this payment back"):
        pay_out_refund(
            refund.pk,
            Tender("card", reference="1"),
            shift=make_shift(make_user()),
            submission="x",
            content="",
        )
    assert StaffTask.objects.filter(kind="refund_due").count() == 1
    assert violations(now=now) == []


def test_what_went_back_before_is_lost_twice_and_said(
    account: SimulatedAccount, bought: Booking, now: datetime
) -> None:
    cancel(bought, now)
    assert pay_refund(Refund.objects.get().pk)
    payment = account.payments[bought.order.payments.get().external_id]
    account.move(payment, -bought.order.total, kind="CHARGEBACK")

    read()

    assert Chargeback.objects.get().amount == bought.order.total
    assert balance("chargebacks") == bought.order.total
    assert violations(now=now) == []


def test_what_the_bank_gives_again_is_booked(
    account: SimulatedAccount, bought: Booking, now: datetime
) -> None:
    take_back(account, bought)
    payment = account.payments[bought.order.payments.get().external_id]
    account.move(payment, bought.order.total, kind="CHARGEBACK")

    read()

    assert balance("chargebacks") == 0
    assert Chargeback.objects.get().returned_line is not None
    assert not StaffTask.objects.filter(kind="statement_difference").exists()
    assert violations(now=now) == []


def test_one_of_a_payment_that_is_not_ours_is_a_difference(account: SimulatedAccount) -> None:
    payment = account.take([("amount", "500.00"), ("m_payment_id", "x")])
    account.move(payment, Decimal(-500), kind="CHARGEBACK")

    read()

    assert StaffTask.objects.get().subject == f"statement:{StatementLine.objects.get().pk}"


def lower(booking: Booking) -> None:
    Chargeback.objects.update(amount=Decimal(5))


def lose_posting(booking: Booking) -> None:
    with no_triggers():
        LedgerEntry.objects.filter(cause__startswith="chargeback:").delete()


def refund_all_the_same(booking: Booking) -> None:
    payment, later = booking.order.payments.get(), timezone.now() + timedelta(minutes=1)
    facts = {"order": booking.order, "payment": payment, "cause": "x", "created_at": later}
    Refund.objects.create(amount=1, status="paid", paid_at=later, method="payfast", **facts)


def settle_by_nothing(booking: Booking) -> None:
    payment, later = booking.order.payments.get(), timezone.now()
    facts = {"order": booking.order, "payment": payment, "cause": "x", "created_at": later}
    Refund.objects.create(
        amount=booking.order.total + 1, status="paid", paid_at=later, method="chargebacks", **facts
    )


@pytest.mark.database
@pytest.mark.parametrize(
    ("tamper", "rule"),
    [
        (lower, "a chargeback is in the ledger"),
        (lose_posting, "a chargeback is in the ledger"),
        (refund_all_the_same, "nothing is refunded after a chargeback"),
        (settle_by_nothing, "nothing is refunded after a chargeback"),
    ],
)
def test_what_was_tampered_with_is_noticed(
    account: SimulatedAccount, bought: Booking, tamper: Callable[[Booking], None], rule: str
) -> None:
    take_back(account, bought)

    tamper(bought)

    assert rule in {found.rule for found in violations(now=timezone.now())}
