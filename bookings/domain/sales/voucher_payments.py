"""Paying by voucher. What it pays is a payment like any other: reserved from the moment it is booked, and
back on the voucher when the order ends unpaid, by the way of all refunds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import Conflict
from bookings.base.money import cents, format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.payments import (
    PART_PAID,
    ReceivedPayment,
    give_time,
    lock_payable_order,
    settle,
    supersede_attempts,
)
from bookings.domain.sales.vouchers import VoucherRefused, add_movement, lock_voucher
from bookings.models import VOUCHER, Order, Payment, Voucher, VoucherMovement


@dataclass(frozen=True)
class VoucherPayment:
    """What a voucher has paid of an order, in rand, and what is still owed on it."""

    amount: Decimal
    owed: Decimal


def pay_with_voucher(
    order_id: int, code: str, *, submission: str, now: datetime | None = None
) -> VoucherPayment:
    """Pay an order as far as a voucher goes, once per `submission`, and confirm it if that is all.

    Of an order that is paid in part the rest is owed still, and its seats are kept for PAYMENT_MINUTES.
    Raises what `lock_voucher` raises, Conflict when nothing can be paid any more.
    """
    result = run_once(
        "pay-with-voucher",
        submission,
        f"{order_id} {sha256(code)}",
        action=lambda: _pay(order_id, code, submission, now),
        now=now or database_now(),
    )
    amount, owed = result.split()
    return VoucherPayment(Decimal(amount), Decimal(owed))


def _pay(order_id: int, code: str, submission: str, now: datetime | None) -> str:
    locked, attempts = lock_payable_order(order_id, now=now)
    order, owed, now = locked.order, locked.owed, now or locked.now
    if not locked.bookings:
        raise VoucherRefused(
            _("A voucher cannot be bought with a voucher. Please choose another way to pay.")
        )
    voucher = lock_voucher(code, now=now)
    amount = min(voucher.balance, owed)
    supersede_attempts(attempts, owed - amount)
    if amount < owed:
        give_time(order, now + timedelta(minutes=company_settings.payment_minutes))
        refresh(locked.schedules)
    received = ReceivedPayment(VOUCHER, f"voucher:{submission}"[:80], amount, is_part=amount < owed)
    if redeem(order, voucher, received, now=now) not in ("confirmed", "balance paid", PART_PAID):
        raise Conflict(_("There is nothing to pay on this order any more."))
    return f"{cents(amount)} {cents(owed - amount)}"


def lock_voucher_for(code: str, amount: Decimal, *, now: datetime) -> Voucher:
    """As `lock_voucher`; VoucherRefused too where less than `amount` is on it."""
    voucher = lock_voucher(code, now=now)
    if voucher.balance < amount:
        amounts = {"left": format_zar(voucher.balance), "amount": format_zar(amount)}
        raise VoucherRefused(
            _("%(left)s is on this voucher, not %(amount)s. Take it as a part, and the rest another way.")
            % amounts
        )
    return voucher


def voucher_part(code: str, due: Decimal, *, now: datetime) -> Decimal:
    """How much of an amount due a voucher pays; nothing is kept. Raises what `lock_voucher` raises."""
    with short_transaction():
        return min(lock_voucher(code, now=now).balance, due)


def redeem(order: Order, voucher: Voucher, received: ReceivedPayment, *, now: datetime) -> str:
    """Book a payment by a locked voucher, and take it off. Returns the outcome as `settle` does."""
    outcome = settle(order.pk, received, now=now)
    payment = Payment.objects.get(method=VOUCHER, external_id=received.external_id)
    actor = received.shift.clerk if received.shift else None
    add_movement(
        voucher,
        VoucherMovement(
            kind=VoucherMovement.Kind.REDEEMED, amount=-received.amount, payment=payment, actor=actor, at=now
        ),
    )
    return outcome
