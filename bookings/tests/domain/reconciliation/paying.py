"""Payments through Payfast that are in our books, in its own, or in both."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from bookings.base.codes import random_token
from bookings.demo.payment_simulator.account import SimulatedAccount, SimulatedPayment
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import Booking, LedgerEntry, Order, Payment, PaymentAttempt, Posting, Refund, Shift
from bookings.tests.make import make_approval, make_booking


def start_attempt(order: Order, amount: Decimal) -> PaymentAttempt:
    return PaymentAttempt.objects.create(
        order=order, gateway="payfast", token=random_token(), amount=amount, created_at=timezone.now()
    )


def pay_there(account: SimulatedAccount, attempt: PaymentAttempt | None, amount: Decimal) -> SimulatedPayment:
    """Payfast takes the money, and tells us nothing."""
    token = attempt.token if attempt else random_token()
    payment = account.take([("m_payment_id", token), ("amount", f"{amount:.2f}"), ("item_name", "Falcon")])
    account.settle(payment)
    return payment


def book_here(attempt: PaymentAttempt, external_id: str, *, amount: Decimal | None = None) -> Payment:
    """As the notification would have, of an order whose seats do not matter."""
    PaymentAttempt.objects.filter(pk=attempt.pk).update(status="paid")
    payment = Payment.objects.create(
        order=attempt.order,
        attempt=attempt,
        method="payfast",
        external_id=external_id,
        amount=amount or attempt.amount,
        paid_at=timezone.now(),
    )
    amounts = {"gateway": payment.amount, "receivable": -payment.amount}
    facts = {"order": payment.order, "gateway": "payfast"}
    LedgerEntry.objects.post(Posting(f"payment:{payment.pk}", amounts, at=payment.paid_at, **facts))
    return payment


def buy(account: SimulatedAccount, *, now: datetime) -> Booking:
    """A booking that is paid, here and there."""
    booking = make_booking(status="pending", now=now)
    attempt = start_attempt(booking.order, booking.order.total)
    there = pay_there(account, attempt, attempt.amount)
    settle(booking.order_id, ReceivedPayment("payfast", there.id, attempt.amount, attempt=attempt), now=now)
    return booking


def give_back_there(account: SimulatedAccount, refund: Refund) -> None:
    assert refund.payment
    account.give_back(account.payments[refund.payment.external_id], refund.amount)


def pay_at_till(
    shift: Shift, method: str, amount: int, *, reference: str, now: datetime | None = None
) -> Payment:
    """A booking sold and paid into the till by card or EFT."""
    now = now or timezone.now()
    booking = make_booking(fare=amount, status="pending", now=now)
    tender = Tender(method, reference=reference, approval=make_approval() if method == "eft" else None)
    facts = {"shift": shift, "submission": random_token(), "content": "", "now": now}
    return take_payment(booking.order, tender, **facts).payment
