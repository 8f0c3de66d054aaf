"""A partner's statement as a PDF, laid out by tickets/statement.typ."""

from __future__ import annotations

from datetime import datetime, time

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain.company.details import get_company
from bookings.domain.partners.statement_text import statement_text
from bookings.domain.partners.statements import PartnerStatement
from bookings.domain.tickets.typesetting import make_pdf, printable


def statement_pdf(statement: PartnerStatement) -> bytes:
    """The same bytes for the same statement."""
    text, company = statement_text(statement), get_company()
    head = [company.legal_name, *company.address.splitlines(), company.email]
    data = {
        "title": f"{printable(company.trading_name)}: {text.title}",
        "name": printable(company.trading_name),
        "company": [printable(line) for line in head if line.strip()],
        "heading": text.title,
        "partner": printable(statement.partner.name),
        "period": text.period,
        "sums": [list(row) for row in text.sums],
        "closing": [text.balance_label, text.closing],
        "notes": list(text.notes),
        "ageing-heading": _("Owed since"),
        "ageing": [list(row) for row in text.ageing],
        "days-heading": _("Day by day"),
        "days": [list(row) for row in text.days],
    }
    created = datetime.combine(statement.until, time.min, tzinfo=timezone.get_default_timezone())
    return make_pdf("statement.typ", data, created=created)
