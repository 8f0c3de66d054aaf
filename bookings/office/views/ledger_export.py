"""The ledger for the company's accounts, by period."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.base.money import ZERO, format_zar
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.ledger_export import AccountSum, account_sums, journal_lines
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.reconciliation import ExportPeriod
from bookings.office.presenters.ledger_export import xero_rows
from bookings.office.presenters.spreadsheet import csv_lines


@staff
@require_safe
def ledger_export(request: StaffRequest) -> HttpResponseBase:
    """The accounts of a period with their sums; with `?file=csv` the manual journals that Xero takes in."""
    form = ExportPeriod(request.GET or ExportPeriod.last_month(business_day(timezone.now())))
    if not form.is_valid():
        return render(request, "office/reconciliation/export.html", {"form": form}, status=422)
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    lines = journal_lines(first, last)
    if request.GET.get("file") == "csv":
        answer = StreamingHttpResponse(csv_lines(xero_rows(lines)), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="ledger-{first}-{last}.csv"'
        return answer
    return _shown(request, form, account_sums(lines))


def _shown(request: StaffRequest, form: ExportPeriod, sums: list[AccountSum]) -> HttpResponse:
    rows = [
        {
            "code": row.code,
            "name": row.name,
            "debit": format_zar(row.debit) if row.debit else "",
            "credit": format_zar(row.credit) if row.credit else "",
        }
        for row in sums
    ]
    context = {
        "form": form,
        "rows": rows,
        "debit": format_zar(sum((row.debit for row in sums), ZERO)),
        "credit": format_zar(sum((row.credit for row in sums), ZERO)),
    }
    return render(request, "office/reconciliation/export.html", context)
