"""What the bearer of a voucher is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.domain.sales.vouchers import VoucherUnknown, find_voucher, refusal_of
from bookings.models import Voucher, VoucherMovement


@dataclass(frozen=True)
class VoucherBalance:
    """A voucher with all that came on it and went off it, the last first; `note` says why nothing can be
    paid.
    """

    voucher: Voucher
    movements: tuple[VoucherMovement, ...]
    note: str

    @property
    def balance(self) -> Decimal:
        return self.voucher.balance


def voucher_balance(typed: str, *, now: datetime) -> VoucherBalance:
    """Of the voucher of a typed code. Raises VoucherUnknown. Two queries."""
    voucher = find_voucher(typed)
    if voucher is None:
        raise VoucherUnknown(_("We do not know this voucher code. Please check it and try again."))
    movements = voucher.movements.select_related("payment__order", "refund__order").order_by("-pk")
    return VoucherBalance(voucher, tuple(movements), refusal_of(voucher, now=now))
