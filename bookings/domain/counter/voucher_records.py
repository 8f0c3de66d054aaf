"""Vouchers as staff find and read them: the list with its sum, and one with all that happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet

from bookings.base.codes import normal_code
from bookings.base.money import ZERO, cents
from bookings.domain.sales.voucher_sales import return_refusal
from bookings.domain.sales.vouchers import get_voucher, refusal_of
from bookings.models import Account, LedgerEntry, OrderLine, SaleStatus, Total, Voucher, VoucherMovement

PAGE: Final = 50
_FILE_CHUNK: Final = 500


@dataclass(frozen=True)
class VoucherList:
    """A page of vouchers, the newest first; `left` is on all of them, `owed` what the ledger says."""

    vouchers: tuple[Voucher, ...]
    left: Decimal
    owed: Decimal
    page: int
    pages: int


def find_vouchers(text: str) -> QuerySet[Voucher]:
    """By e-mail address, or by the last signs of the code; all without a text."""
    rows = Voucher.objects.order_by("-pk")
    text = text.strip()
    if not text:
        return rows
    return rows.filter(Q(email__iexact=text) | Q(code_end=normal_code(text)[-4:]))


def voucher_list(text: str, *, page: int) -> VoucherList:
    """Five queries. What is ordered and not paid yet is on none of them, and not owed."""
    rows = find_vouchers(text)
    pages = max(1, -(-rows.count() // PAGE))
    page = min(max(page, 1), pages)
    left = cents(Voucher.objects.aggregate(total=Total("balance"))["total"] or ZERO)
    unpaid = OrderLine.objects.filter(kind=OrderLine.Kind.VOUCHER_SALE, order__status=SaleStatus.PENDING)
    ordered = unpaid.aggregate(total=Total("amount"))["total"] or ZERO
    owed = cents(-LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) - ordered)
    return VoucherList(tuple(rows[(page - 1) * PAGE : page * PAGE]), left, owed, page, pages)


def export_vouchers(text: str) -> Iterator[Voucher]:
    return find_vouchers(text).iterator(chunk_size=_FILE_CHUNK)


@dataclass(frozen=True)
class VoucherRecord:
    """A voucher with its movements, the last first, and those that it replaces and is replaced by."""

    voucher: Voucher
    movements: tuple[VoucherMovement, ...]
    note: str  # why nothing can be paid with it
    replaced_by: Voucher | None

    @property
    def can_be_stopped(self) -> bool:
        return self.voucher.stopped_at is None or self.voucher.balance > 0

    @property
    def can_be_returned(self) -> bool:
        """Whether it is a bought one of which nothing was used."""
        order = self.voucher.order
        return (
            self.voucher.kind == Voucher.Kind.SOLD
            and order is not None
            and not return_refusal(order, self.voucher)
        )

    @property
    def can_be_extended(self) -> bool:
        return self.voucher.stopped_at is None

    @property
    def may_be_taken(self) -> bool:
        """Whether it can be stopped without a new one: it was not paid for, or nothing is left on it."""
        return self.voucher.kind not in Voucher.PAID_FOR or not self.voucher.balance


def voucher_record(voucher_id: int, *, now: datetime) -> VoucherRecord:
    """Raises NotFound. Three queries."""
    voucher = get_voucher(voucher_id)
    movements = voucher.movements.select_related("actor", "approver", "payment__order", "refund__order")
    movements = movements.prefetch_related("payment__order__bookings", "refund__order__bookings")
    replaced_by = Voucher.objects.filter(replaces=voucher).first()
    return VoucherRecord(voucher, tuple(movements.order_by("-pk")), refusal_of(voucher, now=now), replaced_by)
