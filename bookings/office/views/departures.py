"""Departures of a day, and the seat map of one of them."""

from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.operations.departure_list import DepartureFilter, departure_list
from bookings.domain.operations.departures import block_departure_seats, staff_map
from bookings.domain.operations.relief import is_not_yet_sold
from bookings.domain.sales.blocks import BlockRequest, release_block
from bookings.models import Branch
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import content_of, day_in, labels_in
from bookings.office.policy import may
from bookings.office.presenters.departure_list import WHOLE_COMPANY, branch_options, filter_choices
from bookings.web.refusals import counted
from bookings.web.render import render_page

_FILTERS: Final = ("stop", "destination", "state", "line")


class BlockForm(forms.Form):
    seats = forms.CharField(
        label=gettext_lazy("Seats"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "code", "autocomplete": "off"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=120)
    release_at = forms.DateTimeField(
        label=gettext_lazy("Back on sale at (empty: never)"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)


@staff
@require_safe
def departures(request: StaffRequest) -> HttpResponse:
    """The departures of a day from the clerk's branch, from another one, or of the whole company."""
    branches = list(Branch.objects.filter(is_active=True))
    branch = _branch(request, branches)
    chosen = _filter(request.GET, branch)
    shown = departure_list(chosen, now=timezone.now())
    context = {
        "departures": shown,
        "branch": branch,
        "branches": branch_options(branches, branch),
        "chosen": chosen,
        "choices": filter_choices(chosen, shown),
        "today": timezone.localdate(),
        "before": _near(chosen.day, -1),
        "after": _near(chosen.day, 1),
        "may_board": may(request.user.role, "board"),
        "next_page": shown.page + 1,
        "previous_page": shown.page - 1,
    }
    return render_page(
        request,
        "office/departures/departures.html",
        context,
        fragment="office/departures/_departures.html",
        target="departures",
    )


def _branch(request: StaffRequest, branches: list[Branch]) -> Branch | None:
    """None stands for the whole company."""
    code = request.GET.get("branch", "")
    if code == WHOLE_COMPANY:
        return None
    by_code = {branch.code: branch for branch in branches}
    own = next((branch for branch in branches if branch.pk == request.user.branch_id), None)
    return by_code.get(code, own)


def _filter(given: QueryDict, branch: Branch | None) -> DepartureFilter:
    try:
        day = day_in(given, "date") or timezone.localdate()
    except Refusal:
        day = timezone.localdate()
    text = {name: given.get(name, "").replace("\x00", "")[:80].strip() for name in _FILTERS}
    page = given.get("page", "")
    return DepartureFilter(
        day,
        branch.city_id if branch else None,
        **text,
        page=max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 3 else None,
    )


def _near(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()


@staff
@require_safe
def departure_seats(request: StaffRequest, schedule_id: int) -> HttpResponse:
    return _seats_page(request, schedule_id, BlockForm(initial={"submission": random_token()}))


def _seats_page(
    request: StaffRequest,
    schedule_id: int,
    form: BlockForm,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    seat_map = staff_map(schedule_id, now=timezone.now())
    may_relieve = may(request.user.role, "departure_relief", "POST")
    context: dict[str, Any] = {
        "map": seat_map,
        "form": form,
        "refusal": counted(refusal),
        "asked": request.GET.get("release", ""),
        "may_block": may(request.user.role, "block_seats", "POST"),
        "may_assign": may(request.user.role, "departure_coach"),
        "may_relieve": may_relieve,
        "may_open_sale": may_relieve and is_not_yet_sold(schedule_id, seat_map.status),
        "may_disrupt": may(request.user.role, "disruption_new"),
        "may_move": may(request.user.role, "change_seat", "POST"),
    }
    return render(request, "office/departures/seats.html", context, status=status)


@staff
@require_POST
def block_seats(request: StaffRequest, schedule_id: int) -> HttpResponse:
    form = BlockForm(request.POST)
    if not form.is_valid():
        return _seats_page(request, schedule_id, form, status=422)
    data = form.cleaned_data
    labels = labels_in(request.POST)
    try:
        blocked = block_departure_seats(
            BlockRequest(schedule_id, labels, data["reason"], data["release_at"]),
            by=request.user,
            submission=data["submission"],
            content=content_of(schedule_id, labels, data["reason"], data["release_at"]),
        )
    except Refusal as refusal:
        return _seats_page(request, schedule_id, form, refusal=refusal, status=refusal.status)
    messages.success(request, _("Off sale: %(seats)s.") % {"seats": blocked})
    return redirect("office:departure_seats", schedule_id)


@staff
@require_POST
def release(request: StaffRequest, schedule_id: int, block_id: int) -> HttpResponse:
    block = release_block(schedule_id, block_id, by=request.user)
    messages.success(request, _("Seat %(seat)s is on sale again.") % {"seat": block.seat.label})
    return redirect("office:departure_seats", block.schedule_id)
