"""What was sold, paid and given back, as a receipt tells it: values, which `receipt_text` puts into words.

A receipt is of an order as it stands, or of one refund. Its lines add up to what the ledger says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.base.money import ZERO
from bookings.database.compiled import compiled
from bookings.domain.company.details import get_company
from bookings.domain.sales.booking_page import booking_segment, bookings_of
from bookings.domain.sales.ledger import EARNED
from bookings.domain.sales.refund_state import RefundState, state_of, with_state
from bookings.domain.tickets.ticketed_trip import place_text
from bookings.domain.timetable.trips import TripView, trip_view
from bookings.models import (
    Account,
    Booking,
    Company,
    LedgerEntry,
    Order,
    Payment,
    Refund,
    SaleStatus,
    Shift,
    Ticket,
)

_STANDS: Final = (SaleStatus.PENDING, SaleStatus.CONFIRMED)


class LineKind(StrEnum):
    """What a line is for."""

    FARE = "fare"
    CANCELLED = "cancelled"  # a fare that is charged no more
    CANCELLATION_FEE = "cancellation_fee"
    CHANGE_FEE = "change_fee"
    DIFFERENCE = "difference"  # between the fares of a change
    RETURNED = "returned"  # money of a sale that was undone, or too much of it


@dataclass(frozen=True)
class ReceiptTicket:
    passenger: str
    passenger_type: str
    fare_class: str
    place: str  # the seat, or what stands in its stead
    trip: TripView
    reference: str


@dataclass(frozen=True)
class ReceiptLine:
    kind: LineKind
    cents: int
    ticket: ReceiptTicket | None = None
    reference: str = ""  # of the booking
    tax_code: str = ""  # empty: no tax is shown, as fares by road are exempt


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

    Two queries, a third if any money has to go back.
    """
    payments, entries = list(_payments_of(order.pk)), list(_entries_of(order.pk))
    if not payments and order.status != SaleStatus.CONFIRMED:
        raise Conflict(_("Nothing has been paid on this booking, so there is no receipt."))
    number = _number(bookings)
    is_refunded = any(entry.account == Account.REFUNDS_OWED for entry in entries)
    refunds = _refunds_of(order.pk) if is_refunded else []
    return ReceiptView(
        number=number,
        at=order.placed_at,
        is_refund=False,
        company=get_company(),
        issuer=_issuer(order, payments),
        references=tuple(booking.booking_reference for booking in bookings),
        lines=(*_sold(bookings), *_fees(entries, bookings)),
        tenders=tuple(_tender(payment, entries) for payment in payments),
        refunds=tuple(_numbered(refunds, number, entries)),
    )


def refund_receipt(order: Order, bookings: Sequence[Booking], refund_id: int) -> ReceiptView:
    """The receipt of one refund, as `order_receipt` is of the order."""
    entries, rows = list(_entries_of(order.pk)), _refunds_of(order.pk)
    row = next((row for row in rows if row.pk == refund_id), None)
    if row is None:
        raise NotFound(_("This refund belongs to another booking."))
    refund = _numbered(rows, _number(bookings), entries)[rows.index(row)]
    return ReceiptView(
        number=refund.number,
        at=refund.at,
        is_refund=True,
        company=get_company(),
        issuer=_at_till(row.shift) if row.shift else ReceiptIssuer(),
        references=tuple(booking.booking_reference for booking in bookings),
        lines=_given_back(row, entries, bookings),
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
    accounts = (*EARNED, Account.FEE, Account.CASH, Account.REFUNDS_OWED)
    return LedgerEntry.objects.filter(order=order_id, account__in=accounts).order_by("pk")


def _number(bookings: Sequence[Booking]) -> str:
    """The reference of the order's first booking, which it keeps whatever is split off."""
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


def _sold(bookings: Iterable[Booking]) -> list[ReceiptLine]:
    """A line for each ticket that was sold, and one that takes it back if it was cancelled."""
    lines = []
    for booking in bookings:
        reference = booking.booking_reference
        for ticket in _own_tickets(booking):
            view = _ticket(ticket, booking)
            lines.append(ReceiptLine(LineKind.FARE, _cents(ticket.fare), view, reference))
            if ticket.status == Ticket.Status.CANCELLED:
                lines.append(ReceiptLine(LineKind.CANCELLED, -_cents(ticket.fare), view, reference))
    return lines


def _own_tickets(booking: Booking) -> list[Ticket]:
    """Those that were not replaced by others; none of seats that ran out unpaid."""
    if booking.status not in (*_STANDS, SaleStatus.CANCELLED):
        return []
    return [ticket for ticket in booking.tickets.all() if ticket.status != Ticket.Status.REPLACED]


def _ticket(ticket: Ticket, booking: Booking) -> ReceiptTicket:
    return ReceiptTicket(
        passenger=ticket.full_name,
        passenger_type=ticket.passenger_type.name,
        fare_class=ticket.fare_class.name,
        place=place_text(ticket),
        trip=trip_view(booking_segment(booking)),
        reference=booking.booking_reference,
    )


def _fees(entries: Iterable[LedgerEntry], bookings: Iterable[Booking]) -> list[ReceiptLine]:
    references = {booking.pk: booking.booking_reference for booking in bookings}
    return [
        ReceiptLine(
            _fee_kind(entry), -_cents(entry.amount), reference=references.get(entry.booking_id or 0, "")
        )
        for entry in entries
        if entry.account == Account.FEE
    ]


def _fee_kind(entry: LedgerEntry) -> LineKind:
    return LineKind.CANCELLATION_FEE if entry.cause.startswith("cancel:") else LineKind.CHANGE_FEE


def _tender(payment: Payment, entries: Iterable[LedgerEntry]) -> ReceiptTender:
    cause = f"rounding:{payment.pk}"
    rounding = sum(
        (row.amount for row in entries if row.cause == cause and row.account == Account.CASH), ZERO
    )
    return ReceiptTender(
        method=payment.method,
        cents=_cents(payment.amount),
        at=payment.paid_at,
        reference=payment.reference,
        rounding=_cents(rounding),
        given=None if payment.given is None else _cents(payment.given),
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
        cents=_cents(row.amount),
        state=state_of(row),
        at=row.paid_at or row.created_at,
        method=row.method,
        reference=row.reference,
        rounding=_cents(-sum(cash, ZERO) - row.amount) if cash else 0,
    )


def _given_back(
    row: Refund, entries: Iterable[LedgerEntry], bookings: Iterable[Booking]
) -> tuple[ReceiptLine, ...]:
    """What a refund is made of: cancelled tickets or a lower fare, less a fee; else the money by itself."""
    own = [entry for entry in entries if entry.cause == row.cause and entry.booking_id == row.booking_id]
    booking = next((candidate for candidate in bookings if candidate.pk == row.booking_id), None)
    reference = booking.booking_reference if booking else ""
    fares = sum((entry.amount for entry in own if entry.account in EARNED), ZERO)
    fees = tuple(
        ReceiptLine(_fee_kind(entry), _cents(entry.amount), reference=reference)
        for entry in own
        if entry.account == Account.FEE
    )
    if _cents(fares) + sum(fee.cents for fee in fees) != _cents(row.amount):
        return (ReceiptLine(LineKind.RETURNED, _cents(row.amount), reference=reference),)
    lines = _cancelled(booking) if booking else ()
    if sum(line.cents for line in lines) != _cents(fares):
        lines = (ReceiptLine(LineKind.DIFFERENCE, _cents(fares), reference=reference),)
    return (*lines, *fees)


def _cancelled(booking: Booking) -> tuple[ReceiptLine, ...]:
    return tuple(
        ReceiptLine(LineKind.FARE, _cents(ticket.fare), _ticket(ticket, booking), booking.booking_reference)
        for ticket in _own_tickets(booking)
        if ticket.status == Ticket.Status.CANCELLED
    )


def _cents(amount: Decimal) -> int:
    return int(amount * 100)
