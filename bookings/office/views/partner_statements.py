"""A month of a partner's account: its page, its PDF, and each line of it for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.base.errors import NotFound
from bookings.base.params import read_day
from bookings.domain.partners.partners import get_partner
from bookings.domain.partners.statement_pdf import statement_pdf
from bookings.domain.partners.statement_text import statement_text
from bookings.domain.partners.statements import get_statement, months_of, statement_lines
from bookings.domain.timetable.trips import local_text
from bookings.models import Partner
from bookings.office.access import StaffRequest, staff
from bookings.office.presenters.spreadsheet import Cell, csv_lines

_HEAD: Final = ("time", "kind", "booking", "partner_reference", "amount")


@dataclass(frozen=True)
class MonthOption:
    value: str  # 2026-11
    label: str
    is_chosen: bool


@staff
@require_safe
def partner_statement(request: StaffRequest, slug: str) -> HttpResponse:
    partner, now = get_partner(slug), timezone.now()
    month, months = _month(request), months_of(partner, now=now)
    context = {
        "partner": partner,
        "month": f"{month:%Y-%m}",
        "months": [MonthOption(f"{first:%Y-%m}", f"{first:%B %Y}", first == month) for first in months],
        "text": statement_text(get_statement(partner, month, now=now)),
    }
    return render(request, "office/partners/statement.html", context)


@staff
@require_safe
def partner_statement_pdf(request: StaffRequest, slug: str) -> HttpResponse:
    partner, month = get_partner(slug), _month(request)
    pdf = statement_pdf(get_statement(partner, month, now=timezone.now()))
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{_name(partner, month)}.pdf"'
    return response


@staff
@require_safe
def partner_statement_csv(request: StaffRequest, slug: str) -> StreamingHttpResponse:
    partner, month = get_partner(slug), _month(request)
    response = StreamingHttpResponse(csv_lines(_rows(partner, month)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_name(partner, month)}.csv"'
    return response


def _rows(partner: Partner, month: date) -> Iterator[tuple[Cell, ...]]:
    yield _HEAD
    for line in statement_lines(partner, month):
        yield (
            local_text(line.at),
            str(line.kind.label),
            line.reference,
            line.external_reference,
            line.amount,
        )


def _month(request: StaffRequest) -> date:
    """The month written as 2026-11; this one unless it is said. Raises NotFound for what is no month."""
    typed = request.GET.get("month", "")
    if not typed:
        return timezone.localdate().replace(day=1)
    month = read_day(f"{typed}-01") if len(typed) == len("2026-11") else None
    if month is None or month.year < 2000:
        raise NotFound(_("We have no statement for this month."))
    return month


def _name(partner: Partner, month: date) -> str:
    return f"statement-{partner.slug}-{month:%Y-%m}"
