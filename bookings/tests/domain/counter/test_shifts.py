from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings.base.errors import AlreadySubmitted, Conflict, RuleBroken
from bookings.domain.counter.shifts import (
    BlindCount,
    CashMovement,
    CashUp,
    close_shift,
    expected,
    move_cash,
    open_shift,
    require_shift,
)
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.approvals import NeedsApproval
from bookings.models import Account, LedgerEntry, Posting, Shift, StaffTask, User
from bookings.tests.make import NOW, make_branch, make_shift, make_user

EVENING = NOW + timedelta(hours=8)
pytestmark = pytest.mark.django_db


@pytest.fixture
def nomsa(db: None) -> User:
    return make_user(first_name="Nomsa")


@pytest.fixture
def shift(nomsa: User) -> Shift:
    return make_shift(nomsa)


def opened(clerk: User, amount: int | str = 500, submission: str = "morning") -> Shift:
    return open_shift(
        clerk, counted_float=Decimal(amount), submission=submission, content=str(amount), now=NOW
    )


def moved(
    shift: Shift,
    amount: int | str,
    reason: str = "change",
    submission: str = "move",
    approver: User | None = None,
) -> None:
    move_cash(
        shift,
        CashMovement(Decimal(amount), reason, approver),
        submission=submission,
        content=f"{amount} {reason}",
        now=NOW,
    )


def closed(
    shift: Shift, cash: int | str = 500, card: int | str = 0, submission: str = "evening", **more: Any
) -> CashUp:
    counted = {"cash": Decimal(cash), "card": Decimal(card), "eft": Decimal(0)}
    count = BlindCount(counted, **more)
    return close_shift(shift, count, submission=submission, content=f"{cash} {card}", now=EVENING)


def test_a_shift_starts_at_the_clerks_branch_with_the_float_from_the_safe(nomsa: User) -> None:
    shift = opened(nomsa, "500.50")

    assert (shift.branch, shift.opening_float, Shift.objects.open_of(nomsa)) == (
        nomsa.branch,
        Decimal("500.50"),
        shift,
    )
    assert expected(shift) == {"cash": Decimal("500.50"), "card": 0, "eft": 0}
    assert LedgerEntry.objects.balance(Account.SAFE, shift=shift) == Decimal("-500.50")
    assert violations(now=NOW) == []


def test_a_second_shift_of_one_clerk_is_refused_and_the_same_form_opens_one(nomsa: User) -> None:
    shift = opened(nomsa)

    assert opened(nomsa) == shift
    with pytest.raises(Conflict, match="already have an open shift"):
        opened(nomsa, submission="other tab")
    with pytest.raises(AlreadySubmitted):
        opened(nomsa, 600)


def test_without_a_branch_or_with_an_odd_float_no_shift_opens(nomsa: User) -> None:
    for amount in ("-1", "0.001", "NaN", "Infinity", "1E+40"):
        with pytest.raises(RuleBroken):
            opened(nomsa, amount)
    User.objects.filter(pk=nomsa.pk).update(branch=None)
    with pytest.raises(RuleBroken, match="not assigned to a branch"):
        opened(nomsa)


def test_money_needs_an_open_shift(nomsa: User) -> None:
    with pytest.raises(RuleBroken, match="Open your shift first"):
        require_shift(nomsa)

    shift = opened(nomsa)

    assert require_shift(nomsa) == shift


def test_cash_goes_in_and_out_with_a_reason_once(shift: Shift) -> None:
    moved(shift, 200, "change from the bank", "in")
    moved(shift, "-120.50", "taxi", "out")
    moved(shift, "-120.50", "taxi", "out")

    assert expected(shift)["cash"] == Decimal("579.50")
    assert LedgerEntry.objects.balance(Account.PETTY_CASH) == Decimal("-79.50")
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("amount", "reason"), [(0, "x"), ("-500.01", "x"), (5, " "), ("0.005", "x"), ("NaN", "x"), ("1E+30", "x")]
)
def test_a_movement_that_cannot_be_is_refused(shift: Shift, amount: str, reason: str) -> None:
    with pytest.raises(RuleBroken):
        moved(shift, amount, reason)

    assert expected(shift)["cash"] == 500


def test_a_large_pay_out_needs_a_second_person(shift: Shift) -> None:
    with pytest.raises(NeedsApproval, match="over R200"):
        moved(shift, "-200.01")
    with pytest.raises(RuleBroken, match="other than yourself"):
        moved(shift, "-200.01", approver=shift.clerk)
    boss = make_user(role=User.Role.SUPERVISOR)

    moved(shift, "-200.01", approver=boss)
    moved(shift, -200, submission="small")

    assert list(shift.movements.values_list("approver", flat=True)) == [boss.pk, None]


def test_a_count_that_agrees_closes_the_shift_and_fills_the_safe(shift: Shift) -> None:
    outcome = closed(shift, denominations={"100": 5})

    assert outcome.is_closed
    assert (outcome.shift.difference, outcome.shift.denominations, outcome.shift.approved_by) == (
        0,
        {"100": 5},
        None,
    )
    assert LedgerEntry.objects.balance(Account.CASH) == 0
    assert LedgerEntry.objects.balance(Account.SAFE) == 0  # the float is back
    assert violations(now=EVENING) == []


@pytest.mark.parametrize(
    ("cash", "card", "over"), [("450", 0, "-50"), ("550", 0, "50"), ("480.10", "20", "0.10")]
)
def test_a_small_difference_is_booked_without_a_second_person(
    shift: Shift, cash: str, card: int | str, over: str
) -> None:
    outcome = closed(shift, cash, card)

    assert outcome.is_closed
    assert outcome.shift.difference == Decimal(over)
    assert LedgerEntry.objects.balance(Account.CASH_OVER_SHORT) == -Decimal(over)
    assert LedgerEntry.objects.balance(Account.CARD) == Decimal(card)
    assert violations(now=EVENING) == []


def test_slips_of_refunds_can_outweigh_those_of_sales_but_a_drawer_cannot_be_below_nothing(
    shift: Shift,
) -> None:
    with pytest.raises(RuleBroken, match="less than zero"):
        closed(shift, "-1")

    assert closed(shift, 500, "-20").shift.counted["card"] == "-20.00"
    assert violations(now=EVENING) == []


def test_a_large_difference_is_kept_and_needs_a_reason_and_a_second_person(shift: Shift) -> None:
    pieter = make_user(role=User.Role.SUPERVISOR)

    first = closed(shift, "449.99", submission="1")
    assert not first.is_closed
    assert first.difference == Decimal("-50.01")
    with pytest.raises(RuleBroken, match="reason"):
        closed(shift, "449.99", submission="2", approver=pieter)
    outcome = closed(shift, "449.99", submission="3", approver=pieter, reason="A note was torn")

    assert outcome.is_closed
    assert (outcome.shift.approved_by, outcome.shift.reason) == (pieter, "A note was torn")
    assert StaffTask.objects.get().kind == "cash_difference"
    assert violations(now=EVENING) == []


def test_differences_of_two_tenders_do_not_hide_each_other(shift: Shift) -> None:
    assert not closed(shift, "400", "100").is_closed


def test_who_has_seen_the_difference_needs_a_second_person_even_for_a_count_that_agrees(shift: Shift) -> None:
    closed(shift, 100, submission="1")
    second = closed(shift, 500, submission="2")

    assert not second.is_closed
    shift.refresh_from_db()
    assert [each["counted"]["cash"] for each in shift.count_tries] == ["100.00", "500.00"]
    assert closed(shift, 100, submission="1").counted["cash"] == 100  # the same form, the same answer


def test_only_another_decider_of_the_branch_or_a_manager_approves(shift: Shift) -> None:
    elsewhere = make_branch("Durban")
    wrong = [
        shift.clerk,
        make_user(),
        make_user(role="auditor"),
        make_user(role="supervisor", branch=elsewhere),
    ]

    for number, approver in enumerate(wrong):
        with pytest.raises(RuleBroken):
            closed(shift, 100, submission=str(number), approver=approver, reason="x")

    assert closed(shift, 100, approver=make_user(role="manager", branch=elsewhere), reason="x").is_closed


def test_a_supervisor_cannot_approve_their_own_shift() -> None:
    pieter = make_user(role=User.Role.SUPERVISOR)

    with pytest.raises(RuleBroken, match="other than yourself"):
        closed(make_shift(pieter), 100, approver=pieter, reason="x")


def test_two_tabs_close_once(shift: Shift) -> None:
    closed(shift)

    assert closed(shift).is_closed  # the same form again
    with pytest.raises(Conflict, match="closed"):
        closed(shift, submission="other tab")
    with pytest.raises(AlreadySubmitted):
        closed(shift, 501)


def test_nothing_moves_in_a_closed_shift(shift: Shift) -> None:
    closed(shift)

    with pytest.raises(Conflict):
        moved(shift, 10)
    assert Shift.objects.open_of(shift.clerk) is None
    assert opened(shift.clerk, 500, "next day").pk != shift.pk


@pytest.mark.database
def test_the_database_refuses_postings_changes_and_deletion_of_a_closed_shift(shift: Shift) -> None:
    closed(shift)
    entry = {Account.CASH: Decimal(1), Account.PETTY_CASH: Decimal(-1)}

    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.post(Posting("late", entry, at=EVENING, shift=shift))
    with pytest.raises(IntegrityError), transaction.atomic():
        Shift.objects.filter(pk=shift.pk).update(reason="better")
    with pytest.raises(IntegrityError), transaction.atomic():
        Shift.objects.filter(pk=shift.pk)._raw_delete("default")
    LedgerEntry.objects.post(Posting("open", entry, at=EVENING, shift=make_shift(make_user())))
