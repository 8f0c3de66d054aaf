"""Reports: what was sold, what it brought in, and how full the coaches were."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from bookings.base.dates import full_day_text
from bookings.base.params import read_int
from bookings.database.replica.routing import may_lag
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reports.accounts import accounts_of
from bookings.domain.reports.periods import Preset
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.office.access import StaffRequest, own_branch, staff
from bookings.office.forms.reports import PRESET_WORDS, PeriodForm
from bookings.office.policy import may
from bookings.office.presenters.reports import REPORTS
from bookings.office.presenters.reports.accounts import accounts_tables
from bookings.office.presenters.reports.page import report_page
from bookings.office.presenters.reports.table import Report, ReportContent, ReportQuery, file_rows
from bookings.office.presenters.spreadsheet import csv_lines, xlsx_file
from bookings.web.render import MenuLink, render_page

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@staff
@require_safe
def reports(request: StaffRequest) -> HttpResponse:
    shown = [report for report in REPORTS.values() if _may_see(request, report)]
    page = {"reports": shown, "may_account": may(request.user.role, "accounts")}
    return render(request, "office/reports/reports.html", page)


@staff
@may_lag
@require_safe
def report(request: StaffRequest, slug: str) -> HttpResponse:
    """A chart and a table of the days that are asked for, this week unless said."""
    report, form, cut = _read(request, slug)
    page: dict[str, Any] = {
        "report": report,
        "form": form,
        "cut": cut,
        "cuts": _cuts(request, report, cut),
        "presets": _presets(request, form) if report.has_period else [],
    }
    if not form.is_valid():
        return render(request, "office/reports/report.html", page, status=422)
    content = report.build(_query(request, form, cut))
    number = read_int(request.GET.get("page", ""), default=1, most=9_999)
    page |= {"view": report_page(content, sort=request.GET.get("sort", ""), number=number)}
    return render_page(
        request, "office/reports/report.html", page, fragment="office/reports/_report.html", target="report"
    )


@staff
@may_lag
@require_GET
def report_csv(request: StaffRequest, slug: str) -> HttpResponse:
    content, name = _file(request, slug)
    lines = csv_lines(file_rows(content))
    answer: Any = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


@staff
@may_lag
@require_GET
def report_xlsx(request: StaffRequest, slug: str) -> HttpResponse:
    content, name = _file(request, slug)
    answer = HttpResponse(xlsx_file(file_rows(content)), content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


@staff
@may_lag
@require_safe
def accounts(request: StaffRequest) -> HttpResponse:
    """What was sold beside what the ledger says, to print; last week unless said."""
    typed = request.GET.dict()
    if not ("first" in typed or "last" in typed):
        typed |= PeriodForm.of(Preset.LAST_WEEK, business_day(timezone.now()))
    form = PeriodForm(typed, has_branches=False)
    page: dict[str, Any] = {"form": form, "presets": _presets(request, form)}
    if not form.is_valid():
        return render(request, "office/reports/accounts.html", page, status=422)
    period = form.period
    page |= {"days": f"{full_day_text(period.first)} – {full_day_text(period.last)}"}
    page |= accounts_tables(accounts_of(period))
    return render(request, "office/reports/accounts.html", page)


def _file(request: StaffRequest, slug: str) -> tuple[ReportContent, str]:
    report, form, cut = _read(request, slug)
    if not form.is_valid():
        raise Http404
    content = report.build(_query(request, form, cut))
    days = (form.period.first.isoformat(), form.period.last.isoformat()) if report.has_period else ()
    return content, "-".join(part for part in (slug, cut, *days) if part)


def _read(request: StaffRequest, slug: str) -> tuple[Report, PeriodForm, str]:
    report = REPORTS.get(slug)
    if report is None or not _may_see(request, report):
        raise Http404
    cut = request.GET.get("by", "")
    cut = cut if cut in report.cuts else next(iter(report.cuts), "")
    typed = request.GET.dict()
    if not report.has_period or not ("first" in typed or "last" in typed):
        typed |= PeriodForm.of(Preset.THIS_WEEK, business_day(timezone.now()))
    has_branches = not report.is_of_company and request.user.role in SEES_ALL_BRANCHES
    return report, PeriodForm(typed, has_branches=has_branches), cut


def _may_see(request: StaffRequest, report: Report) -> bool:
    """A supervisor answers for a branch, and sees nothing that cannot be told of it."""
    return request.user.role in SEES_ALL_BRANCHES or not report.is_of_company


def _query(request: StaffRequest, form: PeriodForm, cut: str) -> ReportQuery:
    sees_all = request.user.role in SEES_ALL_BRANCHES
    branch = form.branch_id if sees_all else own_branch(request).pk
    return ReportQuery(form.period, cut, branch, timezone.now())


def _presets(request: StaffRequest, form: PeriodForm) -> list[MenuLink]:
    today = business_day(timezone.now())
    links = []
    for preset, label in PRESET_WORDS.items():
        days = PeriodForm.of(preset, today)
        is_shown = form.is_valid() and form.period == type(form.period)(
            *map(type(today).fromisoformat, days.values())
        )
        links.append(MenuLink(_address(request, **days), str(label), is_shown))
    return links


def _cuts(request: StaffRequest, report: Report, cut: str) -> list[MenuLink]:
    return [
        MenuLink(_address(request, by=name), str(label), name == cut) for name, label in report.cuts.items()
    ]


def _address(request: StaffRequest, **changes: str) -> str:
    """Of this report with something else chosen, from its first page."""
    fixed = {name: request.GET[name] for name in ("by", "first", "last", "branch") if request.GET.get(name)}
    return f"{request.path}?{urlencode(fixed | changes)}"
