"""A tax invoice or credit note in words, in the active language: the same on page, PDF and mail."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.money import format_zar
from bookings.domain.company.details import get_company
from bookings.domain.tickets.receipt_text import ReceiptText, TextRow
from bookings.domain.timetable.trips import local_text
from bookings.models import Invoice, InvoiceLine, OrderLine

_Code = OrderLine.TaxCode


def invoice_text(invoice: Invoice) -> ReceiptText:
    """Of a document as `invoice_page.get_invoice` loads it. A credit note shows what it gives back as
    positive amounts.
    """
    sign = -1 if invoice.is_credit_note else 1
    lines = list(invoice.lines.all())
    return ReceiptText(
        title=_("Credit note") if invoice.is_credit_note else _("Tax invoice"),
        copy="",
        name=invoice.supplier_name,
        company=tuple(_supplier(invoice)),
        facts=tuple(_facts(invoice)),
        lines=tuple(_line(line, sign) for line in lines),
        total=TextRow(
            _("Total credited") if invoice.is_credit_note else _("Total"), format_zar(sign * invoice.total)
        ),
        money=tuple(_sums(invoice, lines, sign)),
        notes=tuple(_notes(lines)),
    )


def _supplier(invoice: Invoice) -> Iterator[str]:
    yield _("VAT number %(number)s") % {"number": invoice.supplier_vat_number}
    if invoice.supplier_address:
        yield ", ".join(invoice.supplier_address.splitlines())


def _facts(invoice: Invoice) -> Iterator[tuple[str, str]]:
    yield _("Number"), invoice.full_number
    if invoice.corrects:
        yield _("Corrects tax invoice"), invoice.corrects.full_number
        yield _("Invoice of"), local_text(invoice.corrects.issued_at)
    yield _("Date"), local_text(invoice.issued_at)
    references = [booking.booking_reference for booking in invoice.order.bookings.all()]
    yield _("Booking"), ", ".join(references)
    if invoice.recipient_name:
        yield _("Recipient"), invoice.recipient_name
    if invoice.recipient_address:
        yield _("Address"), ", ".join(invoice.recipient_address.splitlines())
    if invoice.recipient_vat_number:
        yield _("Recipient’s VAT number"), invoice.recipient_vat_number


def _line(line: InvoiceLine, sign: int) -> TextRow:
    detail = ngettext("%(count)s piece", "%(count)s pieces", line.quantity) % {"count": line.quantity}
    return TextRow(line.description, format_zar(sign * line.total), f"{detail}; {_tax(line, sign)}")


def _tax(line: InvoiceLine, sign: int) -> str:
    if line.tax_code == _Code.EXEMPT:
        return _("exempt from VAT")
    if line.tax_code == _Code.ZERO:
        return _("zero-rated")
    return _("value %(value)s, VAT %(rate)s%% %(tax)s") % {
        "value": format_zar(sign * line.value),
        "rate": _rate(line),
        "tax": format_zar(sign * line.tax),
    }


def _rate(line: InvoiceLine) -> str:
    return f"{line.tax_rate.normalize():f}"


def _sums(invoice: Invoice, lines: list[InvoiceLine], sign: int) -> Iterator[TextRow]:
    """The VAT in the total; none where all of it is exempt, which has no VAT to show."""
    taxed = [line for line in lines if line.tax_code != _Code.EXEMPT]
    if taxed:
        yield TextRow(_("Value without VAT"), format_zar(sign * (invoice.total - invoice.tax)))
        yield TextRow(_("VAT in the total"), format_zar(sign * invoice.tax))


def _notes(lines: list[InvoiceLine]) -> Iterator[str]:
    if any(line.tax_code == _Code.EXEMPT for line in lines):
        yield _("Transport of passengers by road is exempt from VAT; no VAT is charged on it.")
    if any(line.tax_code == _Code.ZERO for line in lines):
        yield _("Transport across a border is zero-rated.")
    if get_company().is_invented:
        yield _("A demonstration: this company is invented, and this proves no payment.")
