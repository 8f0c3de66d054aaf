"""Vouchers: travel that we owe to whoever has the code. The only writer of their rows and movements.

What is on all of them together lies on `voucher_liability`. One that was paid for, with money or with a
refund, lives VOUCHER_YEARS; what is left of it then is the bearer's still (CPA s63), so nobody loses it:
staff give it more time, also after it was posted as breakage. One given in goodwill is worth nothing after
its last day.

Lock order: the row of a voucher comes after orders, bookings, payments, refunds and promo codes, before
partners, tills and the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.dates import full_day_text
from bookings.base.encryption import encrypt
from bookings.base.errors import NotFound, Refusal
from bookings.base.money import ZERO, cents, format_zar, is_rand_and_cents
from bookings.base.voucher_codes import new_voucher_code, voucher_digest, voucher_digests
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.alarms import Alarm
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import write_message
from bookings.models import (
    Account,
    LedgerEntry,
    Order,
    OutboxMessage,
    Posting,
    StaffTask,
    Total,
    User,
    Voucher,
    VoucherMovement,
)

Kind = VoucherMovement.Kind
CODE_MOST: Final = 40  # signs that are read of what was typed


class VoucherRefused(Refusal):
    """Nothing can be paid by the code that was typed; the order can be paid another way."""


class VoucherUnknown(VoucherRefused):
    """Nobody has such a code: whoever typed it may be guessing."""


@dataclass(frozen=True)
class IssuedVoucher:
    """A new voucher with its code, which nobody can tell a second time; "" where the form came again."""

    voucher: Voucher
    code: str


@dataclass(frozen=True)
class NewVoucher:
    """What is issued, in rand, through its last day; `email` gets the code, of `order` if there is one. Where
    it `is_sealed` the code is kept until somebody is told it, also without an address.
    """

    kind: str
    value: Decimal
    valid_until: date
    email: str = ""
    order: Order | None = None
    replaces: Voucher | None = None
    is_sealed: bool = False


def paid_for_until(now: datetime) -> date:
    """Until when a voucher that is paid for now is valid."""
    return _years_on(timezone.localdate(now), company_settings.voucher_years)


def goodwill_until(now: datetime) -> date:
    """Until when a voucher given in goodwill now is valid unless somebody says otherwise."""
    today = timezone.localdate(now)
    months = today.month - 1 + company_settings.goodwill_months
    return _years_on(today, months // 12, month=months % 12 + 1)


def _years_on(day: date, years: int, month: int = 0) -> date:
    month = month or day.month
    for last in (day.day, 30, 29, 28):  # the last day of a shorter month
        try:
            return day.replace(year=day.year + years, month=month, day=last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def find_voucher(typed: str) -> Voucher | None:
    """The voucher of a code, however it was typed. One query."""
    return Voucher.objects.filter(code_digest__in=voucher_digests(typed[:CODE_MOST])).first()


def get_voucher(voucher_id: int) -> Voucher:
    """Raises NotFound."""
    voucher = Voucher.objects.filter(pk=voucher_id).first()
    if voucher is None:
        raise NotFound(_("We could not find this voucher."))
    return voucher


def lock_voucher(typed: str, *, now: datetime) -> Voucher:
    """The voucher of a typed code, locked, to be paid with. The caller holds the order, and no till yet.

    Raises VoucherUnknown for a code that nobody has, VoucherRefused for one that is stopped, expired or used
    up.
    """
    digests = voucher_digests(typed[:CODE_MOST])
    voucher = Voucher.objects.select_for_update(no_key=True).filter(code_digest__in=digests).first()
    if voucher is None:
        raise VoucherUnknown(_("We do not know this voucher code. Please check it and try again."))
    if refusal := refusal_of(voucher, now=now):
        raise VoucherRefused(refusal)
    return voucher


def refusal_of(voucher: Voucher, *, now: datetime) -> str:
    """Why nothing can be paid with it; empty if it can."""
    if voucher.stopped_at:
        return _("This voucher was stopped. Please ask us about it.")
    if voucher.valid_until < timezone.localdate(now):
        day = {"day": full_day_text(voucher.valid_until)}
        left_of_it = voucher.balance or lapsed_of(voucher)
        if voucher.kind in Voucher.PAID_FOR and left_of_it:
            left = day | {"amount": format_zar(left_of_it)}
            return (
                _(
                    "This voucher was valid until %(day)s. The %(amount)s on it are still yours: "
                    "ask us for more time."
                )
                % left
            )
        return _("This voucher was valid until %(day)s.") % day
    if not voucher.balance:
        return _("This voucher has been used up.")
    return ""


def lapsed_of(voucher: Voucher) -> Decimal:
    """What was posted as breakage of a voucher, and comes on it again with more time, in rand."""
    kinds = (Kind.EXPIRED, Kind.REVIVED)
    moved = VoucherMovement.objects.filter(voucher=voucher, kind__in=kinds)
    return -cents(moved.aggregate(total=Total("amount"))["total"] or ZERO)


def add_movement(voucher: Voucher, movement: VoucherMovement) -> None:
    """Write what came on a voucher or went off it, and the balance with it, never below nothing. The caller
    holds the voucher's row and posts.
    """
    movement.voucher = voucher
    movement.save(force_insert=True)
    voucher.balance += movement.amount  # here: SQLite adds decimals as floating point
    changes: dict[str, object] = {"balance": voucher.balance}
    if movement.valid_until:
        changes["valid_until"] = voucher.valid_until = movement.valid_until
    Voucher.objects.filter(pk=voucher.pk).update(**changes)


def write_voucher(new: NewVoucher, *, now: datetime) -> IssuedVoucher:
    """The row of a new voucher, still without a movement, and the mail that tells its code. Within the
    caller's transaction, which adds what was issued and posts it.
    """
    code = new_voucher_code()
    voucher = Voucher.objects.create(
        kind=new.kind,
        code_digest=voucher_digest(code),
        code_end=code[-4:],
        sealed_code=encrypt(code) if new.email or new.is_sealed else "",
        value=new.value,
        balance=ZERO,
        valid_until=new.valid_until,
        email=new.email,
        order=new.order,
        replaces=new.replaces,
        issued_at=now,
    )
    if new.email:
        write_message(OutboxMessage.Kind.VOUCHER, new.order, voucher, recipient=new.email, now=now)
    return IssuedVoucher(voucher, code)


@dataclass(frozen=True)
class Goodwill:
    """A voucher that is given, in rand, for this reason; over a limit a second person signs."""

    value: Decimal
    reason: str
    valid_until: date
    email: str = ""
    order: Order | None = None
    approval: Approval | None = None


def give_voucher(
    goodwill: Goodwill, *, actor: User, submission: str, content: str, now: datetime | None = None
) -> IssuedVoucher:
    """Issue a voucher in goodwill, once per `submission`. Its code goes to the e-mail address, if there is
    one.

    Raises Refusal for a value that is none or over GOODWILL_MOST, without a reason, or for a last day that is
    over, NeedsApproval for more than GOODWILL_APPROVAL_OVER by one person on one day.
    """
    made: list[IssuedVoucher] = []

    def give() -> str:
        made[:] = [_give(goodwill, actor, now or database_now())]
        return str(made[0].voucher.pk)

    voucher_id = run_once("voucher", submission, content, action=give, now=now or database_now())
    return made[0] if made else IssuedVoucher(get_voucher(int(voucher_id)), "")


def _give(goodwill: Goodwill, actor: User, now: datetime) -> IssuedVoucher:
    value, reason = goodwill.value, goodwill.reason.strip()[:200]
    if not is_rand_and_cents(value) or not 0 < value <= company_settings.goodwill_most:
        most = {"most": format_zar(company_settings.goodwill_most)}
        raise Refusal(_("Enter an amount in rand and cents, of %(most)s at most.") % most)
    if not reason:
        raise Refusal(_("Enter why the voucher is given."))
    if goodwill.valid_until < timezone.localdate(now):
        raise Refusal(_("The last day is in the past."))
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # a sum in pieces is one sum
    if goodwill.approval:
        goodwill.approval.check(actor, now=now)
    elif value + _given_alone(actor, now) > company_settings.goodwill_approval_over:
        limit = {"limit": format_zar(company_settings.goodwill_approval_over)}
        why = _("Vouchers over %(limit)s a day need the approval of a second person.") % limit
        detail = f"{format_zar(value)}, {reason}: {why}"
        raise NeedsApproval(
            why, Alarm(StaffTask.Kind.LIMIT_REFUSED, actor, "voucher", detail, goodwill.order)
        )
    new = NewVoucher(Voucher.Kind.GOODWILL, value, goodwill.valid_until, goodwill.email, goodwill.order)
    issued = write_voucher(new, now=now)
    movement = VoucherMovement(
        kind=Kind.ISSUED,
        amount=value,
        reason=reason,
        actor=actor,
        approver=goodwill.approval.approver if goodwill.approval else None,
        at=now,
    )
    add_movement(issued.voucher, movement)
    post_goodwill(movement)
    return issued


def _given_alone(actor: User, now: datetime) -> Decimal:
    """What this person has given today without a second one."""
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    given = VoucherMovement.objects.filter(kind=Kind.ISSUED, actor=actor, approver=None, at__gte=day)
    given = given.filter(voucher__kind=Voucher.Kind.GOODWILL, voucher__replaces=None)
    return given.aggregate(total=Total("amount"))["total"] or Decimal(0)


def post_goodwill(movement: VoucherMovement) -> None:
    """Post what was given on a voucher in goodwill, or is taken off it again. The movement is written."""
    amounts = {Account.GOODWILL: movement.amount, Account.VOUCHER_LIABILITY: -movement.amount}
    cause = f"voucher-{movement.kind}:{movement.pk}"
    LedgerEntry.objects.post(Posting(cause, amounts, at=movement.at, actor=movement.actor))
