"""What would it cost, and why."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from bookings.base.errors import NotFound
from bookings.domain.network.places import Place, get_likely_place
from bookings.domain.network.typed_stops import stop_choices
from bookings.domain.search.price_rules import ruled_departures
from bookings.office.access import StaffRequest, staff
from bookings.office.policy import may
from bookings.office.presenters.price_rules import price_rows
from bookings.web.fields import DayField
from bookings.web.refusals import add_refusal


class PriceQuery(forms.Form):
    start = forms.CharField(
        label=_("From"),
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "stops"}),
    )
    end = forms.CharField(
        label=_("To"), max_length=160, widget=forms.TextInput(attrs={"autocomplete": "off", "list": "stops"})
    )
    day = DayField(label=_("Day"), initial=timezone.localdate)


@staff
@require_safe
def price_rules(request: StaffRequest) -> HttpResponse:
    form = PriceQuery(request.GET if "start" in request.GET else None)
    context: dict[str, object] = {"form": form, "stops": stop_choices()}
    context["may_see_fares"] = may(request.user.role, "fares_route")
    if form.is_valid():
        places: list[Place] = []
        for name in ("start", "end"):
            try:
                places.append(get_likely_place(form.cleaned_data[name]))
            except NotFound as unknown:
                add_refusal(form, name, unknown)
        if len(places) == 2:
            departures = ruled_departures(places[0], places[1], form.cleaned_data["day"])
            context |= {"rows": price_rows(departures), "is_answered": True}
    return render(request, "office/timetable/price_rules.html", context, status=422 if form.errors else 200)
