"""Vouchers sold and given back at the counter: order, payment and code in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.database.transactions import database_now
from bookings.domain.counter.shifts import lock_shift
from bookings.domain.counter.tender import Tender, pay_out_refund, take_payment
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.refunds import IN_TILL
from bookings.domain.sales.voucher_sales import (
    VoucherOrder,
    VoucherReturn,
    hand_over_code,
    place_voucher_order,
    return_voucher,
)
from bookings.models import Account, Order, Refund, Shift, User, Voucher


@dataclass(frozen=True)
class SoldVoucher:
    """A voucher that was sold here; `code` is told once, "" where the form came again."""

    order: Order
    voucher: Voucher
    code: str


def sell_voucher(
    voucher: VoucherOrder, tender: Tender, *, shift: Shift, submission: str, now: datetime | None = None
) -> SoldVoucher:
    """Sell a voucher and take its money into the till, once per `submission`: all or nothing.

    Raises what ordering it and taking the money raise; Refusal for an EFT, which nobody can wait for here.
    """
    codes: list[str] = []

    def sell() -> str:
        moment = now or database_now()
        if tender.method == Account.EFT:
            raise Refusal(_("A voucher is sold for cash or by card."))
        lock_shift(shift)  # the order is not there yet, so nobody can wait for it crosswise
        order = place_voucher_order(voucher, now=moment)
        take_payment(order, tender, shift=shift, submission=submission, content=repr(tender), now=moment)
        codes[:] = [hand_over_code(order)]
        return order.token

    content = f"{voucher.content} {tender!r}"
    token = run_once("sell-voucher", submission, content, action=sell, now=now or database_now())
    order = Order.objects.get(token=token)
    sold = Voucher.objects.get(order=order, kind=Voucher.Kind.SOLD, replaces=None)
    return SoldVoucher(order, sold, codes[0] if codes else "")


@dataclass(frozen=True)
class VoucherGivenBack:
    """What is paid out of the till here; the rest goes back by itself, the way it came."""

    paid_out: list[Refund]
    others: list[Refund]


def take_voucher_back(
    request: VoucherReturn,
    *,
    actor: User,
    shift: Shift | None,
    slip: str,
    submission: str,
    now: datetime | None = None,
) -> VoucherGivenBack:
    """Take a bought voucher back and pay out of the till what was paid into one, once per `submission`; the
    `slip` is that of a card. Without an open shift what was paid at a counter waits to be paid
    out.

    Raises what `return_voucher` and `pay_out_refund` raise.
    """

    def give_back() -> str:
        refunds = return_voucher(request, actor=actor, submission=submission, now=now)
        for refund in refunds if shift else ():
            method = refund.payment.method if refund.payment else ""
            if refund.status == Refund.Status.OWED and method in IN_TILL and shift:
                tender = Tender(method, reference=slip, approval=request.approval)
                key = f"{submission}:{refund.pk}"
                pay_out_refund(refund.pk, tender, shift=shift, submission=key, content=key, now=now)
        return str(request.order_id)

    content = f"{request.order_id} {request.reason} {slip}"
    run_once("take-voucher-back", submission, content, action=give_back, now=now or database_now())
    refunds = list(Refund.objects.filter(order=request.order_id).order_by("pk"))
    paid = [refund for refund in refunds if refund.status == Refund.Status.PAID]
    return VoucherGivenBack(paid, [refund for refund in refunds if refund not in paid])
