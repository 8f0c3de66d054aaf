"""The fares of a route, which go into the draft."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.errors import Refusal
from bookings.domain.network.typed_stops import stops_by_id
from bookings.domain.timetable.drafts.editing import Edit, find_change, sheet_of
from bookings.domain.timetable.drafts.overview import (
    draft_items,
    find_route_sheet,
    last_service,
    other_routes,
    route_name,
)
from bookings.domain.timetable.drafts.published import fares_on, find_fare_sheet
from bookings.domain.timetable.drafts.sheets import CallSheet, FareSheet, Pair
from bookings.models import TimetableDraft
from bookings.office.access import StaffRequest, staff
from bookings.office.drafting import own_draft, row_or_404, save_to_draft, seen_step
from bookings.office.forms.fares import (
    Amounts,
    FaresForm,
    FillForm,
    as_posted,
    copied_amounts,
    day_of,
    sold_pairs,
)
from bookings.office.forms.timetable import tomorrow
from bookings.office.policy import may
from bookings.office.presenters.fares import fare_triangle
from bookings.office.presenters.timetable import draft_rows
from bookings.web.refusals import add_refusal

_FILLS = ("km", "percent", "copy")


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def route(request: StaffRequest, row: str) -> HttpResponse:
    row = row_or_404(row)
    draft = own_draft(request)
    sheet = find_route_sheet(row, draft, since=tomorrow())
    if sheet is None:
        raise Http404
    change = find_change(draft, f"fares:{row}")
    typed = sheet_of(change)
    begun = typed if isinstance(typed, FareSheet) else None
    names = _names(sheet.calls)
    pairs = {pair: f"{names[pair[0]]} – {names[pair[1]]}" for pair in sold_pairs(sheet.calls)}
    since = begun.since if begun else tomorrow()
    amounts = _amounts(row, begun, since)
    initial = {"since": since, "until": begun.until if begun else None}
    fill = FillForm(request.POST if request.POST.get("action") in _FILLS else None)
    data: Any = request.POST if request.method == "POST" else None
    form = FaresForm(data, initial=initial, pairs=pairs, amounts=amounts)
    status = 200
    if fill.is_bound:
        form.is_valid()
        if fill.is_valid():
            other = _other_fares(request, sheet.calls, draft)
            filled = fill.filled(request.POST["action"], form.amounts(), sheet.calls, other)
            posted = data.dict() | as_posted(filled, pairs)
            form = FaresForm(posted, initial=initial, pairs=pairs, amounts=amounts)
    elif form.is_valid():
        published = _published(row, day_of(form, since))
        subject = f"fares:{row}"
        base = None if change or not row.isdecimal() else find_fare_sheet(row, since=day_of(form, since))
        edit = Edit("fares", subject, form.sheet(row, published), seen=seen_step(request), base=base)
        try:
            saved = save_to_draft(request, draft, edit)
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            messages.success(request, _("The fares are in the draft."))
            return redirect("office:draft", saved.draft_id)
    if form.errors or fill.errors:
        status = 422
    before = last_service(row, draft)
    context = {
        "row": row,
        "route_name": route_name(sheet),
        "form": form,
        "fill": fill,
        "triangle": fare_triangle(form, sheet.calls, names, before.price if before else Decimal(0)),
        "stops": names[1:],
        "routes": other_routes(sheet.line_code, row),
        "seen": change.number if change else 0,
        "draft": draft,
        "draft_rows": draft_rows(draft_items(draft)),
        "may_change": may(request.user.role, "fares_route", "POST"),
    }
    return render(request, "office/timetable/fares.html", context, status=status)


def _names(calls: Sequence[CallSheet]) -> list[str]:
    stops = stops_by_id(call.stop for call in calls)
    return [stops[call.stop].city.name if call.stop in stops else "" for call in calls]


def _published(row: str, day: Any) -> dict[Pair, Decimal | None]:
    return fares_on(int(row), day) if row.isdecimal() else {}


def _amounts(row: str, begun: FareSheet | None, since: Any) -> dict[Pair, Decimal | None]:
    """As they are published, and over that what the draft has."""
    amounts = _published(row, since)
    if begun:
        amounts = {pair: amount for pair, amount in amounts.items() if pair not in begun.by_distance}
        amounts |= begun.amounts
    return amounts


def _other_fares(request: StaffRequest, calls: Sequence[CallSheet], draft: TimetableDraft | None) -> Amounts:
    other = request.POST.get("like", "")
    if request.POST.get("action") != "copy" or not other:
        return {}
    sheet = find_route_sheet(row_or_404(other), draft, since=tomorrow())
    return copied_amounts(calls, sheet.calls, _published(other, tomorrow())) if sheet else {}
