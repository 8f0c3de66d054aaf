"""What was sold, paid and given back, as a receipt tells it: values, which `receipt_text` puts into words.

A receipt is of an order as it stands, or of one refund. Its lines add up to what the ledger says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.base.money import ZERO
from bookings.database.compiled import compiled
from bookings.domain.company.details import get_company
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.sales.refund_state import RefundState, state_of, with_state
from bookings.domain.tickets.receipt_lines import (
    ReceiptLine,
    fee_lines,
    given_back_lines,
    in_cents,
    sold_lines,
)
from bookings.models import (
    Account,
    Booking,
    Company,
    LedgerEntry,
    Order,
    OrderLine,
    Payment,
    Refund,
    SaleStatus,
    Shift,
    voucher_reference,
)


@dataclass(frozen=True)
class ReceiptTender:
    """A payment. `rounding` is what coins made of it; `given` is what was handed over, None if not noted."""

    method: str
    cents: int
    at: datetime
    reference: str = ""
    rounding: int = 0
    given: int | None = None

    @property
    def change(self) -> int:
        return 0 if self.given is None else self.given - self.cents - self.rounding


@dataclass(frozen=True)
class ReceiptRefund:
    """Money that went back, or has to."""

    id: int
    number: str
    cents: int
    state: RefundState
    at: datetime
    method: str = ""
    reference: str = ""
    rounding: int = 0

    @property
    def is_paid(self) -> bool:
        return self.state == RefundState.PAID


@dataclass(frozen=True)
class ReceiptIssuer:
    """Who sold or paid out: a clerk at a till, a partner, or the website if all is empty."""

    clerk: str = ""
    branch: str = ""
    till: int | None = None  # number of the shift
    partner: str = ""


@dataclass(frozen=True)
class ReceiptView:
    """Amounts in cents. Of a refund if `is_refund`: its lines say what the money is for."""

    number: str
    at: datetime
    is_refund: bool
    company: Company
    issuer: ReceiptIssuer
    references: tuple[str, ...]
    lines: tuple[ReceiptLine, ...]
    tenders: tuple[ReceiptTender, ...]
    refunds: tuple[ReceiptRefund, ...]
    is_copy: bool = False  # it was printed by staff before

    @property
    def total(self) -> int:
        return sum(line.cents for line in self.lines)

    @property
    def to_pay(self) -> int:
        """What is still owed by the customer."""
        paid = sum(tender.cents for tender in self.tenders) - sum(refund.cents for refund in self.refunds)
        return 0 if self.is_refund else max(self.total - paid, 0)


def receipt_of(order_id: int) -> ReceiptView:
    """The receipt of an order, in a constant number of queries. Raises Conflict while nothing was paid."""
    order = _order(order_id)
    return order_receipt(order, bookings_of(order))


def refund_receipt_of(order_id: int, refund_id: int) -> ReceiptView:
    """The receipt of one refund of the order. Raises NotFound for another order's."""
    order = _order(order_id)
    return refund_receipt(order, bookings_of(order), refund_id)


def order_receipt(order: Order, bookings: Sequence[Booking]) -> ReceiptView:
    """The same for an order with all of its bookings, which `bookings_of` must have loaded.

    Three queries, a fourth if any money has to go back.
    """
    payments, entries = list(_payments_of(order.pk)), list(_entries_of(order.pk))
    if not payments and order.status != SaleStatus.CONFIRMED:
        raise Conflict(_("Nothing has been paid on this booking, so there is no receipt."))
    lines, number = list(_lines_of(order.pk)), _number(order, bookings)
    is_refunded = any(entry.account == Account.REFUNDS_OWED for entry in entries)
    refunds = _refunds_of(order.pk) if is_refunded else []
    return ReceiptView(
        number=number,
        at=order.placed_at,
        is_refund=False,
        company=get_company(),
        issuer=_issuer(order, payments),
        references=tuple(booking.booking_reference for booking in bookings),
        lines=(*sold_lines(lines, bookings), *fee_lines(lines, bookings)),
        tenders=tuple(_tender(payment, entries) for payment in payments),
        refunds=tuple(_numbered(refunds, number, entries)),
    )


def refund_receipt(order: Order, bookings: Sequence[Booking], refund_id: int) -> ReceiptView:
    """The receipt of one refund, as `order_receipt` is of the order."""
    entries, rows = list(_entries_of(order.pk)), _refunds_of(order.pk)
    row = next((row for row in rows if row.pk == refund_id), None)
    if row is None:
        raise NotFound(_("This refund belongs to another booking."))
    refund = _numbered(rows, _number(order, bookings), entries)[rows.index(row)]
    return ReceiptView(
        number=refund.number,
        at=refund.at,
        is_refund=True,
        company=get_company(),
        issuer=_at_till(row.shift) if row.shift else ReceiptIssuer(),
        references=tuple(booking.booking_reference for booking in bookings),
        lines=given_back_lines(row, list(_lines_of(order.pk)), bookings),
        tenders=(),
        refunds=(refund,),
    )


def tenders_of(order_id: int) -> list[ReceiptTender]:
    """The payments of an order. Two queries."""
    payments = list(_payments_of(order_id))
    entries = list(_entries_of(order_id)) if payments else []
    return [_tender(payment, entries) for payment in payments]


def note_print(order_id: int, *, refund_id: int | None = None, now: datetime) -> bool:
    """Note that staff print the receipt of an order or of a refund: every later one is a copy. False if it
    was noted before.
    """
    return _receipts(order_id, refund_id).filter(receipt_printed_at=None).update(receipt_printed_at=now) == 1


def was_printed(order_id: int, refund_id: int | None = None) -> bool:
    """Whether staff have printed the receipt of an order, or of a refund of it. One query."""
    return _receipts(order_id, refund_id).filter(receipt_printed_at__isnull=False).exists()


def _receipts(order_id: int, refund_id: int | None) -> QuerySet[Order] | QuerySet[Refund]:
    if refund_id is None:
        return Order.objects.filter(pk=order_id)
    return Refund.objects.filter(pk=refund_id, order=order_id)


def _order(order_id: int) -> Order:
    return Order.objects.select_related("seller", "partner", "shift__branch", "shift__clerk").get(pk=order_id)


@compiled
def _payments_of(order_id: int) -> QuerySet[Payment]:
    rows = Payment.objects.select_related("shift__branch", "shift__clerk")
    return rows.filter(order=order_id).order_by("pk")


@compiled
def _entries_of(order_id: int) -> QuerySet[LedgerEntry]:
    accounts = (Account.CASH, Account.REFUNDS_OWED)
    return LedgerEntry.objects.filter(order=order_id, account__in=accounts).order_by("pk")


@compiled
def _lines_of(order_id: int) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(order=order_id).order_by("pk")


def _number(order: Order, bookings: Sequence[Booking]) -> str:
    """The reference of the order's first booking, which it keeps whatever is split off, or that of the sale
    of a voucher.
    """
    if not bookings:
        return voucher_reference(order.pk)
    return min(bookings, key=lambda booking: booking.pk).booking_reference


def _issuer(order: Order, payments: Iterable[Payment]) -> ReceiptIssuer:
    if order.partner:
        return ReceiptIssuer(partner=order.partner.name)
    if not order.shift_id:
        return ReceiptIssuer()
    shift = next((row.shift for row in payments if row.shift_id == order.shift_id), None) or order.shift
    return _at_till(shift) if shift else ReceiptIssuer()


def _at_till(shift: Shift) -> ReceiptIssuer:
    return ReceiptIssuer(clerk=shift.clerk.display_name, branch=shift.branch.name, till=shift.pk)


def _tender(payment: Payment, entries: Iterable[LedgerEntry]) -> ReceiptTender:
    cause = f"rounding:{payment.pk}"
    rounding = sum(
        (row.amount for row in entries if row.cause == cause and row.account == Account.CASH), ZERO
    )
    return ReceiptTender(
        method=payment.method,
        cents=in_cents(payment.amount),
        at=payment.paid_at,
        reference=payment.reference,
        rounding=in_cents(rounding),
        given=None if payment.given is None else in_cents(payment.given),
    )


def _refunds_of(order_id: int) -> list[Refund]:
    rows = with_state(Refund.objects.filter(order=order_id))
    return list(rows.select_related("payment", "shift__branch", "shift__clerk").order_by("pk"))


def _numbered(rows: Iterable[Refund], number: str, entries: Sequence[LedgerEntry]) -> list[ReceiptRefund]:
    return [_refund(row, f"{number}-{position}", entries) for position, row in enumerate(rows, start=1)]


def _refund(row: Refund, number: str, entries: Iterable[LedgerEntry]) -> ReceiptRefund:
    cause = f"refund:{row.pk}"
    cash = [entry.amount for entry in entries if entry.cause == cause and entry.account == Account.CASH]
    return ReceiptRefund(
        id=row.pk,
        number=number,
        cents=in_cents(row.amount),
        state=state_of(row),
        at=row.paid_at or row.created_at,
        method=row.method,
        reference=row.reference,
        rounding=in_cents(-sum(cash, ZERO) - row.amount) if cash else 0,
    )
