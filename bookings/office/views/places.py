"""Stops and cities of the timetable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.base.text import clean_text
from bookings.domain.network.audit import latest_changes
from bookings.domain.network.editing import add_stop, change_city, change_stop, get_city, get_stop, list_stops
from bookings.domain.network.lists import cities
from bookings.models import Stop
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
from bookings.web.paging import filtered_links
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
        "links": filtered_links(page.number, pager.num_pages, {"q": text}),
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
    about = {"title": str(row), "code": row.code, "city": row.city}
    form = StopDetailsForm(_posted(request), instance=row)
    return _change(request, form, change_stop, done=_("The stop is changed."), **about)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def city(request: StaffRequest, city_id: int) -> HttpResponse:
    row = get_city(city_id)
    about = {"title": row.name, "code": row.slug}
    form = CityForm(_posted(request), instance=row)
    return _change(request, form, change_city, done=_("The city is changed."), **about)


def _posted(request: StaffRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _change(
    request: StaffRequest,
    form: StopDetailsForm | CityForm,
    change: Callable[..., None],
    *,
    done: str,
    **about: object,
) -> HttpResponse:
    """The page of a stop or city, with its other names, or what `change` makes of what was posted."""
    row = form.instance
    names = OtherNameFormSet(_posted(request), initial=name_rows(row), prefix="names")
    if form.is_valid() and names.is_valid():
        try:
            change(row.pk, form.cleaned_data, other_names(names), actor=request.user)
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            messages.success(request, done)
            return redirect("office:timetable_stops")
    kind = "stop" if isinstance(row, Stop) else "city"
    context = {
        **about,
        "form": form,
        "names": names,
        "history": latest_changes(f"{kind}:{row.pk}"),
        "may_change": may(request.user.role, f"timetable_{kind}", "POST"),
    }
    return _page(request, context)


def _page(request: StaffRequest, context: dict[str, Any]) -> HttpResponse:
    names = context.get("names")
    has_errors = context["form"].errors or (names is not None and names.is_bound and not names.is_valid())
    return render(request, "office/timetable/place.html", context, status=422 if has_errors else 200)
