"""Each rule about tills is seen to fail when the books are cooked, and only then."""

from decimal import Decimal

import pytest

from bookings.domain.counter.shifts import BlindCount, CashMovement, close_shift, move_cash
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.models import Account, LedgerEntry, Payment, Posting, Shift, TillMovement
from bookings.tests.make import NOW, make_booking, make_shift, make_user
from bookings.tests.tampering import drop_trigger, no_triggers

TILL = "a till agrees with its sales"
CASH_UP = "a cash-up agrees with its till"
LOOSE = "cash and card lie in a till"
pytestmark = pytest.mark.django_db


@pytest.fixture
def shift(db: None) -> Shift:
    """Float 500, a sale of 600 in cash, 50 taken out."""
    shift = make_shift(make_user(), opening_float=500)
    order = make_booking(status="pending").order
    take_payment(order, Tender("cash"), shift=shift, submission="sale", content="", now=NOW)
    move_cash(shift, CashMovement(Decimal(-50), "taxi"), submission="taxi", content="", now=NOW)
    return shift


def broken() -> set[str]:
    return {violation.rule for violation in violations(now=NOW)}


def close(shift: Shift) -> None:
    counted = {"cash": Decimal(1040), "card": Decimal(0), "eft": Decimal(0)}
    assert close_shift(shift, BlindCount(counted), submission="close", content="", now=NOW).is_closed


def cook(shift: Shift, **changes: object) -> None:
    """Change a closed shift as no program may: without its trigger."""
    with no_triggers():
        Shift.objects.filter(pk=shift.pk).update(**changes)


def test_honest_tills_break_no_rule(shift: Shift) -> None:
    assert broken() == set()

    close(shift)

    assert broken() == set()


def test_cash_in_the_ledger_that_nobody_paid_is_seen(shift: Shift) -> None:
    LedgerEntry.objects.post(
        Posting("odd", {Account.CASH: Decimal(10), Account.PETTY_CASH: Decimal(-10)}, at=NOW, shift=shift)
    )

    assert broken() == {TILL}


def test_a_payment_or_movement_that_the_ledger_does_not_know_is_seen(shift: Shift) -> None:
    movement = TillMovement.objects.create(shift=shift, amount=5, reason="x", at=NOW)
    assert broken() == {TILL}

    with no_triggers():
        movement.delete()
        Payment.objects.update(method="card")

    assert broken() == {TILL, "a payment is in the ledger"}


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": {"cash": "1040.00", "card": "0.00", "eft": "0.00"}},
        {"counted": {"cash": "1050.00", "card": "0.00", "eft": "0.00"}},
        {"difference": Decimal(0)},
    ],
)
def test_a_cooked_cash_up_is_seen(shift: Shift, changes: dict[str, object]) -> None:
    close(shift)

    cook(shift, **changes)

    assert broken() == {CASH_UP}


def test_a_cash_up_that_left_money_in_the_till_is_seen(shift: Shift) -> None:
    counted = {"cash": "1050.00", "card": "0.00", "eft": "0.00"}

    Shift.objects.filter(pk=shift.pk).update(closed_at=NOW, counted=counted, expected=counted, difference=0)

    assert broken() == {CASH_UP}


def test_cash_without_a_till_is_seen(shift: Shift) -> None:
    LedgerEntry.objects.post(Posting("odd", {Account.CASH: Decimal(10), Account.SAFE: Decimal(-10)}, at=NOW))
    assert broken() == {LOOSE}

    with no_triggers():
        Payment.objects.update(shift=None)

    assert broken() == {TILL, LOOSE}


def test_a_missing_trigger_is_seen(shift: Shift) -> None:
    drop_trigger("ledger_shift_open")

    assert broken() == {"the books and the shifts have their triggers"}
