"""Each state that somebody could make by hand in the database is noticed by the rule that is meant for it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from bookings.domain.integrity.invariants import neglected, violations
from bookings.models import (
    BankDetails,
    Booking,
    BookingEvent,
    BookingStep,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Posting,
    Refund,
    Shift,
    StaffTask,
    StatementLine,
    StatementMatch,
    Ticket,
    TillMovement,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_schedule, make_shift, make_statement_line, make_user
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = timedelta(days=1)


@pytest.fixture
def sold() -> Booking:
    """A booking paid through a gateway, one of another order that is not paid, and an open till."""
    from bookings.domain.sales.notifications import act_on_notification

    schedule = make_schedule()
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    ordered(schedule, "2A", "2B", owner="ben")
    make_shift(make_user(), opening_float=500)
    OutboxMessage.objects.update(sent_at=NOW)
    return order.bookings.get()


def test_what_is_sold_is_in_order(sold: Booking) -> None:
    assert violations(now=NOW) == []


def pay_back(booking: Booking, **values: object) -> Refund:
    """A refund of 100, paid through the gateway unless said, of which the ledger knows nothing."""
    payment = booking.order.payments.get()
    values = {"payment": payment, "status": "paid", "paid_at": NOW, "method": payment.method} | values
    return Refund.objects.create(order=booking.order, cause="by hand", amount=100, created_at=NOW, **values)


def post(cause: str, booking: Booking, **amounts: int) -> None:
    posting = {account: Decimal(amount) for account, amount in amounts.items()}
    LedgerEntry.objects.post(Posting(cause, posting, at=NOW, order=booking.order, shift=Shift.objects.get()))


def post_of(booking: Booking, **amounts: int) -> None:
    posting = {account: Decimal(amount) for account, amount in amounts.items()}
    LedgerEntry.objects.post(Posting("by hand", posting, at=NOW, booking=booking))


def rewrite_lines(**changes: object) -> Callable[[Booking], object]:
    def tamper(booking: Booking) -> None:
        with no_triggers():
            booking.lines.update(**changes)

    return tamper


def raise_fares(booking: Booking) -> None:
    """All but the ledger agrees."""
    rewrite_lines(amount=F("amount") + 1)(booking)
    Ticket.objects.filter(booking=booking).update(fare=F("fare") + 1)
    Order.objects.filter(pk=booking.order_id).update(total=F("total") + booking.tickets.count())


def pay_back_twice_the_payment(booking: Booking) -> None:
    amount = int(booking.order.payments.get().amount)
    post("by hand", booking, gateway=-2 * amount, refunds_owed=2 * amount)


def owe(booking: Booking) -> None:
    pay_back(booking, status="owed", paid_at=None, method="")
    post("by hand", booking, receivable=100, refunds_owed=-100)


def owe_with_a_task(booking: Booking) -> None:
    owe(booking)
    refund = Refund.objects.get()
    StaffTask.objects.create(
        kind="refund_due", order=booking.order, subject=f"refund:{refund.pk}", created_at=NOW
    )


def cancel_event(booking: Booking, reason: str, **values: object) -> None:
    step = BookingStep(booking, "confirmed", "cancelled", at=NOW, reason=reason, **values)
    BookingEvent.objects.record(step)


def void_alone(booking: Booking) -> None:
    cancel_event(booking, "void: wrong day")
    Refund.objects.create(
        order=booking.order,
        cause="void:1",
        amount=Decimal(501),
        created_at=NOW,
        payment=Payment.objects.get(),
    )


def receive_again(booking: Booking) -> None:
    row = GatewayNotification.objects.get()
    row.pk, row.external_id, row.acted_at = None, "another", None
    row.save(force_insert=True)


def rewrite_payments(**values: object) -> Callable[[Booking], None]:
    def rewrite(booking: Booking) -> None:
        with no_triggers():
            Payment.objects.update(**values)

    return rewrite


def take_a_fee(booking: Booking) -> StatementLine:
    """The gateway took R30 for the payment, and its statement says so; all is well."""
    from bookings.domain.reconciliation.matching import write_match

    payment = booking.order.payments.get()
    line = make_statement_line(
        payment.method, payment.amount, fee=-30, external_id=payment.external_id, at=NOW
    )
    assert write_match(line, payment=payment, now=NOW)
    assert broken() == set()
    return line


def change_line(**values: object) -> Callable[[Booking], None]:
    def change(booking: Booking) -> None:
        line = take_a_fee(booking)
        with no_triggers():
            StatementLine.objects.filter(pk=line.pk).update(**values)

    return change


def lose_line(booking: Booking) -> None:
    take_a_fee(booking)
    with no_triggers():
        StatementMatch.objects.all().delete()
        StatementLine.objects.all().delete()


def match_by_hand(booking: Booking, **facts: object) -> None:
    payment = booking.order.payments.get()
    line = make_statement_line(
        **({"gateway": "demo", "gross": payment.amount, "external_id": payment.external_id} | facts)
    )
    StatementMatch.objects.create(line=line, payment=payment, at=NOW)


def keep_bank_details(booking: Booking) -> None:
    refund = pay_back(booking)
    BankDetails.objects.create(refund=refund, sealed="x", given_at=NOW, asked_at=NOW)


TAMPERINGS: dict[str, tuple[str, Callable[[Booking], object]]] = {
    "payment raised": ("a payment is in the ledger", rewrite_payments(amount=F("amount") + 1)),
    "payment lowered": ("a payment is in the ledger", rewrite_payments(amount=F("amount") - 1)),
    "bank details kept": ("bank details of a paid refund are deleted", keep_bank_details),
    "payment of another order": (
        "a payment is in the ledger",
        lambda b: rewrite_payments(order=Order.objects.exclude(pk=b.order_id).get())(b),
    ),
    "payment without posting": (
        "a payment is in the ledger",
        lambda b: Payment.objects.create(
            order=b.order, method="demo", external_id="x", amount=5, paid_at=NOW
        ),
    ),
    "payment other than its attempt": (
        "an attempt agrees with its payment",
        lambda b: PaymentAttempt.objects.update(amount=F("amount") + 1),
    ),
    "attempt paid without payment": (
        "an attempt agrees with its payment",
        lambda b: PaymentAttempt.objects.create(
            order=b.order, gateway="demo", token="t", amount=5, status="paid", created_at=NOW
        ),
    ),
    "payment of an attempt that is not paid": (
        "an attempt agrees with its payment",
        lambda b: PaymentAttempt.objects.update(status="failed"),
    ),
    "fee of a gateway raised": (
        "what a statement says is in the ledger",
        change_line(fee=-31),
    ),
    "line of a statement moved to another gateway": (
        "what a statement says is in the ledger",
        change_line(gateway="other"),
    ),
    "line of a statement lost": ("what a statement says is in the ledger", lose_line),
    "payout without posting": (
        "what a statement says is in the ledger",
        lambda b: make_statement_line("demo", -500, kind="payout"),
    ),
    "line matched to a payment of another gateway": (
        "a line of a statement is matched to its own",
        lambda b: match_by_hand(b, gateway="other"),
    ),
    "line matched to another payment": (
        "a line of a statement is matched to its own",
        lambda b: match_by_hand(b, external_id="x"),
    ),
    "money put into the bank by hand": (
        "bank and gateway fees come from statements",
        lambda b: post("by hand", b, bank=100, receivable=-100),
    ),
    "order total raised": (
        "an order's total is the sum of its lines",
        lambda b: Order.objects.filter(pk=b.order_id).update(total=F("total") + 1),
    ),
    "line of another amount": (
        "an order's total is the sum of its lines",
        rewrite_lines(amount=F("amount") + 1),
    ),
    "line of another order": (
        "an order's total is the sum of its lines",
        lambda b: rewrite_lines(order=Order.objects.exclude(pk=b.order_id).get())(b),
    ),
    "line and total raised": (
        "a booking is sold for its fares",
        lambda b: (
            rewrite_lines(amount=F("amount") + 1)(b),
            Order.objects.filter(pk=b.order_id).update(total=F("total") + b.lines.count()),
        ),
    ),
    "line, total and fares raised": ("the ledger follows the order lines", raise_fares),
    "sold in the ledger without a line": (
        "the ledger follows the order lines",
        lambda b: post_of(b, revenue=-100, receivable=100),
    ),
    "earned before it was sold": (
        "the ledger follows the order lines",
        lambda b: post_of(b, revenue=-1000, unearned_fares=1000),
    ),
    "fee without a line": (
        "the ledger follows the order lines",
        lambda b: post_of(b, fee=-50, receivable=50),
    ),
    "order cancelled, booking confirmed": (
        "a booking is in the state of its order",
        lambda b: Order.objects.filter(pk=b.order_id).update(status="cancelled"),
    ),
    "order overdue, booking confirmed": (
        "a booking is in the state of its order",
        lambda b: Order.objects.filter(pk=b.order_id).update(status="pending", pay_by=NOW - DAY),
    ),
    "ticket on another schedule": (
        "a ticket is for the departure of its booking",
        lambda b: Ticket.objects.filter(booking=b).update(schedule=make_schedule()),
    ),
    "boards_at moved": (
        "a booking boards when its departure calls",
        lambda b: Booking.objects.filter(pk=b.pk).update(boards_at=b.boards_at - timedelta(minutes=1)),
    ),
    "contact of the booking changed": (
        "a booking has the contact of its order",
        lambda b: Booking.objects.filter(pk=b.pk).update(passenger_email="thief@example.com"),
    ),
    "contact of the order changed": (
        "a booking has the contact of its order",
        lambda b: Order.objects.filter(pk=b.order_id).update(email="thief@example.com"),
    ),
    "paid refund without posting": ("a refund that was paid is in the ledger", pay_back),
    "gateway posting without payment": (
        "gateways hold what came and did not go back",
        lambda b: post("by hand", b, gateway=100, receivable=-100),
    ),
    "gateway posting without order": (
        "gateways hold what came and did not go back",
        lambda b: LedgerEntry.objects.post(
            Posting("by hand", {"gateway": Decimal(5), "safe": Decimal(-5)}, at=NOW)
        ),
    ),
    "gateway below nothing": ("gateways hold what came and did not go back", pay_back_twice_the_payment),
    "fee moved to over and short": (
        "fees and till differences have a cause",
        lambda b: post("by hand", b, fee=100, cash_over_short=-100),
    ),
    "fee hidden in a rounding": (
        "fees and till differences have a cause",
        lambda b: post("rounding:999", b, petty_cash=100, cash_rounding=-100),
    ),
    "fee hidden in a rounding of before": (
        "fees and till differences have a cause",
        lambda b: post("rounding:999", b, petty_cash=100, cash_over_short=-100),
    ),
    "rounding without a payment": (
        "fees and till differences have a cause",
        lambda b: post("count:999", b, petty_cash=1, cash_rounding=-1),
    ),
    "refunded by a method that never paid": (
        "refunds go back the way money came",
        lambda b: pay_back(b, payment=None, method="eft"),
    ),
    "waiver alone": ("a waiver has its second person", lambda b: cancel_event(b, "fee waived: goodwill")),
    "void over the limit alone": ("sums over the limits have their second person", void_alone),
    "cash refund over the limit alone": (
        "sums over the limits have their second person",
        lambda b: Refund.objects.create(
            order=b.order, cause="x", amount=501, created_at=NOW, status="paid", paid_at=NOW, method="cash"
        ),
    ),
    "cash refund in pieces alone": (
        "sums over the limits have their second person",
        lambda b: [
            Refund.objects.create(
                order=b.order, cause=x, amount=300, created_at=NOW, status="paid", paid_at=NOW, method="cash"
            )
            for x in "xy"
        ],
    ),
    "EFT that nobody has seen": (
        "sums over the limits have their second person",
        lambda b: Payment.objects.create(
            order=b.order,
            method="eft",
            external_id="seen:1",
            amount=5,
            paid_at=NOW,
            shift=Shift.objects.get(),
        ),
    ),
    "pay-out over the limit alone": (
        "sums over the limits have their second person",
        lambda b: TillMovement.objects.create(shift=Shift.objects.get(), amount=-201, reason="x", at=NOW),
    ),
}
LATER: dict[str, tuple[str, Callable[[Booking], object]]] = {
    "fare not earned": (
        "a fare is earned within a day of boarding",
        lambda b: Booking.objects.filter(pk=b.pk).update(boards_at=NOW),
    ),
    "notification not acted on": ("a notification is acted on within a day", receive_again),
    "refund owed without task": ("a refund owed for a day has a task", owe),
    "confirmation unsent": (
        "a confirmation is sent within a day",
        lambda b: OutboxMessage.objects.filter(kind="confirmation").update(sent_at=None),
    ),
}


def broken(*, after: timedelta = timedelta(0)) -> set[str]:
    now = NOW + after
    return {violation.rule for violation in violations(now=now) + neglected(now=now)}


@pytest.mark.parametrize("state", TAMPERINGS)
def test_what_was_tampered_with_is_noticed(sold: Booking, state: str) -> None:
    rule, tamper = TAMPERINGS[state]

    tamper(sold)

    assert rule in broken()


@pytest.mark.parametrize("state", LATER)
def test_what_lies_about_is_noticed_after_a_day_and_not_before(sold: Booking, state: str) -> None:
    rule, tamper = LATER[state]

    tamper(sold)

    assert rule not in broken(after=timedelta(hours=23))
    assert rule in broken(after=timedelta(hours=25))


def test_what_a_person_knows_of_is_in_order(sold: Booking) -> None:
    """A payment of another amount with its task, an owed refund with its task, a waiver with its approver."""
    payment = Payment.objects.get()
    PaymentAttempt.objects.update(amount=F("amount") + 1)
    StaffTask.objects.create(
        kind="wrong_amount", order=sold.order, subject=f"payment:{payment.pk}", created_at=NOW, done_at=NOW
    )
    owe_with_a_task(sold)
    cancel_event(sold, "fee waived: goodwill", approver=make_user(role="supervisor"))

    assert not broken(after=timedelta(hours=25)) & {
        "an attempt agrees with its payment",
        "a refund owed for a day has a task",
        "a waiver has its second person",
    }


def test_an_address_in_capital_letters_is_the_same_contact(sold: Booking) -> None:
    Order.objects.filter(pk=sold.order_id).update(email=sold.order.email.upper())

    assert broken() == set()
