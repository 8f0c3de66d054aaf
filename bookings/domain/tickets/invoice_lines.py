"""What a tax invoice lists: the order lines of which something is left, with the tax in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from bookings.base.money import ZERO, cents
from bookings.domain.company.settings import company_settings
from bookings.domain.tickets.receipt_lines import LineKind, ReceiptLine, in_cents, receipt_ticket
from bookings.domain.tickets.receipt_text import line_text
from bookings.models import Booking, InvoiceLine, OrderLine

_STANDARD: Final = OrderLine.TaxCode.STANDARD


def invoice_lines(lines: Iterable[OrderLine], bookings: Sequence[Booking]) -> list[InvoiceLine]:
    """Unsaved lines that add up to the order lines, by ticket, kind and tax code; without what was taken back
    or moved. `bookings_of` must have loaded the bookings.
    """
    groups: dict[tuple[int | None, str, str], list[OrderLine]] = defaultdict(list)
    for line in lines:
        groups[line.ticket_id, line.kind, line.tax_code].append(line)
    texts = _Texts(bookings)
    return [
        _line(texts.describe(rows[-1]), rows, total)
        for rows in groups.values()
        if (total := sum((row.amount for row in rows), ZERO))
    ]


def included_tax(total: Decimal, rate: Decimal) -> Decimal:
    """The tax in a price of so many rand, at `rate` percent, to the cent."""
    return cents(total * rate / (100 + rate))


def tax_rate(tax_code: str) -> Decimal:
    """In percent; 0 of what is exempt or zero-rated."""
    return company_settings.vat_rate if tax_code == _STANDARD else ZERO


class _Texts:
    """How the lines of an order are called, in the active language."""

    def __init__(self, bookings: Sequence[Booking]) -> None:
        self._references = {booking.pk: booking.booking_reference for booking in bookings}
        self._tickets = {
            ticket.pk: (ticket, booking) for booking in bookings for ticket in booking.tickets.all()
        }

    def describe(self, line: OrderLine) -> str:
        ticket, booking = self._tickets.get(line.ticket_id or 0, (None, None))
        view = receipt_ticket(ticket, booking) if ticket and booking else None
        reference = view.reference if view else self._references.get(line.booking_id or 0, "")
        row = line_text(ReceiptLine(LineKind(line.kind), in_cents(line.amount), view, reference))
        return ", ".join(filter(None, (row.label, row.detail)))


def _line(description: str, rows: Sequence[OrderLine], total: Decimal) -> InvoiceLine:
    code = rows[0].tax_code
    rate = tax_rate(code)
    tax = included_tax(total, rate)
    sign = 1 if total > 0 else -1
    quantity = sum(row.quantity if row.amount * sign > 0 else -row.quantity for row in rows if row.amount)
    return InvoiceLine(
        description=description,
        quantity=max(quantity, 1),
        tax_code=code,
        tax_rate=rate,
        value=total - tax,
        tax=tax,
        total=total,
    )
