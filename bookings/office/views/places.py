"""Stops and cities of the timetable."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.base.text import clean_text
from bookings.domain.network.audit import latest_changes
from bookings.domain.network.editing import add_stop, change_city, change_stop, get_city, get_stop, list_stops
from bookings.domain.network.lists import cities
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.places import (
    CityForm,
    NewStopForm,
    OtherNameFormSet,
    StopDetailsForm,
    name_rows,
    other_names,
)
from bookings.office.policy import may
from bookings.web.paging import page_links
from bookings.web.refusals import add_refusal

_STOPS = 60


@staff
@require_safe
def stops(request: StaffRequest) -> HttpResponse:
    text = clean_text(request.GET.get("q", ""))[:60]
    pager = Paginator(list_stops(text), _STOPS)
    page = pager.get_page(read_int(request.GET.get("page", ""), default=1, most=99_999))
    context = {
        "stops": page,
        "q": text,
        "links": page_links(
            page.number, pager.num_pages, lambda number: f"?{urlencode({'q': text, 'page': str(number)})}"
        ),
        "may_change": may(request.user.role, "timetable_stop_new", "POST"),
    }
    return render(request, "office/timetable/stops.html", context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def new_stop(request: StaffRequest) -> HttpResponse:
    """One stop after the other: saved, the next one begins."""
    form = NewStopForm(
        request.POST if request.method == "POST" else None,
        initial={"city": clean_text(request.GET.get("city", ""))[:120]},
    )
    if form.is_valid():
        try:
            stop = add_stop(form.new_stop(), actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "code" if refusal.status == 409 else "city", refusal)
        else:
            text = _("%(stop)s can be used now, as %(code)s.") % {"stop": stop, "code": stop.code}
            messages.success(request, text)
            return redirect("office:timetable_stop_new")
    context = {
        "title": _("New stop"),
        "form": form,
        "cities": cities(),
        "may_change": True,
    }
    return _page(request, context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: StaffRequest, stop_id: int) -> HttpResponse:
    row = get_stop(stop_id)
    data = request.POST if request.method == "POST" else None
    form = StopDetailsForm(data, instance=row)
    names = OtherNameFormSet(data, initial=name_rows(row), prefix="names")
    if form.is_valid() and names.is_valid():
        try:
            change_stop(row.pk, form.cleaned_data, other_names(names), actor=request.user)
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            messages.success(request, _("The stop is changed."))
            return redirect("office:timetable_stops")
    context = {
        "title": str(get_stop(stop_id)),
        "code": row.code,
        "city": row.city,
        "form": form,
        "names": names,
        "history": latest_changes(f"stop:{row.pk}"),
        "may_change": may(request.user.role, "timetable_stop", "POST"),
    }
    return _page(request, context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def city(request: StaffRequest, city_id: int) -> HttpResponse:
    row = get_city(city_id)
    data = request.POST if request.method == "POST" else None
    form = CityForm(data, instance=row)
    names = OtherNameFormSet(data, initial=name_rows(row), prefix="names")
    if form.is_valid() and names.is_valid():
        try:
            change_city(row.pk, form.cleaned_data, other_names(names), actor=request.user)
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            messages.success(request, _("The city is changed."))
            return redirect("office:timetable_stops")
    context = {
        "title": get_city(city_id).name,
        "code": row.slug,
        "form": form,
        "names": names,
        "history": latest_changes(f"city:{row.pk}"),
        "may_change": may(request.user.role, "timetable_city", "POST"),
    }
    return _page(request, context)


def _page(request: StaffRequest, context: dict[str, Any]) -> HttpResponse:
    names = context.get("names")
    has_errors = context["form"].errors or (names is not None and names.is_bound and not names.is_valid())
    return render(request, "office/timetable/place.html", context, status=422 if has_errors else 200)
