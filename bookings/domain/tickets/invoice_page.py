"""The tax invoices of an order, for its buyer and for staff; who may see them is for the face to check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import format_zar
from bookings.domain.tickets.invoices import (
    Recipient,
    is_full,
    obstacle_to_invoice,
    outdated_invoices,
)
from bookings.domain.timetable.trips import local_text
from bookings.models import Invoice, Order


@dataclass(frozen=True)
class IssuedInvoice:
    """A document in the list of an order; the total of a credit note is what it gives back."""

    id: int
    number: str
    is_credit_note: bool
    corrects: str  # number of the invoice that it takes back
    total: Decimal
    issued_at: datetime

    @property
    def total_text(self) -> str:
        return format_zar(self.total)

    @property
    def issued_text(self) -> str:
        return local_text(self.issued_at)


@dataclass(frozen=True)
class InvoicePage:
    issued: tuple[IssuedInvoice, ...]
    obstacle: str  # why there can be none now
    needs_recipient: bool
    is_outdated: bool  # the booking changed after the invoice that stands
    recipient: Recipient  # of the newest invoice


def invoice_page(order_id: int) -> InvoicePage:
    """All documents of an order, oldest first, and whether it can have one. Three queries."""
    order, invoices = Order.objects.get(pk=order_id), list(_documents().filter(order=order_id))
    newest = next((invoice for invoice in reversed(invoices) if not invoice.is_credit_note), None)
    return InvoicePage(
        issued=tuple(_issued(invoice) for invoice in invoices),
        obstacle=obstacle_to_invoice(order),
        needs_recipient=is_full(order.total),
        is_outdated=outdated_invoices().filter(order=order_id).exists(),
        recipient=Recipient(newest.recipient_name, newest.recipient_address, newest.recipient_vat_number)
        if newest
        else Recipient(),
    )


def get_invoice(order_id: int, invoice_id: int) -> Invoice:
    """A document of the order with all that its paper shows. Raises NotFound for another order's."""
    rows = _documents().prefetch_related("lines", "order__bookings")
    invoice = rows.filter(order=order_id, pk=invoice_id).first()
    if invoice is None:
        raise NotFound(_("This tax invoice belongs to another booking."))
    return invoice


def _documents() -> QuerySet[Invoice]:
    return Invoice.objects.select_related("series", "corrects__series", "order").order_by("pk")


def _issued(invoice: Invoice) -> IssuedInvoice:
    return IssuedInvoice(
        id=invoice.pk,
        number=invoice.full_number,
        is_credit_note=invoice.is_credit_note,
        corrects=invoice.corrects.full_number if invoice.corrects else "",
        total=abs(invoice.total),
        issued_at=invoice.issued_at,
    )
