"""Coaches and seat layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.base.text import clean_text
from bookings.domain.fleet.coaches import add_coach, change_coach, get_coach, list_coaches
from bookings.domain.fleet.layouts import LayoutSheet, add_layout, change_layout, get_layout, list_layouts
from bookings.domain.inventory.seat_plans import LabelRule
from bookings.domain.network.audit import latest_changes
from bookings.models import Bus, SeatLayout
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.fleet import (
    CoachForm,
    DaysOutFormSet,
    LayoutForm,
    coach_values,
    days_out_rows,
    layout_values,
)
from bookings.office.policy import may
from bookings.office.presenters.fleet import LETTERS, Preview, coach_rows, preview
from bookings.web.paging import filtered_links
from bookings.web.refusals import add_refusal

_ROWS: Final = 60
_EXAMPLE: Final = "\n".join(["w...d", *["ss.ss"] * 9])
_FORM = require_http_methods(["GET", "HEAD", "POST"])


@staff
@require_safe
def coaches(request: StaffRequest) -> HttpResponse:
    text = clean_text(request.GET.get("q", ""))[:60]
    pager = Paginator(list_coaches(text), _ROWS)
    page = pager.get_page(read_int(request.GET.get("page", ""), default=1, most=99_999))
    context = {
        "coaches": coach_rows(page.object_list, timezone.localdate()),
        "q": text,
        "page": page,
        "links": filtered_links(page.number, pager.num_pages, {"q": text}),
        "may_change": may(request.user.role, "fleet_coach", "POST"),
    }
    return render(request, "office/fleet/coaches.html", context)


@staff
@_FORM
def new_coach(request: StaffRequest) -> HttpResponse:
    """One coach after the other: saved, the next one begins with the same layout."""
    layout = read_int(request.GET.get("layout", ""), default=0, most=10**9)
    return _coach_page(
        request,
        {"title": _("New coach")},
        initial={"layout": layout or None},
        days_out=[],
        write=lambda sheet: add_coach(sheet, actor=request.user),
    )


@staff
@_FORM
def coach(request: StaffRequest, coach_id: int) -> HttpResponse:
    row = get_coach(coach_id)
    return _coach_page(
        request,
        {"title": row.bus_number, "code": row.registration, "coach": row},
        initial=coach_values(row),
        days_out=days_out_rows(row),
        write=lambda sheet: change_coach(coach_id, sheet, actor=request.user),
    )


def _coach_page(
    request: StaffRequest,
    context: dict[str, Any],
    *,
    initial: dict[str, Any],
    days_out: list[dict[str, Any]],
    write: Callable[..., Bus],
) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = CoachForm(data, initial=initial)
    rows = DaysOutFormSet(data, initial=days_out, prefix="days")
    if data is not None and form.is_valid() and rows.is_valid():
        try:
            saved = write(form.sheet(rows))
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            messages.success(request, _("Coach %(coach)s is saved.") % {"coach": saved.bus_number})
            return redirect("office:fleet")
    is_wrong = data is not None
    row = context.get("coach")
    context |= {
        "form": form,
        "days": rows,
        "has_layouts": SeatLayout.objects.exists(),
        "history": latest_changes(f"coach:{row.pk}") if row else [],
        "may_change": may(request.user.role, "fleet_coach", "POST"),
    }
    return render(request, "office/fleet/coach.html", context, status=422 if is_wrong else 200)


@staff
@require_safe
def layouts(request: StaffRequest) -> HttpResponse:
    text = clean_text(request.GET.get("q", ""))[:60]
    pager = Paginator(list_layouts(text), _ROWS)
    page = pager.get_page(read_int(request.GET.get("page", ""), default=1, most=99_999))
    context = {
        "layouts": page,
        "q": text,
        "links": filtered_links(page.number, pager.num_pages, {"q": text}),
        "may_change": may(request.user.role, "fleet_layout", "POST"),
    }
    return render(request, "office/fleet/layouts.html", context)


@staff
@_FORM
def new_layout(request: StaffRequest) -> HttpResponse:
    """An empty drawing, or a copy of another layout."""
    original = read_int(request.GET.get("copy", ""), default=0, most=10**9)
    values = layout_values(get_layout(original)) if original else {"lower": _EXAMPLE}
    if original:
        values["name"] = _("Copy of %(name)s") % {"name": values["name"]}
    return _layout_page(
        request,
        {"title": _("New layout")},
        values,
        lambda sheet, submission: add_layout(sheet, actor=request.user, submission=submission),
    )


@staff
@_FORM
def layout(request: StaffRequest, layout_id: int) -> HttpResponse:
    row = get_layout(layout_id)
    return _layout_page(
        request,
        {"title": row.name, "code": row.code, "layout": row},
        layout_values(row),
        lambda sheet, submission: change_layout(layout_id, sheet, actor=request.user, submission=submission),
    )


def _layout_page(
    request: StaffRequest,
    context: dict[str, Any],
    values: dict[str, Any],
    write: Callable[[LayoutSheet, str], SeatLayout],
) -> HttpResponse:
    """The editor with its preview, or what `write` makes of what was posted; "preview" only draws."""
    values = {"rule": LabelRule.ROWS, "submission": random_token()} | values
    form = LayoutForm(request.POST) if request.method == "POST" else LayoutForm(initial=values)
    row = context.get("layout")
    if form.is_valid() and "preview" not in request.POST:
        try:
            saved = write(form.sheet(), form.cleaned_data["submission"])
        except Refusal as refusal:
            add_refusal(form, "lower", refusal)
        else:
            _tell_saved(request, row, saved)
            return redirect("office:fleet_layouts")
    drawing = preview((form if form.is_bound else LayoutForm(values)).sheet())
    status = 422 if form.errors else 200
    context |= {
        "form": _with_labels(form, drawing) if form.is_bound else form,
        "preview": drawing,
        "letters": LETTERS,
        "history": latest_changes(f"layout:{row.pk}") if row else [],
        "may_change": may(request.user.role, "fleet_layout", "POST"),
        "may_copy": row is not None and may(request.user.role, "fleet_layout_new", "POST"),
    }
    return render(request, "office/fleet/layout.html", context, status=status)


def _with_labels(form: LayoutForm, drawing: Preview) -> LayoutForm:
    """The form with the labels that its rule gives, so that they can be changed."""
    if form.data.get("rule") != LabelRule.OWN and not drawing.problem:
        typed = {name: form[name].data for name in form.fields}
        form.data = typed | {"labels": drawing.labels}
    return form


def _tell_saved(request: StaffRequest, row: SeatLayout | None, saved: SeatLayout) -> None:
    if row is not None and saved.pk != row.pk:
        text = _(
            "Departures run on “%(old)s”, so it stays as it is. The new drawing is the layout “%(new)s”: "
            "choose it for coaches and services."
        )
        messages.success(request, text % {"old": row.name, "new": saved.name})
    else:
        messages.success(request, _("The layout “%(name)s” is saved.") % {"name": saved.name})


@staff
@require_POST
def layout_preview(request: StaffRequest) -> HttpResponse:
    """What the editor has, drawn: while it is typed. With the labels, unless they are typed, too."""
    form = LayoutForm(request.POST)
    drawing = preview(form.sheet())
    form = _with_labels(form, drawing)
    form.fields["labels"].widget.attrs["hx-swap-oob"] = "true"
    context = {"preview": drawing, "form": form, "gives_labels": form.data.get("rule") != LabelRule.OWN}
    return render(request, "office/fleet/_preview.html", context)
