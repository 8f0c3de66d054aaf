"""The times of a departure: what was told of them, and telling more."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Refusal, RuleBroken
from bookings.domain.disruptions.times import Delay, StopChange
from bookings.domain.operations.time_changes import (
    TimesPage,
    change_stop,
    has_passengers,
    report_delay,
    times_page,
)
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.boarding import BoardingStopForm
from bookings.office.forms.times import DelayForm, SkipForm
from bookings.office.policy import may
from bookings.office.presenters.times import times_view
from bookings.web.refusals import counted

_WORTH_TELLING: Final = 5  # minutes


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def departure_times(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """POST shows whom a delay concerns, and with `confirm` tells it."""
    now = timezone.now()
    page = times_page(schedule_id, now=now)
    if request.method != "POST":
        return _page(request, page, _blank(request, page))
    form = DelayForm(request.POST, page=page, now=now)
    if not form.is_valid():
        return _page(request, page, form, status=422)
    delay = form.delay()
    try:
        if "confirm" not in request.POST:
            return _page(request, times_page(schedule_id, delay, now=now), form, confirm=delay)
        report_delay(schedule_id, delay, actor=request.user, submission=form.cleaned_data["submission"])
    except Refusal as refusal:
        return _page(request, page, form, refusal=refusal, status=refusal.status)
    messages.success(request, _("The new times are now shown everywhere."))
    return redirect("office:departure_times", schedule_id)


@staff
@require_POST
def skip_stop(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Shows that a stop is skipped, and with `confirm` tells it. Where passengers get on or off, it is a case
    of the desk.
    """
    form = SkipForm(request.POST)
    if not form.is_valid():
        raise RuleBroken(_("This form is incomplete. Please open the page again."))
    now, data = timezone.now(), form.cleaned_data
    change = StopChange(data["stop"], data["skipped"], data["reason"])
    page = times_page(schedule_id, now=now)
    try:
        if "confirm" not in request.POST:
            page = times_page(schedule_id, change, now=now)
            if change.is_skipped and has_passengers(page, change.position):
                desk = reverse("office:disruption_new", args=[schedule_id])
                return redirect(f"{desk}?kind=skip_stop&position={change.position}")
            return _page(request, page, _blank(request, page), skip=change)
        change_stop(schedule_id, change, actor=request.user, submission=data["submission"])
    except Refusal as refusal:
        return _page(request, page, _blank(request, page), refusal=refusal, status=refusal.status)
    messages.success(
        request, _("The stop is skipped.") if change.is_skipped else _("The coach calls at the stop again.")
    )
    return redirect("office:departure_times", schedule_id)


def _blank(request: StaffRequest, page: TimesPage) -> DelayForm:
    """For the next stop of the coach, or the one that the address names."""
    chosen = BoardingStopForm(request.GET).chosen
    ahead = [forecast.call.position for forecast in page.calls if not forecast.is_left]
    start = chosen if chosen in ahead else next(iter(ahead), None)
    late = request.GET.get("late", "")[:5] or _late_so_far(page, start)
    return DelayForm(page=page, now=timezone.now(), initial={"stop": start, "late": late})


def _late_so_far(page: TimesPage, position: int | None) -> str:
    """How late the coach left the stop before this one, where that was not told yet."""
    before = next((row.before for row in page.calls if row.call.position + 1 == position), None)
    if before is None or before.actual_departure is None:
        return ""
    minutes = int((before.actual_departure - before.planned_departure).total_seconds() // 60)
    return str(minutes) if minutes >= _WORTH_TELLING and minutes > before.late_min else ""


def _page(
    request: StaffRequest,
    page: TimesPage,
    form: DelayForm,
    *,
    confirm: Delay | None = None,
    skip: StopChange | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    view = times_view(page)
    context: dict[str, Any] = {
        "view": view,
        "form": form,
        "asks": confirm is not None or skip is not None,
        "delay": confirm,
        "skip": skip,
        "skip_stop": next((row.stop for row in view.rows if skip and row.position == skip.position), ""),
        "reasons": SkipForm().fields["reason"].choices,  # type: ignore[attr-defined]
        "affected_text": ngettext(
            "%(count)d passenger gets on or off at another time.",
            "%(count)d passengers get on or off at another time.",
            view.affected,
        )
        % {"count": view.affected},
        "refusal": counted(refusal),
        "submission": random_token(),
        "may_delay": view.can_change and may(request.user.role, "departure_times", "POST"),
        "may_skip": view.can_change and may(request.user.role, "skip_stop", "POST"),
    }
    return render(request, "office/departures/times.html", context, status=status)
