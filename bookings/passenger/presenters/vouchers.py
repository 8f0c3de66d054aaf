"""A voucher as its bearer reads of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from bookings.base.dates import full_day_text
from bookings.base.money import format_zar
from bookings.domain.sales.voucher_page import VoucherBalance
from bookings.models import VoucherMovement


@dataclass(frozen=True)
class MovementText:
    day: str
    what: str
    amount: str


@dataclass(frozen=True)
class BalanceText:
    balance: str
    value: str
    valid_until: str
    note: str
    movements: tuple[MovementText, ...]

    @classmethod
    def of(cls, balance: VoucherBalance) -> BalanceText:
        voucher = balance.voucher
        return cls(
            balance=format_zar(voucher.balance),
            value=format_zar(voucher.value),
            valid_until=full_day_text(voucher.valid_until),
            note=balance.note,
            movements=tuple(_movement(row) for row in balance.movements),
        )


def _movement(row: VoucherMovement) -> MovementText:
    return MovementText(
        day=full_day_text(timezone.localdate(row.at)),
        what=str(row.get_kind_display()),
        amount=format_zar(row.amount) if row.amount else "",
    )
