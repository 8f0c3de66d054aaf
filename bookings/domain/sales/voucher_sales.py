"""Vouchers that are sold: an order without a booking. Paid, its voucher is issued; unpaid, it expires.

The sale is no revenue: its line lies on `voucher_liability`, and no VAT is charged before it is used. The
code is sealed (`base.encryption`) until its mail is sent or the clerk has handed it over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.encryption import decrypt
from bookings.base.errors import Conflict, Refusal
from bookings.base.money import format_zar, is_rand_and_cents
from bookings.database.transactions import database_now
from bookings.domain.fares.tax import fare_tax_code, tax_code
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import (
    Cause,
    LineChange,
    NewLine,
    insert_order,
    lines_to_sell_again,
    open_voucher_lines,
    write_lines,
)
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.refunds import owe_back
from bookings.domain.sales.vouchers import NewVoucher, add_movement, paid_for_until, write_voucher
from bookings.models import (
    Account,
    Channel,
    Order,
    OrderLine,
    Payment,
    Refund,
    SaleStatus,
    Shift,
    User,
    Voucher,
    VoucherMovement,
    VoucherSale,
)

MESSAGE_MOST: Final = 300
_SOLD: Final = Voucher.Kind.SOLD
Kind = VoucherMovement.Kind


@dataclass(frozen=True)
class VoucherOrder:
    """What is bought, in rand. `email` is the buyer's; `recipient` somebody else who gets the code. `shift`
    is the till that sells it, its clerk the seller.
    """

    value: Decimal
    email: str = ""
    recipient: str = ""
    message: str = ""
    language: str = settings.LANGUAGE_CODE
    shift: Shift | None = None

    @property
    def content(self) -> str:
        return repr((str(self.value), self.email, self.recipient, self.message))


def order_voucher(voucher: VoucherOrder, *, submission: str, now: datetime | None = None) -> Order:
    """Write the unpaid order of a voucher, once per `submission`; it can be paid for PAYMENT_MINUTES.

    Raises Refusal for an amount outside VOUCHER_LEAST and VOUCHER_MOST, or without an address on the web.
    """
    token = run_once(
        "order-voucher",
        submission,
        voucher.content,
        action=lambda: place_voucher_order(voucher, now=now or database_now()).token,
        now=now or database_now(),
    )
    return Order.objects.get(token=token)


def place_voucher_order(voucher: VoucherOrder, *, now: datetime) -> Order:
    """As `order_voucher`, within the caller's transaction."""
    least, most = settings.VOUCHER_LEAST, settings.VOUCHER_MOST
    if not is_rand_and_cents(voucher.value) or not least <= voucher.value <= most:
        limits = {"least": format_zar(least), "most": format_zar(most)}
        raise Refusal(_("Choose an amount from %(least)s to %(most)s.") % limits)
    if not voucher.email and voucher.shift is None:
        raise Refusal(_("Enter your e-mail address."))
    order = Order(
        token=random_token(),
        email=voucher.email,
        channel=Channel.COUNTER if voucher.shift else Channel.WEB,
        pay_by=now + timedelta(minutes=settings.PAYMENT_MINUTES),
        placed_at=now,
        language=voucher.language,
        seller=voucher.shift.clerk if voucher.shift else None,
        shift=voucher.shift,
    )
    insert_order(order, total=voucher.value)
    VoucherSale.objects.create(
        order=order,
        value=voucher.value,
        recipient=voucher.recipient,
        message=voucher.message.strip()[:MESSAGE_MOST],
    )
    code = tax_code(OrderLine.Kind.VOUCHER_SALE, of_fare=fare_tax_code())
    line = NewLine(kind=OrderLine.Kind.VOUCHER_SALE, amount=voucher.value, tax_code=code)
    write_lines(order, LineChange(sold=[line]), _cause(order, f"sale:voucher:{order.pk}", now))
    return order


def _cause(order: Order, name: str, now: datetime, actor: User | None = None) -> Cause:
    return Cause(
        name=name, against=Account.RECEIVABLE, at=now, actor=actor or order.seller, shift=order.shift
    )


def issue_sold_voucher(order: Order, *, now: datetime) -> None:
    """Issue the voucher of an order that is paid now, if it sells one, and mail its code. The caller holds
    the order.
    """
    sale = VoucherSale.objects.filter(order=order).first()
    if sale is None:
        return
    email = sale.recipient or order.email
    new = NewVoucher(_SOLD, sale.value, paid_for_until(now), email, order, is_sealed=True)
    voucher = write_voucher(new, now=now).voucher
    movement = VoucherMovement(kind=Kind.ISSUED, amount=sale.value, actor=order.seller, at=now)
    add_movement(voucher, movement)


def expire_voucher_order(order: Order, *, now: datetime) -> None:
    """Take back what an unpaid order without a booking sells. The caller holds the order."""
    lines = open_voucher_lines(order)
    if lines:
        name = f"expired:voucher:{order.pk}:{_changes(order)}"
        write_lines(order, LineChange(taken_back=lines), _cause(order, name, now))


def sell_voucher_again(order: Order, *, paid: Decimal, now: datetime) -> bool:
    """Sell an expired order of a voucher anew, if that much is `paid`; a voucher has no seats to lose. False
    for any other order. The caller holds the order.
    """
    change = LineChange(sold=lines_to_sell_again(order))
    if not change.total or paid < change.total:
        return False
    write_lines(order, change, _cause(order, f"resale:voucher:{order.pk}:{_changes(order)}", now))
    return True


def _changes(order: Order) -> int:
    return OrderLine.objects.filter(order=order).count()


def hand_over_code(order: Order) -> str:
    """The code of a voucher that was sold and not mailed yet, and let go of it where nobody is mailed. Within
    the transaction of the sale, so that nobody reads it twice.
    """
    voucher = Voucher.objects.select_for_update(no_key=True).filter(order=order, kind=_SOLD).first()
    if voucher is None or not voucher.sealed_code:
        return ""
    code = decrypt(voucher.sealed_code)
    if not voucher.email:
        Voucher.objects.filter(pk=voucher.pk).update(sealed_code="")
    return code


@dataclass(frozen=True)
class VoucherReturn:
    """A bought voucher that is given back for the money. After VOUCHER_RETURN_DAYS a second person signs."""

    order_id: int
    reason: str
    approval: Approval | None = None


def return_voucher(
    request: VoucherReturn, *, actor: User | None, submission: str, now: datetime | None = None
) -> list[Refund]:
    """Take a voucher back of which nothing was used, once per `submission`: its code opens nothing any more,
    and the money goes back the way it came. `actor` None is the buyer.

    Raises Conflict for one that was used, stopped or given back, Refusal for a buyer who is late,
    NeedsApproval for staff then.
    """
    run_once(
        "return-voucher",
        submission,
        f"{request.order_id} {request.reason}",
        action=lambda: _return(request, actor, now),
        now=now or database_now(),
    )
    return list(Refund.objects.filter(order=request.order_id).order_by("pk"))


def _return(request: VoucherReturn, actor: User | None, now: datetime | None) -> str:
    locked = lock_order(request.order_id)
    order, now = locked.order, now or locked.now
    list(Payment.objects.select_for_update(no_key=True).filter(order=order).order_by("pk"))
    voucher = Voucher.objects.select_for_update(no_key=True).filter(order=order, kind=_SOLD).first()
    if refusal := return_refusal(order, voucher):
        raise Conflict(refusal)
    assert voucher
    if not is_within_return(voucher, now):
        _check_late(request, actor, now)
    reason = request.reason.strip()[:200]
    approver = request.approval.approver if request.approval else None
    Voucher.objects.filter(pk=voucher.pk).update(stopped_at=now, sealed_code="")
    movement = VoucherMovement(
        kind=Kind.STOPPED, amount=-voucher.balance, reason=reason, actor=actor, approver=approver, at=now
    )
    add_movement(voucher, movement)
    Order.objects.filter(pk=order.pk).update(status=SaleStatus.CANCELLED)
    taken = LineChange(taken_back=open_voucher_lines(order))
    write_lines(order, taken, _cause(order, f"return:voucher:{order.pk}", now, actor))
    order.refresh_from_db()
    owe_back(order, now=now)
    return str(order.pk)


def _check_late(request: VoucherReturn, actor: User | None, now: datetime) -> None:
    days = {"days": settings.VOUCHER_RETURN_DAYS}
    why = _("A voucher can be given back for %(days)d days.") % days
    if actor is None:
        raise Refusal(why)
    if request.approval is None:
        raise NeedsApproval(_("%(why)s Later a second person must approve.") % {"why": why})
    request.approval.check(actor, now=now)


def is_within_return(voucher: Voucher, now: datetime) -> bool:
    return now < voucher.issued_at + timedelta(days=settings.VOUCHER_RETURN_DAYS)


def return_refusal(order: Order, voucher: Voucher | None) -> str:
    """Why a bought voucher cannot be given back, whoever asks; empty if it can. `voucher` is its newest."""
    if order.status != SaleStatus.CONFIRMED or voucher is None or voucher.stopped_at:
        return _("This voucher cannot be given back any more.")
    if voucher.balance != order.voucher_sale.value:
        return _("Some of this voucher was used, so it cannot be given back.")
    return ""
