"""What gateways, the card terminal and the bank tell of money, beside our books."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import queue
from bookings.base.errors import Refusal
from bookings.base.params import read_day, read_int
from bookings.domain.reconciliation.day_page import StatementPage, statement_page
from bookings.domain.reconciliation.files import read_file
from bookings.domain.reconciliation.overview import overview
from bookings.domain.reconciliation.postings import TENDERS
from bookings.domain.reconciliation.uploads import keep_file
from bookings.domain.reconciliation.write_offs import write_offs_of
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.reconciliation import StatementUpload
from bookings.office.policy import may
from bookings.office.presenters.reconciliation import (
    balance_figures,
    day_rows,
    gateway_text,
    heading_rows,
    mistake_texts,
    page_figures,
    read_text,
    statement_csv,
    statement_rows,
    upload_text,
)
from bookings.office.presenters.spreadsheet import csv_lines
from bookings.web.paging import filtered_links
from bookings.web.refusals import counted

_LINES: Final = 100


@staff
@require_safe
def reconciliation(request: StaffRequest) -> HttpResponse:
    """The days that were read, and what lies with each gateway."""
    summary = overview(page=_page_number(request), now=timezone.now())
    context = {
        "rows": list(day_rows(summary)),
        "balances": balance_figures(summary),
        "links": filtered_links(summary.page, summary.pages, {}),
        "may_read": may(request.user.role, "reconciliation_read", "POST"),
        "may_upload": may(request.user.role, "statement_upload", "POST"),
    }
    return render(request, "office/reconciliation/days.html", context)


@staff
@require_safe
def reconciliation_day(request: StaffRequest, gateway: str, day: str) -> HttpResponse:
    """One business day: each line of theirs and ours, what differs first; `?only=open` has nothing else."""
    page = statement_page(gateway, day_or_404(day), now=timezone.now())
    only_open = request.GET.get("only") == "open"
    lines = [line for line in page.lines if line.is_open or not only_open]
    pager = Paginator(lines, _LINES)
    shown = pager.get_page(_page_number(request))
    context = {
        "page": page,
        "gateway": gateway_text(gateway),
        "figures": page_figures(page),
        "read": read_text(page, now=timezone.now()),
        "rows": list(statement_rows(list(shown))),
        "only_open": only_open,
        "write_offs": write_offs_of(gateway, page.day),
        "may_write_off": may(request.user.role, "write_off", "POST"),
        "links": filtered_links(shown.number, pager.num_pages, {"only": "open" if only_open else ""}),
        "may_read": gateway not in TENDERS and may(request.user.role, "reconciliation_read", "POST"),
    }
    return render(request, "office/reconciliation/day.html", context)


@staff
@require_safe
def reconciliation_csv(request: StaffRequest, gateway: str, day: str) -> StreamingHttpResponse:
    page: StatementPage = statement_page(gateway, day_or_404(day), now=timezone.now())
    answer = StreamingHttpResponse(csv_lines(statement_csv(page)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{gateway}-{page.day.isoformat()}.csv"'
    return answer


@staff
@require_POST
def reconciliation_read(request: StaffRequest) -> HttpResponse:
    """Have the statements read in the queue: a gateway may take its time."""
    day = read_day(request.POST.get("day", ""))
    if day:
        queue.enqueue("reconcile_day", day.isoformat())
    else:
        queue.enqueue("reconcile_last_days")
    messages.success(request, _("The statements are being read. Look again in a minute."))
    gateway = request.POST.get("gateway", "")
    if day and gateway.isidentifier():
        return redirect("office:reconciliation_day", gateway, day.isoformat())
    return redirect("office:reconciliation")


@staff
@sensitive_post_parameters("approver_password", "approver_code")
@require_http_methods(["GET", "HEAD", "POST"])
def statement_upload(request: StaffRequest) -> HttpResponse:
    """The card terminal's settlement, or the bank's list. A file with a mistake is refused as a whole, and
    its lines stay in the form. A second person signs it.
    """
    if request.method != "POST":
        return _upload_page(request, StatementUpload())
    form = StatementUpload(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=422)
    tender, now = form.cleaned_data["tender"], timezone.now()
    file = read_file(tender, form.cleaned_data["lines"], now=now)
    if file.mistakes:
        form.keep_lines()
        return _upload_page(request, form, mistakes=mistake_texts(file.mistakes), status=422)
    try:
        approval = form.approval_for(request, _("upload"))
        result = keep_file(tender, file, approval, by=request.user, now=now)
    except Refusal as refusal:
        form.keep_lines()
        form.note_refusal(refusal)
        return _upload_page(request, form, refusal=refusal, status=refusal.status)
    messages.success(request, upload_text(result))
    if len(result.days) == 1:
        return redirect("office:reconciliation_day", tender, result.days[0].isoformat())
    return redirect("office:reconciliation")


def _upload_page(
    request: StaffRequest,
    form: StatementUpload,
    *,
    mistakes: Sequence[str] = (),
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "mistakes": mistakes, "headings": heading_rows(), "refusal": counted(refusal)}
    return render(request, "office/reconciliation/upload.html", context, status=status)


def day_or_404(text: str) -> date:
    day = read_day(text)
    if day is None or day.isoformat() != text:
        raise Http404
    return day


def _page_number(request: StaffRequest) -> int:
    return read_int(request.GET.get("page", ""), default=1, most=99_999)
