"""A route as a grid of calls, which goes into the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.domain.network.typed_stops import stop_choices
from bookings.domain.timetable.drafts.editing import Edit, find_change, sheet_of
from bookings.domain.timetable.drafts.overview import draft_items, find_route_sheet, list_lines
from bookings.domain.timetable.drafts.sheets import RouteSheet
from bookings.office.access import StaffRequest, staff
from bookings.office.drafting import new_row, own_draft, row_or_404, save_to_draft, seen_step
from bookings.office.forms.call_grid import (
    BaseCallFormSet,
    CallFormSet,
    call_rows,
    read_rows,
    reversed_calls,
    rows_as_text,
)
from bookings.office.forms.timetable import RouteForm, tomorrow
from bookings.office.policy import may
from bookings.office.presenters.timetable import draft_rows
from bookings.web.refusals import add_refusal


@staff
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """An address of its own for the new route, so that saving it twice makes one."""
    answer = redirect("office:timetable_route", new_row())
    if request.META["QUERY_STRING"]:
        answer["Location"] += f"?{request.META['QUERY_STRING']}"
    return answer


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def route(request: StaffRequest, row: str) -> HttpResponse:
    row = row_or_404(row)
    subject, draft = f"route:{row}", own_draft(request)
    change = find_change(draft, subject)
    sheet = _sheet_to_begin_with(request, row)
    form = RouteForm(
        request.POST if request.method == "POST" else None,
        initial=RouteForm.initial_of(sheet) if sheet else {"line_code": request.GET.get("line", "")[:60]},
    )
    rows = call_rows(sheet.calls, sheet.clock) if sheet else []
    seen, status = change.number if change else 0, 200
    if request.method != "POST":
        grid = CallFormSet(initial=rows)
    elif request.POST.get("action") == "fill":
        rows = read_rows(request.POST.get("lines", "")[:20_000])
        grid = CallFormSet(_as_posted(rows))
        status = 200 if grid.is_valid() else 422
    else:
        grid = CallFormSet(request.POST)
        rows = _typed_rows(request, grid)
        calls = cast(BaseCallFormSet, grid).result if grid.is_valid() else None
        if form.is_valid() and calls:
            typed = RouteSheet(calls=calls.calls, clock=calls.clock, **form.cleaned_data)
            base = (
                None if change or row.startswith("new-") else find_route_sheet(row, None, since=typed.since)
            )
            edit = Edit("route", subject, typed, seen=seen_step(request), base=base)
            try:
                save_to_draft(request, draft, edit)
            except Refusal as refusal:
                add_refusal(form, None, refusal)
                status = refusal.status
            else:
                messages.success(request, _("The route is in the draft. Now its services and fares."))
                return redirect("office:timetable_route", row)
        else:
            status = 422
    context = {
        "row": row,
        "is_new": row.startswith("new-"),
        "is_saved": change is not None or not row.startswith("new-"),
        "form": form,
        "grid": grid,
        "text": rows_as_text(rows),
        "seen": seen,
        "stops": stop_choices(),
        "lines": list_lines(),
        "draft": draft,
        "draft_rows": draft_rows(draft_items(draft)),
        "may_change": may(request.user.role, "timetable_route", "POST"),
    }
    return render(request, "office/timetable/route.html", context, status=status)


def _sheet_to_begin_with(request: StaffRequest, row: str) -> RouteSheet | None:
    """Of the draft, as it is published, or like another route. Raises Http404 where there is no such row."""
    draft = own_draft(request)
    sheet = find_route_sheet(row, draft, since=tomorrow())
    if sheet:
        change = sheet_of(find_change(draft, f"route:{row}"))
        return sheet if change else replace(sheet, line_name="")
    if not row.startswith("new-"):
        raise Http404
    like = request.GET.get("copy") or request.GET.get("reverse") or ""
    other = find_route_sheet(like, draft, since=tomorrow()) if like else None
    if other is None:
        return None
    calls = reversed_calls(other.calls) if request.GET.get("reverse") else other.calls
    return replace(other, calls=calls, name="", line_name="")


def _as_posted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """These rows and some blank ones, as the grid would post them."""
    blank: dict[str, Any] = {"may_board": True, "may_alight": True}
    rows = [*rows, blank, blank, blank]
    data: dict[str, Any] = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {f"form-{number}-{name}": value for name, value in row.items() if value}
    return data


def _typed_rows(request: StaffRequest, grid: Any) -> list[dict[str, Any]]:
    """What was typed into the grid, good or not, without the blank rows."""
    names = ("stop", "arrive", "depart", "km", "may_board", "may_alight")
    rows = [{name: form[name].value() for name in names} for form in grid.forms]
    return [row for row in rows if any(row[name] for name in names[:4])]
