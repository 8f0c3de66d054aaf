"""Payfast and Yoco against the simulator, a process of its own: each fault of its page ends in the right
ledger, never in two tickets and never in silence.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bookings.base.webhook_signatures import signature
from bookings.demo.payment_simulator.signatures import (
    php,
    sign_call,
    sign_form,
    sign_notification,
    sign_webhook,
)
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateways.payfast import PayfastGateway
from bookings.domain.sales.gateways.payfast_api import call
from bookings.domain.sales.gateways.payfast_signature import (
    api_signature,
    encoded,
    form_signature,
    notification_signature,
)
from bookings.domain.sales.gateways.yoco_api import call_yoco
from bookings.domain.sales.hand_over import abandon_payment, get_hand_over
from bookings.domain.sales.notifications import act_on_waiting, ask_after_attempts
from bookings.models import (
    Account,
    GatewayNotification,
    LedgerEntry,
    Order,
    Payment,
    PaymentAttempt,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.sales.gateways.letterbox import Letterbox
from bookings.tests.domain.sales.gateways.simulation import (
    arrive,
    choose,
    newest,
    set_moods,
)
from bookings.tests.domain.sales.gateways.vectors import (
    FIELDS,
    PASSPHRASE,
    SIGNATURES,
    WEBHOOK_BODY,
    WEBHOOK_ID,
    WEBHOOK_SECRET,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIME,
)

NAMES = ["~+é&", "O'Brien", "a  b ", "", "=%7E", "漢 字", "-_.*()"]
REFUND_FAULTS = {
    "payfast": ["", "lost", "lost_before", "busy", "refused"],
    "yoco": [
        "",
        "lost",
        "lost_but_told",
        "lost_before",
        "busy",
        "refused",
        "later",
        "later_refused",
        "later_lost",
    ],
}


payfast_only = pytest.mark.parametrize("gateway", ["payfast"], indirect=True)
yoco_only = pytest.mark.parametrize("gateway", ["yoco"], indirect=True)


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_the_simulator_signs_by_the_vectors_and_as_the_adapter_does(passphrase: str) -> None:
    assert sign_notification(FIELDS, passphrase) == SIGNATURES[passphrase]
    pairs = [(f"n{number}", name) for number, name in enumerate(NAMES)]
    assert sign_notification(pairs, passphrase) == notification_signature(pairs, passphrase)
    assert sign_form(pairs, passphrase) == form_signature(pairs, passphrase)
    assert sign_call(dict(pairs), PASSPHRASE) == api_signature(dict(pairs), PASSPHRASE)
    assert [php(name) for name in NAMES] == [encoded(name) for name in NAMES]


def test_the_simulator_signs_webhooks_by_the_vector_and_as_the_adapter_does() -> None:
    time = str(WEBHOOK_TIME)
    assert sign_webhook(WEBHOOK_SECRET, WEBHOOK_ID, time, WEBHOOK_BODY) == WEBHOOK_SIGNATURE
    for name in NAMES:
        ours = signature(WEBHOOK_SECRET, name, name, timestamp=WEBHOOK_TIME)
        assert sign_webhook(WEBHOOK_SECRET, name, time, name) == ours


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("choice", "answers", "states"),
    [
        ("pay", {200}, ("confirmed", "paid")),
        ("cancel", {200}, ("pending", "abandoned")),
        ("fail", {200}, ("pending", {"payfast": "failed", "yoco": "abandoned"})),
        ("pending", {200}, ("confirmed", "paid")),
        ("pending_only", {200}, ("pending", "pending")),
        ("duplicate", {200}, ("confirmed", "paid")),
        ("reorder", {200}, ("confirmed", "paid")),
        ("wrong_amount", {200}, ("pending", "paid")),
        ("lose", {200}, ("confirmed", "paid")),
        ("wrong_signature", {400}, ("confirmed", "paid")),
        ("foreign", {"payfast": {200}, "yoco": {400}}, ("pending", "started")),
        ("late", {200}, ("confirmed", "paid")),
    ],
)
def test_each_fault_of_the_page_ends_in_the_right_ledger(
    order: Order, letterbox: Letterbox, gateway: str, choice: str, answers: Any, states: tuple[str, Any]
) -> None:
    leads_to = choose(choice)
    if choice == "late":
        expire_unpaid(now=timezone.now() + timedelta(minutes=21))
    if leads_to.endswith("/left/"):  # its page presses the button
        abandon_payment(newest().token)
    expected = answers.get(gateway) if isinstance(answers, dict) else answers
    assert set(arrive(letterbox, choice)) <= expected
    for moment in (timezone.now(), timezone.now() + timedelta(minutes=4)):
        act_on_waiting(now=moment if choice != "late" else None)
        ask_after_attempts(now=moment)

    attempt = PaymentAttempt.objects.get()
    order.refresh_from_db()
    state = states[1].get(gateway) if isinstance(states[1], dict) else states[1]
    assert (order.status, attempt.status) == (states[0], state)
    came = Decimal(899) if choice == "wrong_amount" else order.total if state == "paid" else Decimal(0)
    assert LedgerEntry.objects.balance(Account.GATEWAY, order=order) == came
    assert Payment.objects.count() == (came > 0)
    assert Ticket.objects.count() == 2
    assert leads_to.startswith(letterbox.url)
    kinds = set(StaffTask.objects.values_list("kind", flat=True))
    assert kinds == ({"wrong_amount"} if choice == "wrong_amount" else set())
    assert violations(now=timezone.now()) == []


@pytest.mark.django_db
@payfast_only
def test_what_payfast_does_not_know_is_told_to_a_person(order: Order, letterbox: Letterbox) -> None:
    choose("foreign")
    arrive(letterbox, "foreign")

    act_on_waiting()
    act_on_waiting(now=timezone.now() + timedelta(hours=7))

    assert GatewayNotification.objects.get().state == "unconfirmed"
    assert StaffTask.objects.get().kind == "unconfirmed_payment"
    assert not Payment.objects.exists()


@pytest.mark.django_db
@payfast_only
def test_a_notification_from_an_address_that_is_not_payfasts_is_not_believed(
    order: Order, letterbox: Letterbox
) -> None:
    choose("pay")
    arrive(letterbox, "pay")
    GatewayNotification.objects.update(peer="192.0.2.7")

    act_on_waiting()

    assert GatewayNotification.objects.get().state == "unconfirmed"
    assert not Payment.objects.exists()


@pytest.mark.django_db
@yoco_only
@pytest.mark.parametrize("fault", ["lost", "lost_before"])
def test_a_page_that_was_not_told_of_is_asked_for_again_under_the_same_key(
    order: Order, simulated: str, letterbox: Letterbox, fault: str
) -> None:
    set_moods(simulated, fault, kind="checkout")
    with pytest.raises(OSError, match="closed"):
        get_hand_over(newest())

    choose("pay")
    arrive(letterbox, "pay")
    act_on_waiting()

    order.refresh_from_db()
    assert order.status == "confirmed"
    attempt = newest()
    assert call_yoco("POST", "/api/checkouts", body=ASKED, key=attempt.token)["id"] == attempt.external_id


ASKED = {"amount": 90_000, "currency": "ZAR"}


@pytest.mark.django_db
@payfast_only
def test_the_history_tells_payments_with_their_fees(paid: Order) -> None:
    today = timezone.localdate()
    payment = Payment.objects.get()

    [row] = [row for row in PayfastGateway().history(today, today) if row.external_id == payment.external_id]

    assert (row.our_id, row.gross, row.fee) == (payment.attempt.token, payment.amount, Decimal("-31.50"))
    assert row.net == row.gross + row.fee


def test_a_form_that_was_changed_on_its_way_is_not_taken(simulated: str) -> None:
    fields = [("merchant_id", "10000100"), ("amount", "1.00"), ("signature", "0" * 32)]
    with pytest.raises(OSError, match="400"):
        urlopen(f"{simulated}/eng/process", data=urlencode(fields).encode())


def test_a_call_with_a_wrong_key_is_an_outage_and_no_refusal(simulated: str, settings: Any) -> None:
    settings.PAYFAST_PASSPHRASE = settings.YOCO_SECRET_KEY = "another"
    with pytest.raises(OSError, match="401"):
        call("GET", "/refunds/1")
    with pytest.raises(OSError, match="401"):
        call_yoco("GET", "/api/checkouts/ch_1")


def test_production_has_no_simulator(settings: Any) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="not in production"):
        call_command("payment_simulator")
