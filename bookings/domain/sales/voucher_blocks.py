"""A bought voucher whose payment the customer's bank took back opens nothing until the money comes again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.sales.vouchers import add_movement
from bookings.models import Chargeback, Order, Voucher, VoucherMovement

_SOLD: Final = Voucher.Kind.SOLD
Kind = VoucherMovement.Kind


def block_voucher(order: Order, *, now: datetime) -> None:
    """Stop what an order has sold whose payment the bank took back; what is left stays on it. The caller
    holds the order.
    """
    for voucher in Voucher.objects.select_for_update(no_key=True).filter(
        order=order, kind=_SOLD, stopped_at=None
    ):
        Voucher.objects.filter(pk=voucher.pk).update(stopped_at=now)
        movement = VoucherMovement(kind=Kind.STOPPED, amount=0, reason=_("chargeback"), at=now)
        add_movement(voucher, movement)


def resume_voucher(order: Order, *, now: datetime) -> None:
    """Let a voucher be used again whose payment has come back from the bank. The caller holds the order."""
    stopped = Voucher.objects.select_for_update(no_key=True).filter(
        order=order, kind=_SOLD, stopped_at__isnull=False, balance__gt=0
    )
    for voucher in stopped:
        Voucher.objects.filter(pk=voucher.pk).update(stopped_at=None)
        add_movement(voucher, VoucherMovement(kind=Kind.RESUMED, amount=0, reason=_("chargeback"), at=now))


def is_charged_back(voucher: Voucher) -> bool:
    """Whether the bank holds the money that a voucher was bought for."""
    if voucher.kind != _SOLD:
        return False
    return Chargeback.objects.filter(payment__order=voucher.order_id, returned_at=None).exists()
