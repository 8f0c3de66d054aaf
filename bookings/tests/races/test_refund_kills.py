"""kill -9 between any two steps of a refund, from the cancellation on: it is given back once."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from django.db import connections
from django.utils import timezone

from bookings import queue
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales import cancellations, gateway_refunds
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.sales.notifications import act_on_waiting
from bookings.domain.sales.payments import start_payment
from bookings.models import Account, LedgerEntry, Order, Refund
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.domain.sales.gateways.conftest import letterbox, simulator
from bookings.tests.domain.sales.gateways.letterbox import Letterbox
from bookings.tests.domain.sales.gateways.simulation import arrive, choose, given_back, use_simulator
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.races.crowd import figure, many

__all__ = ["letterbox", "simulator"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
# What is last done before the process dies, by the module and name of what does it
CANCELLING: Final = (
    (cancellations, "owe_refund"),
    (queue, "enqueue_after_commit"),
    (cancellations, "cancel_booking"),
)
PAYING: Final = (
    (gateway_refunds, "_claim"),
    (gateway_refunds, "_ask"),
    (gateway_refunds, "finish_refund"),
    (gateway_refunds, "_note_answer"),
)
Step = tuple[Any, str]


@pytest.fixture(autouse=True)
def _simulated(settings: Any, simulator: str, letterbox: Letterbox) -> None:
    use_simulator(settings, simulator)
    settings.SITE_URL = letterbox.url


def paid_order(gateway: str, letterbox: Letterbox, *, owner: str = "ann") -> Order:
    now = timezone.now()
    order = ordered(departure_ahead(), owner=owner, now=now)
    start_payment(order.pk, gateway=gateway, now=now)
    choose("pay")
    arrive(letterbox, "pay")
    act_on_waiting()
    return order


def cancel(order: Order) -> None:
    reference = order.bookings.get().booking_reference
    cancellations.cancel_booking(CancellationRequest(reference), submission=f"form-{order.pk}", content="")


def pay(hours: float) -> None:
    pay_waiting_refunds(now=timezone.now() + timedelta(hours=hours))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_another_process(act: Callable[[], object], *, last: Step | None = None, lives: float = 0) -> None:
    """Let it be done by a process that is killed right after the `last` step, or so many seconds later."""
    connections.close_all()  # nobody shares one
    child = os.fork()
    if not child:
        with suppress(BaseException):
            if last:
                die_after(*last)
            act()
        os._exit(0)
    if not last:
        time.sleep(lives)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    assert not last or os.WTERMSIG(status) == signal.SIGKILL, f"{last} was never done"


def die_after(module: Any, name: str) -> None:
    step = getattr(module, name)

    def last_step(*arguments: Any, **options: Any) -> None:
        step(*arguments, **options)
        die()

    setattr(module, name, last_step)


@pytest.mark.parametrize("gateway", ["payfast", "yoco"])
def test_a_refund_is_given_back_once_wherever_its_process_dies(
    gateway: str, simulator: str, letterbox: Letterbox
) -> None:
    order = paid_order(gateway, letterbox)
    for step in CANCELLING:
        in_another_process(partial(cancel, order), last=step)
    cancel(order)  # the customer sends the same form again
    refund = Refund.objects.get()
    for hours, step in enumerate(PAYING):
        in_another_process(partial(pay, hours * 7), last=step)
    pay(50)

    refund.refresh_from_db()
    assert refund.status == "paid"
    assert given_back(simulator) == [int(refund.amount * 100)]
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert violations(now=timezone.now()) == []


def test_refunds_are_given_back_once_whenever_their_processes_die(
    simulator: str, letterbox: Letterbox
) -> None:
    dice, kills = random.Random(7), 0
    for number in range(many(2, 40)):
        order = paid_order(dice.choice(["payfast", "yoco"]), letterbox, owner=f"ann-{number}")
        for _again in range(3):
            in_another_process(partial(cancel, order), lives=dice.uniform(0, 0.1))
            kills += 1
        cancel(order)
        for again in range(5):
            in_another_process(partial(pay, again * 7), lives=dice.uniform(0, 0.15))
            kills += 1
        pay(50)

        refund = Refund.objects.get(order=order)
        assert refund.status == "paid"
        assert given_back(simulator, refund.payment) == [int(refund.amount * 100)]
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert violations(now=timezone.now()) == []
    figure("refunds: web and queue killed", kills=kills, given_back_twice=0, lost=0)
