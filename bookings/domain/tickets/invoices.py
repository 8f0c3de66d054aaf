"""Tax invoices of orders, and the credit notes that correct them: the only writer of either.

An order has one standing invoice at most, over its lines as they were. When lines come after it, a credit
note takes it back whole and a new invoice says what is sold now: each night, and at once when one is asked
for.
Numbers are gapless in each series (`InvoiceSeries`), as each is given with its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.compiled import insert_rows
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.details import get_company
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import write_message
from bookings.domain.tickets.invoice_lines import invoice_lines
from bookings.models import (
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    Order,
    OrderLine,
    OutboxMessage,
    SaleStatus,
)

_PAID: Final = (SaleStatus.CONFIRMED, SaleStatus.CANCELLED)  # what is left of a cancelled one are fees
_SERIES: Final = {
    Invoice.Kind.CREDIT_NOTE: InvoiceSeries.CREDIT_NOTES,
    Invoice.Kind.INVOICE: InvoiceSeries.INVOICES,
}


@dataclass(frozen=True)
class Recipient:
    """To whom an invoice is made out, as they gave it; all empty on an abridged one."""

    name: str = ""
    address: str = ""
    vat_number: str = ""


def obstacle_to_invoice(order: Order) -> str:
    """Why an order can have no tax invoice now, in words for its buyer; empty if it can."""
    if not get_company().vat_number:
        return _("We are not registered for VAT, so we issue no tax invoices. The receipt is your proof.")
    if order.status not in _PAID:
        return _("There is a tax invoice once the booking is paid.")
    if order.total <= company_settings.tax_invoice_over:
        return _("There is no tax invoice for amounts up to %(amount)s. The receipt is your proof.") % {
            "amount": format_zar(company_settings.tax_invoice_over)
        }
    return ""


def is_full(total: Decimal) -> bool:
    """Whether an invoice of so many rand has to name its recipient."""
    return total > company_settings.full_tax_invoice_over


def standing_invoices() -> QuerySet[Invoice]:
    """Invoices that no credit note takes back."""
    return Invoice.objects.filter(kind=Invoice.Kind.INVOICE, credit_note=None)


def outdated_invoices() -> QuerySet[Invoice]:
    """Standing invoices of orders that got lines since."""
    later = OrderLine.objects.filter(order=OuterRef("order"), pk__gt=OuterRef("through_line"))
    return standing_invoices().filter(Exists(later))


def request_invoice(
    order_id: int, recipient: Recipient, *, submission: str, now: datetime | None = None
) -> None:
    """Issue the tax invoice of an order and mail it, once per `submission`; one of before that says something
    else is taken back by a credit note.

    All or nothing; locks the order, then the series. Raises Refusal where there can be none or its recipient
    is missing, Conflict if there is the same already.
    """
    run_once(
        "invoice",
        submission,
        f"{order_id} {recipient}",
        action=lambda: _request(order_id, recipient, now or database_now()),
        now=now or database_now(),
    )


def correct_invoices(*, now: datetime | None = None) -> int:
    """Take back each standing invoice whose order got lines since by a credit note, and issue a new one over
    what is sold now, if there can be one; returns how many. A transaction and the order's lock for each.
    """
    count = 0
    for pk, order_id in list(outdated_invoices().order_by("pk").values_list("pk", "order")):
        with short_transaction():
            order = _lock(order_id)
            before = outdated_invoices().select_related("series").filter(pk=pk).first()
            if before is None:
                continue
            count += 1
            recipient = _recipient_of(before)
            may_follow = not obstacle_to_invoice(order) and not (
                is_full(order.total) and _is_missing(recipient)
            )
            _replace(before, order, recipient if may_follow else None, now or database_now())
    return count


def _request(order_id: int, recipient: Recipient, now: datetime) -> str:
    order = _lock(order_id)
    if obstacle := obstacle_to_invoice(order):
        raise Refusal(obstacle)
    if is_full(order.total) and _is_missing(recipient):
        raise Refusal(
            _("A tax invoice over more than %(amount)s has to name you: enter name and address.")
            % {"amount": format_zar(company_settings.full_tax_invoice_over)}
        )
    before = standing_invoices().select_related("series").filter(order=order).first()
    is_outdated = before is not None and outdated_invoices().filter(pk=before.pk).exists()
    if before and not is_outdated and _recipient_of(before) == recipient:
        raise Conflict(_("There is a tax invoice with these details already."))
    _replace(before, order, recipient, now)
    return str(order.pk)


def _lock(order_id: int) -> Order:
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


def _replace(before: Invoice | None, order: Order, recipient: Recipient | None, now: datetime) -> None:
    """A credit note for the invoice of before, then a new invoice if it is known for whom."""
    with translation.override(order.language):
        new = _new_invoice(order, recipient, now) if recipient else None
    if before:
        _issue(*_credit_note(before, now))
    if new:
        _issue(*new)


def _new_invoice(order: Order, recipient: Recipient, now: datetime) -> tuple[Invoice, list[InvoiceLine]]:
    company, sold = get_company(), list(OrderLine.objects.filter(order=order).order_by("pk"))
    lines = invoice_lines(sold, bookings_of(order))
    invoice = Invoice(
        kind=Invoice.Kind.INVOICE,
        order=order,
        through_line=sold[-1],
        issued_at=now,
        supplier_name=company.legal_name or company.trading_name,
        supplier_address=company.address,
        supplier_vat_number=company.vat_number,
        recipient_name=recipient.name,
        recipient_address=recipient.address,
        recipient_vat_number=recipient.vat_number,
        tax=sum((line.tax for line in lines), ZERO),
        total=sum((line.total for line in lines), ZERO),
    )
    return invoice, lines


def _credit_note(before: Invoice, now: datetime) -> tuple[Invoice, list[InvoiceLine]]:
    """The whole invoice, the other way round."""
    lines = list(before.lines.order_by("pk"))
    for line in lines:
        line.pk, line._state.adding = None, True
        line.value, line.tax, line.total = -line.value, -line.tax, -line.total
    note = Invoice(
        kind=Invoice.Kind.CREDIT_NOTE,
        order_id=before.order_id,
        corrects=before,
        through_line_id=before.through_line_id,
        issued_at=now,
        supplier_name=before.supplier_name,
        supplier_address=before.supplier_address,
        supplier_vat_number=before.supplier_vat_number,
        recipient_name=before.recipient_name,
        recipient_address=before.recipient_address,
        recipient_vat_number=before.recipient_vat_number,
        tax=-before.tax,
        total=-before.total,
    )
    return note, lines


def _issue(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Write a document with the next number of its series, and its mail. The caller holds the order."""
    series = _lock_series(_SERIES[Invoice.Kind(invoice.kind)])
    series.last_number += 1
    InvoiceSeries.objects.filter(pk=series.pk).update(last_number=series.last_number)
    invoice.series, invoice.number = series, series.last_number
    invoice.save(force_insert=True)
    for line in lines:
        line.invoice = invoice
    insert_rows(lines)
    write_message(OutboxMessage.Kind.INVOICE, invoice.order, invoice, now=invoice.issued_at)


def _lock_series(code: str) -> InvoiceSeries:
    """The row of a series, made at its first document."""
    rows = InvoiceSeries.objects.select_for_update(no_key=True).filter(code=code)
    series = rows.first()
    if series is None:
        insert_rows([InvoiceSeries(code=code)], ignore_conflicts=True)
        series = rows.get()
    return series


def _recipient_of(invoice: Invoice) -> Recipient:
    return Recipient(invoice.recipient_name, invoice.recipient_address, invoice.recipient_vat_number)


def _is_missing(recipient: Recipient) -> bool:
    return not (recipient.name and recipient.address)
