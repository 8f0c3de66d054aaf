"""A service of a route, or one extra departure, which go into the draft."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.base.phones import HOME
from bookings.domain.network.typed_stops import stops_by_id
from bookings.domain.timetable.drafts.editing import Edit, find_change, sheet_of
from bookings.domain.timetable.drafts.overview import (
    draft_items,
    find_route_sheet,
    find_service_sheet,
    last_service,
    route_name,
)
from bookings.domain.timetable.drafts.sheets import DepartureSheet, RouteSheet, ServiceSheet, next_season
from bookings.office.access import StaffRequest, staff
from bookings.office.drafting import new_row, own_draft, row_or_404, save_to_draft, seen_step
from bookings.office.forms.timetable import DepartureForm, ServiceForm, tomorrow
from bookings.office.policy import may
from bookings.office.presenters.timetable import draft_rows
from bookings.web.refusals import add_refusal


@staff
@require_safe
def new_service(request: StaffRequest, row: str) -> HttpResponse:
    """`?copy=12` is like that service in the next season."""
    answer = _redirect_to_new("office:timetable_service", row_or_404(row))
    if request.GET.get("copy"):
        answer["Location"] += f"&copy={row_or_404(request.GET['copy'])}"
    return answer


@staff
@require_safe
def new_departure(request: StaffRequest, row: str) -> HttpResponse:
    return _redirect_to_new("office:timetable_departure", row_or_404(row))


def _redirect_to_new(name: str, route: str) -> HttpResponse:
    """An address of its own for what is new, so that saving it twice makes one."""
    answer = redirect(name, new_row())
    answer["Location"] += f"?route={route}"
    return answer


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def service(request: StaffRequest, row: str) -> HttpResponse:
    row = row_or_404(row)
    draft, is_new = own_draft(request), row.startswith("new-")
    change = find_change(draft, f"service:{row}")
    begun = find_service_sheet(row, draft, since=tomorrow())
    if begun is None and not is_new:
        raise Http404
    route, route_sheet = _route(request, begun.route if begun else "")
    initial = ServiceForm.initial_of(begun) if begun else _like_before(route, route_sheet, request)
    plans = may(request.user.role, "timetable_route", "POST")
    if is_new and request.method == "POST" and not plans:
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    form = ServiceForm(data, initial=initial, is_new=is_new, only_days=not plans)
    if form.is_valid() and request.POST.get("action") == "holidays":
        days = form.with_holidays(_country(route_sheet))
        form = ServiceForm(request.POST.dict() | days, initial=initial, is_new=is_new)
    elif form.is_valid():
        typed = form.sheet(route)
        base = None if change or is_new else find_service_sheet(row, None, since=typed.since)
        edit = Edit("service", f"service:{row}", typed, seen=seen_step(request), base=base)
        answer = _save(request, form, edit, _("The service is in the draft."))
        if answer:
            return answer
    context = {
        "title": _("New service") if is_new else _("Service"),
        "copy": "" if is_new or not plans else row,
        "route": route,
        "route_name": route_name(route_sheet),
        "form": form,
        "seen": change.number if change else 0,
        "may_change": may(request.user.role, "timetable_service", "POST"),
    }
    return _page(request, context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def departure(request: StaffRequest, row: str) -> HttpResponse:
    """One extra departure of a route."""
    row = row_or_404(row)
    draft = own_draft(request)
    change = find_change(draft, f"departure:{row}")
    begun = sheet_of(change)
    if not row.startswith("new-"):
        raise Http404
    known = begun if isinstance(begun, DepartureSheet) else None
    route, route_sheet = _route(request, known.route if known else "")
    initial = DepartureForm.initial_of(known) if known else _like_before(route, route_sheet, request)
    form = DepartureForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        edit = Edit("departure", f"departure:{row}", form.sheet(route), seen=seen_step(request))
        answer = _save(request, form, edit, _("The extra departure is in the draft."))
        if answer:
            return answer
    context = {
        "title": _("Extra departure"),
        "route": route,
        "route_name": route_name(route_sheet),
        "form": form,
        "seen": change.number if change else 0,
        "may_change": may(request.user.role, "timetable_departure", "POST"),
    }
    return _page(request, context)


def _country(sheet: RouteSheet) -> str:
    """Of the first stop; South Africa where it does not say."""
    stops = stops_by_id([sheet.calls[0].stop])
    return next((stop.city.country for stop in stops.values()), "") or HOME


def _route(request: StaffRequest, known: str) -> tuple[str, RouteSheet]:
    """The route of the service, as the draft or the address names it. Raises Http404."""
    row = row_or_404(known or request.POST.get("route") or request.GET.get("route") or "")
    sheet = find_route_sheet(row, own_draft(request), since=tomorrow())
    if sheet is None:
        raise Http404
    return row, sheet


def _like_before(route: str, sheet: RouteSheet, request: StaffRequest) -> dict[str, Any]:
    before: ServiceSheet | None = last_service(route, own_draft(request))
    like = request.GET.get("copy", "")
    other = find_service_sheet(like, own_draft(request), since=tomorrow()) if like else None
    if other:
        return ServiceForm.initial_of(next_season(other))
    values = {"departs": sheet.clock, "weekdays": "daily"}
    return values | ({"layout": before.layout, "price": before.price} if before else {})


def _save(request: StaffRequest, form: Any, edit: Edit, text: str) -> HttpResponse | None:
    """None if the form is to be shown again."""
    try:
        change = save_to_draft(request, own_draft(request), edit)
    except Refusal as refusal:
        add_refusal(form, None, refusal)
        return None
    messages.success(request, text)
    return redirect("office:draft", change.draft_id)


def _page(request: StaffRequest, context: dict[str, Any]) -> HttpResponse:
    draft, form = own_draft(request), context["form"]
    context |= {"draft": draft, "draft_rows": draft_rows(draft_items(draft))}
    return render(request, "office/timetable/service.html", context, status=422 if form.errors else 200)
