"""A relief coach, and putting a planned departure on sale."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.operations.relief import add_relief, open_sale
from bookings.domain.timetable.stale import describe
from bookings.models import Schedule, SeatLayout
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.fields import SubmissionField
from bookings.web.refusals import add_refusal


class ReliefForm(forms.Form):
    layout = forms.ModelChoiceField(
        label=gettext_lazy("Seat layout"), queryset=SeatLayout.objects.all(), empty_label=None
    )
    submission = SubmissionField()


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def relief(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """The button has the focus: one key opens the page, Enter puts the coach on."""
    original = get_object_or_404(Schedule.objects.select_related("route"), pk=schedule_id)
    initial = {"layout": original.layout_id, "submission": random_token()}
    form = ReliefForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        data = form.cleaned_data
        try:
            coach = add_relief(schedule_id, data["layout"], actor=request.user, submission=data["submission"])
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            text = _("Coach %(coach)d is planned. It is not on sale yet.") % {"coach": coach.coach}
            messages.success(request, text)
            return redirect("office:departure_seats", coach.pk)
    context = {"form": form, "original": original, "title": describe(original)}
    return render(request, "office/departures/relief.html", context, status=422 if form.errors else 200)


@staff
@require_POST
def put_on_sale(request: StaffRequest, schedule_id: int) -> HttpResponse:
    try:
        open_sale(schedule_id, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The departure is on sale."))
    return redirect("office:departure_seats", schedule_id)
