"""Which coach drives which departure."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.dates import read_typed_day
from bookings.base.errors import Refusal
from bookings.domain.fleet.board import Candidate, assign_coach, fleet_board, list_candidates
from bookings.domain.timetable.stale import describe
from bookings.models import Schedule
from bookings.office.access import StaffRequest, staff
from bookings.office.policy import may
from bookings.office.presenters.fleet import board_picture, candidate_text, run_text, warning_rows
from bookings.web.refusals import add_refusal

_DAYS: Final = 7
_MOST_UNASSIGNED: Final = 100


@staff
@require_safe
def board(request: StaffRequest) -> HttpResponse:
    """A week from the day in `from`: every coach with what it drives, and what is wrong with it."""
    first = timezone.localdate()
    with suppress(ValueError):
        first = read_typed_day(request.GET.get("from", "")[:30], first)
    start = timezone.make_aware(datetime.combine(first, time()))
    shown = fleet_board(start, start + timedelta(days=_DAYS))
    coaches = {line.coach.pk: line.coach.bus_number for line in shown.lines}
    context = {
        "picture": board_picture(shown, start, _DAYS),
        "warnings": warning_rows(shown.warnings, coaches),
        "unassigned": [(run.schedule_id, run_text(run)) for run in shown.unassigned[:_MOST_UNASSIGNED]],
        "more": max(0, len(shown.unassigned) - _MOST_UNASSIGNED),
        "first": first,
        "earlier": _address_day(first, -_DAYS),
        "later": _address_day(first, _DAYS),
    }
    return render(request, "office/fleet/board.html", context)


def _address_day(first: date, days: int) -> str:
    with suppress(OverflowError):
        return (first + timedelta(days=days)).isoformat()
    return first.isoformat()


class CoachOfDepartureForm(forms.Form):
    coach = forms.TypedChoiceField(label=gettext_lazy("Coach"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args: object, candidates: list[Candidate], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["coach"].choices = [  # type: ignore[attr-defined]
            ("", _("no coach yet")),
            *((candidate.coach.pk, candidate_text(candidate)) for candidate in candidates),
        ]


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def departure_coach(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """The select has the focus: a letter or the arrows choose, Enter assigns."""
    schedule = get_object_or_404(Schedule.objects.select_related("route", "layout", "bus"), pk=schedule_id)
    form = CoachOfDepartureForm(
        request.POST if request.method == "POST" else None,
        initial={"coach": schedule.bus_id},
        candidates=list_candidates(schedule),
    )
    if form.is_valid():
        try:
            saved = assign_coach(schedule_id, form.cleaned_data["coach"], actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "coach", refusal)
        else:
            coach = saved.bus.bus_number if saved.bus else _("no coach yet")
            messages.success(request, _("Coach of this departure: %(coach)s.") % {"coach": coach})
            return redirect("office:fleet_board")
    context = {
        "form": form,
        "schedule": schedule,
        "title": describe(schedule),
        "may_change": may(request.user.role, "departure_coach", "POST"),
    }
    return render(request, "office/fleet/departure_coach.html", context, status=422 if form.errors else 200)
