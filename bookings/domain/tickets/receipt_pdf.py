"""A receipt as a PDF, laid out by receipt.typ: on A4, or on the 80 mm roll of a thermal printer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from bookings.domain.tickets.receipt_text import ReceiptText, TextRow, receipt_text
from bookings.domain.tickets.receipts import ReceiptView
from bookings.domain.tickets.typesetting import make_pdf, printable


def receipt_pdf(view: ReceiptView, *, is_thermal: bool = False) -> bytes:
    return text_pdf(receipt_text(view), view.number, created=view.at, is_thermal=is_thermal)


def text_pdf(text: ReceiptText, number: str, *, created: datetime, is_thermal: bool = False) -> bytes:
    """The PDF of whatever is told as a receipt is."""
    data = {
        "title": _("%(company)s: %(title)s %(number)s")
        % {"company": printable(text.name), "title": text.title.lower(), "number": number},
        "is_thermal": is_thermal,
        "heading": text.title,
        "copy": text.copy,
        "name": printable(text.name),
        "company": [printable(line) for line in text.company],
        "facts": [[label, printable(value)] for label, value in text.facts],
        "lines": [_row(row) for row in text.lines],
        "total": _row(text.total),
        "money": [_row(row) for row in text.money],
        "notes": [printable(note) for note in text.notes],
    }
    return make_pdf("receipt.typ", data, created=created)


def _row(row: TextRow) -> dict[str, Any]:
    return {"label": printable(row.label), "detail": printable(row.detail or " "), "amount": row.amount}
