"""Of many payments exactly those are told of in which something was planted."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.demo.payment_simulator.account import SimulatedAccount
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.reconcile import reconcile
from bookings.models import StaffTask, StatementLine
from bookings.tests.domain.reconciliation.paying import book_here, pay_there, start_attempt
from bookings.tests.make import make_order
from bookings.tests.races.crowd import many

FAULTS = ("theirs_only", "ours_only", "other_amount", "told_twice", "refund_theirs_only")


@pytest.mark.django_db
def test_exactly_the_planted_differences_are_listed(account: SimulatedAccount) -> None:
    number, planted = many(60, 1000), many(6, 20)
    chance = random.Random(20261130)
    faulty = dict.fromkeys(chance.sample(range(number), planted), "")
    for place, at in enumerate(faulty):
        faulty[at] = FAULTS[place % len(FAULTS)]
    expected = [
        _pay(account, faulty.get(at, ""), Decimal(chance.randint(10_000, 200_000)) / 100)
        for at in range(number)
    ]
    now = timezone.now()

    reconcile([business_day(now)], now=now + timedelta(days=3))

    line_of = {
        f"line:{line.external_id}:{line.kind}": line.pk for line in StatementLine.objects.order_by("pk")
    }
    subjects = {f"statement:{line_of[key]}" if key in line_of else key for keys in expected for key in keys}
    assert len(subjects) == planted
    assert set(StaffTask.objects.values_list("subject", flat=True)) == subjects


def _pay(account: SimulatedAccount, fault: str, amount: Decimal) -> list[str]:
    """Pay once, and return what is to be listed of it."""
    attempt = start_attempt(make_order(), amount)
    if fault == "ours_only":
        return [f"payment:{book_here(attempt, f'x{attempt.pk}').pk}"]
    there = pay_there(account, attempt if fault != "theirs_only" else None, amount)
    if fault == "theirs_only":
        return [f"line:{there.id}:payment"]
    book_here(attempt, there.id, amount=amount - 1 if fault == "other_amount" else None)
    if fault == "told_twice":
        account.move(there, amount)
    if fault == "refund_theirs_only":
        account.give_back(there, Decimal(50))
        return [f"line:{there.id}:refund"]
    return [f"line:{there.id}:payment"] if fault else []
