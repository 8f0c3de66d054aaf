"""Payfast against the simulator, a process of its own: each fault of its page and of its refunds ends in the
right ledger, never in two tickets and never in silence.
"""

import random
import re
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from bookings.base.banks import Bank, BankAccount
from bookings.base.errors import Conflict
from bookings.demo.payment_simulator.signatures import php, sign_call, sign_form, sign_notification
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.bank_details import details_request, give_bank_details
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import ANSWER_TIME, pay_refund, pay_waiting_refunds
from bookings.domain.sales.gateways.payfast import PayfastGateway
from bookings.domain.sales.gateways.payfast_api import call
from bookings.domain.sales.gateways.payfast_signature import (
    api_signature,
    encoded,
    form_signature,
    notification_signature,
)
from bookings.domain.sales.notifications import act_on_waiting, ask_after_attempts
from bookings.domain.sales.payments import start_payment
from bookings.models import (
    Account,
    BankDetails,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    RefundAttempt,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.domain.sales.gateways.letterbox import Letterbox
from bookings.tests.domain.sales.gateways.vectors import FIELDS, PASSPHRASE, SIGNATURES
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import many

NAMES = ["~+é&", "O'Brien", "a  b ", "", "=%7E", "漢 字", "-_.*()"]


PAYS = ("pay", "pending", "duplicate", "reorder", "lose", "wrong_signature", "late")
MIXED = [
    ("pay", 1),
    ("cancel", 1),
    ("fail", 1),
    ("pending", 2),
    ("duplicate", 3),
    ("reorder", 2),
    ("lose", 0),
    ("wrong_signature", 1),
    ("foreign", 1),
    ("late", 1),
]


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Where it leads is what is asked for."""


@pytest.fixture
def payfast(settings: Any, simulator: str, letterbox: Letterbox) -> str:
    """The simulator's address, in the place of Payfast's."""
    settings.PAYMENT_GATEWAYS = {
        **settings.PAYMENT_GATEWAYS,
        "payfast": "bookings.domain.sales.gateways.payfast.PayfastGateway",
    }
    settings.OFFERED_GATEWAYS = ["payfast"]
    settings.PAYFAST_URL = settings.PAYFAST_API_URL = simulator
    settings.PAYFAST_MERCHANT_ID, settings.PAYFAST_MERCHANT_KEY = "10000100", "46f0cd694581a"
    settings.PAYFAST_PASSPHRASE = PASSPHRASE
    settings.SITE_URL = letterbox.url
    return simulator


@pytest.fixture
def order(payfast: str) -> Order:
    now = timezone.now()
    order = ordered(departure_ahead(), now=now)
    start_payment(order.pk, now=now)
    return order


def choose(choice: str, *, way: str = "cc") -> str:
    """Hand the order's newest attempt over and press a button of the page; where the browser is sent back."""
    hand_over = PayfastGateway().hand_over(PaymentAttempt.objects.latest("pk"))
    with urlopen(Request(hand_over.address, data=urlencode(hand_over.fields).encode())) as answer:
        page = answer.read().decode()
    action = re.search(r'action="([^"]+)"', page)[1]
    address = hand_over.address.replace("/eng/process", action)
    data = urlencode({"way": way, "choice": choice}).encode()
    try:
        build_opener(_Stay).open(Request(address, data=data))
    except OSError as redirect:
        return str(redirect.headers["Location"])  # type: ignore[attr-defined]
    raise AssertionError("no redirect")


def arrive(letterbox: Letterbox, count: int) -> list[int]:
    """Let so many notifications of the newest attempt reach the site; its answers."""
    return [tell(body) for body in letterbox.wait_for(PaymentAttempt.objects.latest("pk").token, count)]


def tell(body: bytes) -> int:
    client = Client(REMOTE_ADDR="127.0.0.1")
    kind = "application/x-www-form-urlencoded"
    return client.post("/payments/payfast/notify/", body, content_type=kind).status_code


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_the_simulator_signs_by_the_vectors_and_as_the_adapter_does(passphrase: str) -> None:
    assert sign_notification(FIELDS, passphrase) == SIGNATURES[passphrase]
    pairs = [(f"n{number}", name) for number, name in enumerate(NAMES)]
    assert sign_notification(pairs, passphrase) == notification_signature(pairs, passphrase)
    assert sign_form(pairs, passphrase) == form_signature(pairs, passphrase)
    assert sign_call(dict(pairs), PASSPHRASE) == api_signature(dict(pairs), PASSPHRASE)
    assert [php(name) for name in NAMES] == [encoded(name) for name in NAMES]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("choice", "count", "answers", "states"),
    [
        ("pay", 1, {200}, ("confirmed", "paid")),
        ("cancel", 1, {200}, ("pending", "abandoned")),
        ("fail", 1, {200}, ("pending", "failed")),
        ("pending", 2, {200}, ("confirmed", "paid")),
        ("pending_only", 1, {200}, ("pending", "pending")),
        ("duplicate", 3, {200}, ("confirmed", "paid")),
        ("reorder", 2, {200}, ("confirmed", "paid")),
        ("wrong_amount", 1, {200}, ("pending", "paid")),
        ("lose", 0, set(), ("confirmed", "paid")),
        ("wrong_signature", 1, {400}, ("confirmed", "paid")),
        ("foreign", 1, {200}, ("pending", "started")),
        ("late", 1, {200}, ("confirmed", "paid")),
    ],
)
def test_each_fault_of_the_page_ends_in_the_right_ledger(
    order: Order, letterbox: Letterbox, choice: str, count: int, answers: set[int], states: tuple[str, str]
) -> None:
    leads_to = choose(choice)
    if choice == "late":
        expire_unpaid(now=timezone.now() + timedelta(minutes=21))
    assert set(arrive(letterbox, count)) == answers
    for moment in (timezone.now(), timezone.now() + timedelta(minutes=4)):
        act_on_waiting(now=moment if choice != "late" else None)
        ask_after_attempts(now=moment)

    attempt = PaymentAttempt.objects.get()
    order.refresh_from_db()
    assert (order.status, attempt.status) == states
    came = Decimal(899) if choice == "wrong_amount" else order.total if states[1] == "paid" else Decimal(0)
    assert LedgerEntry.objects.balance(Account.GATEWAY, order=order) == came
    assert Payment.objects.count() == (came > 0)
    assert Ticket.objects.count() == 2
    assert leads_to.startswith(letterbox.url)
    assert f"/payments/{attempt.token}/left/" in leads_to or choice != "cancel"
    kinds = set(StaffTask.objects.values_list("kind", flat=True))
    assert kinds == ({"wrong_amount"} if choice == "wrong_amount" else set())
    assert violations(now=timezone.now()) == []


@pytest.mark.django_db
def test_what_payfast_does_not_know_is_told_to_a_person(order: Order, letterbox: Letterbox) -> None:
    choose("foreign")
    arrive(letterbox, 1)

    act_on_waiting()
    act_on_waiting(now=timezone.now() + timedelta(hours=7))

    assert GatewayNotification.objects.get().state == "unconfirmed"
    assert StaffTask.objects.get().kind == "unconfirmed_payment"
    assert not Payment.objects.exists()


@pytest.mark.django_db
def test_a_notification_from_an_address_that_is_not_payfasts_is_not_believed(
    order: Order, letterbox: Letterbox
) -> None:
    choose("pay")
    arrive(letterbox, 1)
    GatewayNotification.objects.update(peer="192.0.2.7")

    act_on_waiting()

    assert GatewayNotification.objects.get().state == "unconfirmed"
    assert not Payment.objects.exists()


@pytest.mark.django_db
def test_any_mix_of_faults_ends_in_the_right_ledger(payfast: str, letterbox: Letterbox) -> None:
    """Up to three attempts on an order, in any order, told or lost: one sale, and the rest goes back."""
    rest = random.Random(20261130)
    for number in range(many(12, 200)):
        now = timezone.now()
        order = ordered(departure_ahead(), owner=f"mix-{number}", now=now)
        choices = [rest.choice(MIXED) for _attempt in range(rest.randint(1, 3))]
        bodies: list[bytes] = []
        for choice, count in choices:
            with suppress(Conflict):
                PaymentAttempt.objects.filter(order=order).update(status="failed")
                start_payment(order.pk, now=now)
                choose(choice)
                bodies += letterbox.wait_for(PaymentAttempt.objects.latest("pk").token, count)
        rest.shuffle(bodies)
        for body in bodies:
            tell(body)
            if rest.random() < 0.5:
                act_on_waiting(now=now)
        for minutes in (0, 4, 20, 60):
            act_on_waiting(now=now + timedelta(minutes=minutes))
            ask_after_attempts(now=now + timedelta(minutes=minutes))

        order.refresh_from_db()
        paid = [choice for choice, _count in choices[: order.attempts.count()] if choice in PAYS]
        assert order.status == ("confirmed" if paid else "pending"), (number, choices)
        assert order.payments.count() == len(paid), (number, choices)
        back = sum((refund.amount for refund in order.refunds.all()), Decimal(0))
        assert back == order.total * max(len(paid) - 1, 0), (number, choices)
        assert order.bookings.count() == 1
    assert violations(now=timezone.now()) == []


@pytest.fixture
def paid(order: Order, letterbox: Letterbox) -> Order:
    choose("pay")
    arrive(letterbox, 1)
    act_on_waiting()
    order.refresh_from_db()
    assert order.status == "confirmed"
    return order


def cancelled(order: Order, *tickets: Ticket) -> Refund:
    """What is owed for these tickets, or for all."""
    booking = Ticket.objects.get(pk=tickets[0].pk).booking if tickets else order.bookings.get()
    ids = [ticket.pk for ticket in tickets] or None
    request = CancellationRequest(booking.booking_reference, ticket_ids=ids)
    cancel_booking(request, submission=f"form-{order.refunds.count()}", content="")
    return order.refunds.latest("pk")


def moods(payfast: str, *names: str) -> None:
    with urlopen(f"{payfast}/moods", data=urlencode([("mood", name) for name in names]).encode()) as answer:
        answer.read()


def given_back() -> list[int]:
    """What Payfast says it has paid back of the payment, in cents."""
    answer = call("GET", f"/refunds/{Payment.objects.get().external_id}").json()
    return [-move["amount"] for move in answer["transactions"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "faults",
    [[], ["lost"], ["lost_before"], ["busy"], ["busy", "lost_before", "lost"], ["lost_before", "busy"]],
)
def test_a_refund_is_given_back_once_whatever_gets_lost(payfast: str, paid: Order, faults: list[str]) -> None:
    refund = cancelled(paid)
    moods(payfast, *faults)
    now = timezone.now()

    assert pay_refund(refund.pk, now=now) is (not faults)
    for hours in range(1, 8):
        pay_waiting_refunds(now=now + timedelta(hours=hours))

    assert given_back() == [int(refund.amount * 100)]
    refund.refresh_from_db()
    assert (refund.status, RefundAttempt.objects.get().status) == ("paid", "settled")
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert not StaffTask.objects.exists()
    assert violations(now=now) == []


@pytest.mark.django_db
def test_refunds_of_one_amount_are_told_apart(payfast: str, order: Order, letterbox: Letterbox) -> None:
    Ticket.objects.update(fare=Decimal(450))  # both alike
    choose("pay")
    arrive(letterbox, 1)
    act_on_waiting()
    first, second = Ticket.objects.order_by("pk")
    assert pay_refund(cancelled(order, first).pk)
    moods(payfast, "lost_before")

    refund = cancelled(order, second)
    assert not pay_refund(refund.pk)
    pay_waiting_refunds(now=timezone.now() + ANSWER_TIME * 2)

    assert given_back() == [int(one.amount * 100) for one in order.refunds.order_by("pk")]
    refund.refresh_from_db()
    assert refund.status == "paid"


@pytest.mark.django_db
def test_a_refused_refund_is_left_to_a_person(payfast: str, paid: Order) -> None:
    refund = cancelled(paid)
    moods(payfast, "refused")

    assert not pay_refund(refund.pk)

    assert RefundAttempt.objects.get().last_error == "The refund is not possible."
    assert StaffTask.objects.get().kind == "refund_due"
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == -refund.amount


@pytest.mark.django_db
@pytest.mark.parametrize("faults", [[], ["lost"], ["lost_before", "busy"]])
def test_a_payment_by_eft_goes_back_to_the_bank_account_that_the_customer_tells(
    payfast: str, order: Order, letterbox: Letterbox, faults: list[str]
) -> None:
    choose("pay", way="ef")
    arrive(letterbox, 1)
    act_on_waiting()
    refund, now = cancelled(order), timezone.now()

    assert not pay_refund(refund.pk)
    pay_waiting_refunds(now=now + timedelta(hours=1))

    refund.refresh_from_db()
    assert refund.status == "owed"
    assert not RefundAttempt.objects.exists()
    assert not StaffTask.objects.exists()
    assert OutboxMessage.objects.filter(kind="bank_details").count() == 1
    banks = details_request(order.pk).banks
    assert Bank("fnb", "FNB") in banks

    give_bank_details(order.pk, BankAccount("Ann Abel", "fnb", "250655", "62001234567", "savings"))
    moods(payfast, *faults)
    assert pay_refund(refund.pk) is (not faults)
    for hours in range(1, 8):
        pay_waiting_refunds(now=now + timedelta(hours=hours))

    assert given_back() == [int(refund.amount * 100)]
    refund.refresh_from_db()
    assert (refund.status, BankDetails.objects.count()) == ("paid", 0)
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert violations(now=now) == []


@pytest.mark.django_db
def test_an_account_that_payfast_does_not_take_is_left_to_a_person(
    payfast: str, order: Order, letterbox: Letterbox
) -> None:
    choose("pay", way="ef")
    arrive(letterbox, 1)
    act_on_waiting()
    refund = cancelled(order)
    pay_refund(refund.pk)
    give_bank_details(order.pk, BankAccount("Ann Abel", "unknown bank", "250655", "62001234567", "savings"))

    assert not pay_refund(refund.pk)

    assert RefundAttempt.objects.get().last_error == "The refund is not possible."
    assert StaffTask.objects.get().kind == "refund_due"


@pytest.mark.django_db
def test_the_history_tells_payments_with_their_fees(paid: Order) -> None:
    today = timezone.localdate()
    payment = Payment.objects.get()

    [row] = [row for row in PayfastGateway().history(today, today) if row.external_id == payment.external_id]

    assert (row.our_id, row.gross, row.fee) == (payment.attempt.token, payment.amount, Decimal("-31.50"))
    assert row.net == row.gross + row.fee


def test_a_form_that_was_changed_on_its_way_is_not_taken(payfast: str) -> None:
    fields = [("merchant_id", "10000100"), ("amount", "1.00"), ("signature", "0" * 32)]
    with pytest.raises(OSError, match="400"):
        urlopen(f"{payfast}/eng/process", data=urlencode(fields).encode())


def test_a_call_with_a_wrong_key_is_an_outage_and_no_refusal(payfast: str, settings: Any) -> None:
    settings.PAYFAST_PASSPHRASE = "another"
    with pytest.raises(OSError, match="401"):
        call("GET", "/refunds/1")


def test_production_has_no_simulator(settings: Any) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="not in production"):
        call_command("payment_simulator")
