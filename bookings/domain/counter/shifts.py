"""A clerk's session at a till.

Opened with a counted float, closed by a blind count. All money of the till is in the ledger, by shift.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, cents, format_zar, is_rand_and_cents
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.alarms import Alarm
from bookings.domain.sales.approvals import NeedsApproval, check_approver
from bookings.domain.sales.idempotency import run_once
from bookings.models import Account, LedgerEntry, Posting, Shift, StaffTask, TillMovement, Total, User

TENDERS: Final = (Account.CASH, Account.CARD, Account.EFT)
CASH_UP: Final = ("count:", "banked:")  # causes of the postings that close a shift


def require_shift(user: User) -> Shift:
    """The clerk's open shift. Raises Refusal without one: no shift, no money."""
    shift = Shift.objects.open_of(user)
    if shift is None:
        raise Refusal(_("Open your shift first: you can only take money into a till that has been counted."))
    return shift


def lock_shift(shift: Shift) -> Shift:
    """The last lock of any action, just before the ledger.

    Raises Conflict when the shift has been closed meanwhile.
    """
    locked = (
        Shift.objects.select_for_update(no_key=True, of=("self",))
        .select_related("branch", "clerk")
        .get(pk=shift.pk)
    )
    if locked.closed_at is not None:
        raise Conflict(_("This shift is closed. Corrections belong in your next shift."))
    return locked


def open_shift(
    clerk: User, *, counted_float: Decimal, submission: str, content: str, now: datetime | None = None
) -> Shift:
    """Start a shift at the clerk's branch; the float comes out of the safe. One open shift per clerk."""
    result = run_once(
        "open-shift",
        submission,
        content,
        action=lambda: _open(clerk, counted_float, now),
        now=now or database_now(),
    )
    return Shift.objects.select_related("branch", "clerk").get(pk=int(result))


def _open(clerk: User, counted_float: Decimal, now: datetime | None) -> str:
    clerk = User.objects.select_for_update(no_key=True).get(pk=clerk.pk)
    if clerk.branch_id is None:
        raise Refusal(
            _("You are not assigned to a branch yet. Ask a manager to assign you, then open your shift.")
        )
    if Shift.objects.filter(clerk=clerk, closed_at=None).exists():
        raise Conflict(_("You already have an open shift."))
    amount = _counted(counted_float)
    now = now or database_now()
    shift = Shift.objects.create(clerk=clerk, branch_id=clerk.branch_id, opened_at=now, opening_float=amount)
    _post(shift, f"float:{shift.pk}", {Account.CASH: amount, Account.SAFE: -amount}, now)
    return str(shift.pk)


@dataclass(frozen=True)
class CashMovement:
    """Cash paid in (positive) or out (negative), in rand, for something that is no sale, and what for."""

    amount: Decimal
    reason: str
    approver: User | None = None


def move_cash(
    shift: Shift, movement: CashMovement, *, submission: str, content: str, now: datetime | None = None
) -> TillMovement:
    """Move cash into or out of a till, once per `submission`.

    The drawer never goes below nothing. Raises NeedsApproval for a pay-out that nobody signed and that, with
    the clerk's others of the day, is over PAY_OUT_APPROVAL_OVER.
    """
    result = run_once(
        "till",
        submission,
        content,
        action=lambda: _move(shift, movement, now),
        now=now or database_now(),
    )
    return TillMovement.objects.get(pk=int(result))


def _move(shift: Shift, movement: CashMovement, now: datetime | None) -> str:
    amount, reason = movement.amount, movement.reason.strip()[:200]
    shift = lock_shift(shift)
    now = now or database_now()
    if not amount or not is_rand_and_cents(amount):
        raise Refusal(_("Enter an amount in rand and cents."))
    if not reason:
        raise Refusal(_("Enter what the money is for."))
    if movement.approver:
        check_approver(movement.approver, shift.clerk, now=now)
    elif (
        amount < 0 and _unsigned_pay_outs(shift.clerk, now) - amount > company_settings.pay_out_approval_over
    ):
        limit = {"limit": format_zar(company_settings.pay_out_approval_over)}
        why = _("Pay-outs over %(limit)s a day need the approval of a second person.") % limit
        detail = f"{format_zar(-amount)}, {reason}: {why}"
        raise NeedsApproval(
            why, Alarm(StaffTask.Kind.LIMIT_REFUSED, shift.clerk, f"shift:{shift.pk}", detail)
        )
    require_cash(shift, -amount)
    row = TillMovement.objects.create(
        shift=shift, amount=amount, reason=reason, approver=movement.approver, at=now
    )
    _post(shift, f"movement:{row.pk}", {Account.CASH: amount, Account.PETTY_CASH: -amount}, now)
    return str(row.pk)


def _unsigned_pay_outs(clerk: User, now: datetime) -> Decimal:
    """What the clerk has paid out today alone: a sum over the limit is none the less so in pieces."""
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    paid_out = TillMovement.objects.filter(shift__clerk=clerk, approver=None, amount__lt=0, at__gte=day)
    return -(paid_out.aggregate(total=Total("amount"))["total"] or ZERO)


def require_cash(shift: Shift, amount: Decimal) -> None:
    """Raises Refusal when the drawer of a locked shift holds less than is to go out."""
    if amount > 0 and expected(shift)[Account.CASH] < amount:
        raise Refusal(_("There is not enough cash in the drawer for that."))


def expected(shift: Shift) -> dict[str, Decimal]:
    """What should be in the till by tender, from the ledger.

    Of an open shift as it is now, of a closed one as it was before the cash-up.
    """
    entries = LedgerEntry.objects.filter(shift=shift, account__in=TENDERS).exclude(
        Q(cause__startswith=CASH_UP[0]) | Q(cause__startswith=CASH_UP[1])
    )
    sums = dict(entries.order_by().values_list("account").annotate(Total("amount")))
    return {tender.value: cents(sums.get(tender, ZERO)) for tender in TENDERS}


@dataclass(frozen=True)
class CashUp:
    """What came of a count: the shift is closed, or the difference needs a reason and a second person."""

    shift: Shift
    expected: dict[str, Decimal]
    counted: dict[str, Decimal]

    @property
    def is_closed(self) -> bool:
        return self.shift.closed_at is not None

    @property
    def differences(self) -> dict[str, Decimal]:
        return {tender: self.counted[tender] - self.expected[tender] for tender in self.expected}

    @property
    def difference(self) -> Decimal:
        return sum(self.differences.values(), ZERO)


@dataclass(frozen=True)
class BlindCount:
    """What was counted by tender, with the number of each note and coin.

    The reason of a difference, and who approved it: they have proved who they are (domain.counter.approval).
    """

    counted: Mapping[str, Decimal]
    denominations: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    approver: User | None = None


def close_shift(
    shift: Shift, count: BlindCount, *, submission: str, content: str, now: datetime | None = None
) -> CashUp:
    """Post a blind count. Within the limit for each tender it closes the shift.

    Else the count is kept, the shift stays open, and from then on it closes only with a reason and an
    approver: who has seen what was expected can no longer count blindly.
    """
    result = run_once(
        "close-shift",
        submission,
        content,
        action=lambda: _close(shift, count, now),
        now=now or database_now(),
    )
    return cash_up(
        Shift.objects.select_related("branch", "clerk", "approved_by").get(pk=shift.pk), attempt=int(result)
    )


def cash_up(shift: Shift, *, attempt: int = -1) -> CashUp:
    """The outcome of a closed shift, or of one of the counts of an open one (the last unless said)."""
    figures: Mapping[str, Any] = (
        {"counted": shift.counted, "expected": shift.expected}
        if shift.closed_at
        else shift.count_tries[attempt]
    )
    return CashUp(shift, _decimals(figures["expected"]), _decimals(figures["counted"]))


def _close(shift: Shift, count: BlindCount, now: datetime | None) -> str:
    counted, approver, reason = count.counted, count.approver, count.reason
    shift = lock_shift(shift)
    now = now or database_now()
    slips = {tender.value: _slips(counted.get(tender, ZERO)) for tender in TENDERS}
    outcome = CashUp(
        shift, expected(shift), slips | {Account.CASH.value: _counted(counted.get(Account.CASH, ZERO))}
    )
    is_far = any(abs(gap) > company_settings.shift_difference_limit for gap in outcome.differences.values())
    if is_far or shift.count_tries:
        if approver is None:
            return _keep_try(shift, outcome, count.denominations, now)
        _check_approval(shift, approver, reason, now)
    _post_cash_up(outcome, approver, reason, now)
    Shift.objects.filter(pk=shift.pk).update(
        closed_at=now,
        counted=_texts(outcome.counted),
        expected=_texts(outcome.expected),
        difference=outcome.difference,
        reason=reason.strip()[:200],
        approved_by=approver,
        denominations=dict(count.denominations),
    )
    return "-1"


def _keep_try(shift: Shift, outcome: CashUp, denominations: Mapping[str, int], now: datetime) -> str:
    figures = {
        "counted": _texts(outcome.counted),
        "expected": _texts(outcome.expected),
        "denominations": dict(denominations),
    }
    tries = [*shift.count_tries, {"at": now.isoformat()} | figures]
    Shift.objects.filter(pk=shift.pk).update(count_tries=tries)
    return str(len(tries) - 1)


def _check_approval(shift: Shift, approver: User, reason: str, now: datetime) -> None:
    if not reason.strip():
        raise Refusal(_("Enter the reason for the difference."))
    check_approver(approver, shift.clerk, now=now)
    if approver.role == User.Role.SUPERVISOR and approver.branch_id != shift.branch_id:
        raise Refusal(_("This supervisor works at another branch."))


def _post_cash_up(outcome: CashUp, approver: User | None, reason: str, now: datetime) -> None:
    """Bring the till's accounts to what was counted, put the cash into the safe, and tell the office of a
    large difference.
    """
    shift = outcome.shift
    for tender, gap in outcome.differences.items():
        _post(shift, f"count:{shift.pk}:{tender}", {Account(tender): gap, Account.CASH_OVER_SHORT: -gap}, now)
    cash = outcome.counted[Account.CASH]
    _post(shift, f"banked:{shift.pk}", {Account.CASH: -cash, Account.SAFE: cash}, now)
    if approver:
        detail = f"{shift.clerk}: {format_zar(outcome.difference)} ({reason.strip()[:200]}), {approver}"
        StaffTask.objects.create(
            kind=StaffTask.Kind.CASH_DIFFERENCE, subject=f"shift:{shift.pk}", detail=detail, created_at=now
        )


def _post(shift: Shift, cause: str, amounts: Mapping[Account, Decimal], now: datetime) -> None:
    LedgerEntry.objects.post(Posting(cause, amounts, at=now, shift=shift, actor=shift.clerk))


def _counted(amount: Decimal) -> Decimal:
    if amount.is_finite() and amount < 0:
        raise Refusal(_("Count again: the amount cannot be less than zero."))
    return _slips(amount)


def _slips(amount: Decimal) -> Decimal:
    """Slips of refunds count against those of sales, so their sum can be below nothing."""
    if not is_rand_and_cents(amount):
        raise Refusal(_("Count again: an amount is in rand and cents."))
    return cents(amount)


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {tender: str(cents(amount)) for tender, amount in amounts.items()}


def _decimals(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {tender.value: Decimal(amounts[tender]) for tender in TENDERS}
