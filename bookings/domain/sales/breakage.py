"""Breakage: what is left on vouchers that were paid for and have run out, posted to revenue.

The law leaves that money to the bearer (CPA s63), so nothing does it by itself unless VOUCHER_BREAKAGE_DAYS
says so: a manager posts it. The bearer may still come: a voucher that gets more time has all of it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.money import ZERO, cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.vouchers import add_movement, lapsed_of
from bookings.models import Account, LedgerEntry, Posting, Total, User, Voucher, VoucherMovement

Kind = VoucherMovement.Kind
_MOST: Final = 500  # vouchers in one go


def lapsed_vouchers(*, now: datetime) -> QuerySet[Voucher]:
    """Those that were paid for, have run out, and hold something still; none that are stopped."""
    return Voucher.objects.filter(
        kind__in=Voucher.PAID_FOR,
        balance__gt=0,
        stopped_at=None,
        valid_until__lt=timezone.localdate(now),
    )


def lapsed_total(*, now: datetime) -> Decimal:
    """What is left on all of them, in rand."""
    return cents(lapsed_vouchers(now=now).aggregate(total=Total("balance"))["total"] or ZERO)


def post_breakage(
    *, total: Decimal, reason: str, actor: User, submission: str, now: datetime | None = None
) -> Decimal:
    """Post what is left on lapsed vouchers to revenue, once per `submission`: all of it or nothing. Returns
    how much, in rand.

    Raises Refusal without a reason, or if it is no longer the `total` that was shown.
    """

    def post() -> str:
        moment = now or database_now()
        if not reason.strip():
            raise Refusal(_("Enter the reason."))
        vouchers = list(lapsed_vouchers(now=moment).select_for_update(no_key=True).order_by("pk"))
        left = sum((voucher.balance for voucher in vouchers), ZERO)
        if left != total or not left:
            raise Refusal(_("The sum has changed. Please look at it again."))
        for voucher in vouchers:
            _lapse(voucher, reason.strip()[:200], actor, moment)
        return str(cents(left))

    content = f"{total} {reason}"
    return Decimal(run_once("breakage", submission, content, action=post, now=now or database_now()))


def lapse_vouchers(*, now: datetime | None = None) -> int:
    """Post those whose last day is VOUCHER_BREAKAGE_DAYS over; none where that is 0. Returns how many."""
    now = now or database_now()
    days = settings.VOUCHER_BREAKAGE_DAYS
    if not days:
        return 0
    over = lapsed_vouchers(now=now - timedelta(days=days))
    ids = list(over.order_by("pk").values_list("pk", flat=True)[:_MOST])
    for voucher_id in ids:
        with short_transaction():
            locked = over.select_for_update(no_key=True).filter(pk=voucher_id).first()
            if locked:  # not extended or restored meanwhile
                _lapse(locked, "", None, now)
    return len(ids)


def _lapse(voucher: Voucher, reason: str, actor: User | None, now: datetime) -> None:
    movement = VoucherMovement(kind=Kind.EXPIRED, amount=-voucher.balance, reason=reason, actor=actor, at=now)
    add_movement(voucher, movement)
    _post(movement)


def revive(voucher: Voucher, *, actor: User | None, now: datetime) -> None:
    """Give a voucher again what lapsed of it, where it was posted. The caller holds the voucher and gives it
    more time.
    """
    if voucher.kind not in Voucher.PAID_FOR:
        return
    lapsed = lapsed_of(voucher)
    if lapsed > 0:
        movement = VoucherMovement(kind=Kind.REVIVED, amount=lapsed, actor=actor, at=now)
        add_movement(voucher, movement)
        _post(movement)


def _post(movement: VoucherMovement) -> None:
    amounts = {Account.VOUCHER_LIABILITY: -movement.amount, Account.BREAKAGE: movement.amount}
    cause = f"voucher-{movement.kind}:{movement.pk}"
    LedgerEntry.objects.post(Posting(cause, amounts, at=movement.at, actor=movement.actor))
