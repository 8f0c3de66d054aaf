"""Refunds through the simulator with every fault on their way, alone and mixed with those of paying: given
back once, or a person is told.
"""

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.base.banks import Bank, BankAccount
from bookings.base.errors import Conflict
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.bank_details import details_request, give_bank_details
from bookings.domain.sales.gateway_refunds import (
    ANSWER_TIME,
    pay_refund,
    pay_waiting_refunds,
    watch_owed_refunds,
)
from bookings.domain.sales.notifications import act_on_waiting, ask_after_attempts
from bookings.domain.sales.payments import start_payment
from bookings.models import (
    Account,
    BankDetails,
    LedgerEntry,
    Order,
    OutboxMessage,
    PaymentAttempt,
    Refund,
    RefundAttempt,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.domain.sales.gateways.letterbox import Letter, Letterbox
from bookings.tests.domain.sales.gateways.simulation import (
    COUNTS,
    arrive,
    cancelled,
    choose,
    given_back,
    name_of,
    newest,
    set_moods,
)
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import many
from bookings.tests.tampering import reprice

PAYS = ("pay", "pending", "duplicate", "reorder", "lose", "wrong_signature", "late")
MIXED = [*PAYS, "cancel", "fail", "foreign"]
GATEWAYS = ("payfast", "yoco")
BOTH = ["", "lost", "lost_before", "busy", "refused"]
REFUND_FAULTS = {
    "payfast": BOTH,
    "yoco": [*BOTH, "lost_but_told", "later", "later_refused", "later_lost"],
}
payfast_only = pytest.mark.parametrize("gateway", ["payfast"], indirect=True)
yoco_only = pytest.mark.parametrize("gateway", ["yoco"], indirect=True)


@pytest.mark.django_db
def test_any_mix_of_faults_ends_in_the_right_ledger(simulated: str, letterbox: Letterbox) -> None:
    """Up to three attempts on an order through either gateway, told or lost, in any order; half of what is
    sold is cancelled, and its refunds go wrong: one sale, and the rest goes back once.
    """
    rest = random.Random(20261130)
    for number in range(many(12, 200)):
        now = timezone.now()
        order = ordered(departure_ahead(), owner=f"mix-{number}", now=now)
        choices = [(rest.choice(GATEWAYS), rest.choice(MIXED)) for _attempt in range(rest.randint(1, 3))]
        letters: list[Letter] = []
        for gateway, choice in choices:
            with suppress(Conflict):
                PaymentAttempt.objects.filter(order=order).update(status="failed")
                start_payment(order.pk, gateway=gateway, now=now)
                choose(choice)
                letters += letterbox.wait_for(name_of(newest()), COUNTS[gateway].get(choice, 1))
        rest.shuffle(letters)
        for letter in letters:
            letter.hand_on()
            if rest.random() < 0.5:
                act_on_waiting(now=now)
        for minutes in (0, 4, 20, 60):
            act_on_waiting(now=now + timedelta(minutes=minutes))
            ask_after_attempts(now=now + timedelta(minutes=minutes))

        order.refresh_from_db()
        paid = [choice for _gateway, choice in choices[: order.attempts.count()] if choice in PAYS]
        assert order.status == ("confirmed" if paid else "pending"), (number, choices)
        assert order.payments.count() == len(paid), (number, choices)
        owed = sum((refund.amount for refund in order.refunds.all()), Decimal(0))
        assert owed == order.total * max(len(paid) - 1, 0), (number, choices)
        assert order.bookings.count() == 1
        if paid and rest.random() < 0.5:
            cancelled(order)
        for refund in order.refunds.all():
            give_back(simulated, letterbox, refund, rest)
    assert violations(now=timezone.now()) == []


def give_back(simulated: str, letterbox: Letterbox, refund: Refund, rest: random.Random) -> None:
    """Pay a refund with faults on the way: once at the gateway, or a person is told."""
    assert refund.payment
    faults = [rest.choice(REFUND_FAULTS[refund.payment.method]) for _fault in range(rest.randint(0, 3))]
    set_moods(simulated, *faults)
    now = timezone.now()
    pay_refund(refund.pk, now=now)
    for hours in (1, 8, 15, 22):
        pay_waiting_refunds(now=now + timedelta(hours=hours))
        hand_on_refunds(letterbox, refund)
    watch_owed_refunds(now=now + timedelta(days=2))
    set_moods(simulated)

    refund.refresh_from_db()
    back, amount = given_back(simulated, refund.payment), int(refund.amount * 100)
    assert back in ([], [amount]), faults
    is_watched = StaffTask.objects.filter(subject=f"refund:{refund.pk}", done_at=None).exists()
    assert (refund.status == "paid" and bool(back)) or is_watched, (faults, back, refund.status)


def hand_on_refunds(letterbox: Letterbox, refund: Refund) -> None:
    """Let what was told of its payment's refunds reach the site, in any state that it is in."""
    assert refund.payment
    attempt = refund.payment.attempt
    assert attempt
    for letter in [letter for letter in letterbox.letters if name_of(attempt).encode() in letter.body]:
        if b'"type": "refund.' in letter.body:
            letter.hand_on()
    act_on_waiting()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "faults",
    [[], ["lost"], ["lost_before"], ["busy"], ["busy", "lost_before", "lost"], ["lost_before", "busy"]],
)
def test_a_refund_is_given_back_once_whatever_gets_lost(
    simulated: str, paid: Order, faults: list[str]
) -> None:
    refund = cancelled(paid)
    set_moods(simulated, *faults)
    now = timezone.now()

    assert pay_refund(refund.pk, now=now) is (not faults)
    for hours in range(1, 8):
        pay_waiting_refunds(now=now + timedelta(hours=hours))

    assert given_back(simulated) == [int(refund.amount * 100)]
    refund.refresh_from_db()
    assert (refund.status, RefundAttempt.objects.get().status) == ("paid", "settled")
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert not StaffTask.objects.exists()
    assert violations(now=now) == []


@pytest.mark.django_db
@yoco_only
@pytest.mark.parametrize(
    ("fault", "attempt", "status"),
    [
        ("", "settled", "paid"),
        ("lost_but_told", "settled", "paid"),
        ("later", "settled", "paid"),
        ("later_refused", "refused", "owed"),
        ("later_lost", "accepted", "paying"),
    ],
)
def test_a_refund_is_done_when_its_webhook_says_so(
    simulated: str, paid: Order, letterbox: Letterbox, fault: str, attempt: str, status: str
) -> None:
    refund = cancelled(paid)
    set_moods(simulated, fault)
    assert pay_refund(refund.pk) is (not fault)
    if fault != "later_lost":
        letterbox.wait_for(f'"rfd_{newest().external_id}_1"', 1)

    for _twice in range(2):
        hand_on_refunds(letterbox, refund)
        pay_waiting_refunds(now=timezone.now() + timedelta(hours=1))
    watch_owed_refunds(now=timezone.now() + timedelta(days=2))

    refund.refresh_from_db()
    assert (RefundAttempt.objects.get().status, refund.status) == (attempt, status)
    assert given_back(simulated) == ([int(refund.amount * 100)] if fault != "later_refused" else [])
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == (0 if status == "paid" else -refund.amount)
    details = list(StaffTask.objects.values_list("detail", flat=True))
    assert len(details) == (status != "paid")
    assert fault != "later_refused" or "The card is closed." in details[0]
    assert violations(now=timezone.now()) == []


@pytest.mark.django_db
def test_refunds_of_one_amount_are_told_apart(simulated: str, order: Order, letterbox: Letterbox) -> None:
    reprice(450)  # both alike
    choose("pay")
    arrive(letterbox, "pay")
    act_on_waiting()
    first, second = Ticket.objects.order_by("pk")
    assert pay_refund(cancelled(order, first).pk)
    set_moods(simulated, "lost_before")

    refund = cancelled(order, second)
    assert not pay_refund(refund.pk)
    pay_waiting_refunds(now=timezone.now() + ANSWER_TIME * 2)

    assert given_back(simulated) == [int(one.amount * 100) for one in order.refunds.order_by("pk")]
    refund.refresh_from_db()
    assert refund.status == "paid"


@pytest.mark.django_db
def test_a_refused_refund_is_left_to_a_person(simulated: str, paid: Order) -> None:
    refund = cancelled(paid)
    set_moods(simulated, "refused")

    assert not pay_refund(refund.pk)

    assert RefundAttempt.objects.get().last_error == "The refund is not possible."
    assert StaffTask.objects.get().kind == "refund_due"
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == -refund.amount


@pytest.mark.django_db
@payfast_only
@pytest.mark.parametrize("faults", [[], ["lost"], ["lost_before", "busy"]])
def test_a_payment_by_eft_goes_back_to_the_bank_account_that_the_customer_tells(
    simulated: str, order: Order, letterbox: Letterbox, faults: list[str]
) -> None:
    choose("pay", way="ef")
    arrive(letterbox, "pay")
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
    set_moods(simulated, *faults)
    assert pay_refund(refund.pk) is (not faults)
    for hours in range(1, 8):
        pay_waiting_refunds(now=now + timedelta(hours=hours))

    assert given_back(simulated) == [int(refund.amount * 100)]
    refund.refresh_from_db()
    assert (refund.status, BankDetails.objects.count()) == ("paid", 0)
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert violations(now=now) == []


@pytest.mark.django_db
@payfast_only
def test_an_account_that_payfast_does_not_take_is_left_to_a_person(
    simulated: str, order: Order, letterbox: Letterbox
) -> None:
    choose("pay", way="ef")
    arrive(letterbox, "pay")
    act_on_waiting()
    refund = cancelled(order)
    pay_refund(refund.pk)
    give_bank_details(order.pk, BankAccount("Ann Abel", "unknown bank", "250655", "62001234567", "savings"))

    assert not pay_refund(refund.pk)

    assert RefundAttempt.objects.get().last_error == "The refund is not possible."
    assert StaffTask.objects.get().kind == "refund_due"
