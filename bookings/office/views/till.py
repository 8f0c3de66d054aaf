"""The clerk's own till: open, pay in and out, count and close; and the shifts as others see them."""

import json
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.base.params import read_int
from bookings.domain.counter.shift_records import PAGE, shifts_of, till_view
from bookings.domain.counter.shifts import BlindCount, CashMovement, require_shift
from bookings.domain.counter.shifts import close_shift as close
from bookings.domain.counter.shifts import move_cash as move
from bookings.domain.counter.shifts import open_shift as start
from bookings.domain.reconciliation.slips import shift_slips
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.models import Shift, User
from bookings.office.access import StaffRequest, own_branch, own_branch_or_404, staff
from bookings.office.forms.till import CashCount, MovementForm, TillCount
from bookings.office.presenters.reconciliation import slip_rows, slips_text
from bookings.web.paging import page_links
from bookings.web.refusals import add_refusal


def _fresh() -> dict[str, str]:
    return {"submission": random_token()}


def _page_number(request: StaffRequest) -> int:
    return read_int(request.GET.get("page", ""), default=1, most=9_999_999)


def _with_pages(request: StaffRequest, view: Any) -> dict[str, Any]:
    links = page_links(view.page, view.pages, lambda number: f"{request.path}?page={number}")
    return {"till": view, "links": links}


@staff
@require_safe
def shift(request: StaffRequest) -> HttpResponse:
    """My till: what happened in it, or the form to open one."""
    own_shift = Shift.objects.open_of(request.user)
    if own_shift is None:
        own_branch(request)
        return render(request, "office/till/open.html", {"form": CashCount(initial=_fresh())})
    page = _with_pages(request, till_view(own_shift, page=_page_number(request)))
    return render(
        request,
        "office/till/shift.html",
        page | {"form": MovementForm(initial=_fresh() | {"direction": "out"})},
    )


@staff
@require_POST
def open_shift(request: StaffRequest) -> HttpResponse:
    own_branch(request)
    form = CashCount(request.POST)
    if not form.is_valid():
        return render(request, "office/till/open.html", {"form": form}, status=422)
    made = start(
        request.user,
        counted_float=form.cash,
        submission=form.cleaned_data["submission"],
        content=json.dumps(form.denominations),
    )
    messages.success(
        request,
        _("Your shift is open, with a float of %(float)s.") % {"float": format_zar(made.opening_float)},
    )
    return redirect("office:shift")


@staff
@sensitive_post_parameters("approver_password", "approver_code")
@require_POST
def move_cash(request: StaffRequest) -> HttpResponse:
    own_shift = require_shift(request.user)
    form, status = MovementForm(request.POST), 422
    form.note_refusal(None)
    approver = form.find_approver(request) if form.is_valid() else None
    if form.is_valid():
        try:
            move(
                own_shift,
                CashMovement(form.signed, form.cleaned_data["reason"], approver),
                submission=form.cleaned_data["submission"],
                content=f"{form.signed} {form.cleaned_data['reason']}",
            )
        except Refusal as refusal:
            status = refusal.status
            form.note_refusal(refusal)
            add_refusal(form, "amount", refusal)
        else:
            messages.success(
                request, _("%(amount)s has been recorded.") % {"amount": format_zar(form.signed)}
            )
            return redirect("office:shift")
    return render(
        request,
        "office/till/shift.html",
        _with_pages(request, till_view(own_shift)) | {"form": form},
        status=status,
    )


@staff
@sensitive_post_parameters("approver_password", "approver_code")
@require_http_methods(["GET", "HEAD", "POST"])
def close_shift(request: StaffRequest) -> HttpResponse:
    """The blind count. A count that is far off leads back here, with its result and a place for a second
    person.
    """
    own_shift = require_shift(request.user) if request.method != "POST" else _shift_to_close(request)
    if request.method != "POST":
        last = own_shift.count_tries[-1] if own_shift.count_tries else {}
        typed = TillCount.typed(last.get("denominations", {})) | {
            key: last["counted"][key] for key in ("card", "eft") if last
        }
        return _closing(request, own_shift, TillCount(initial=_fresh() | typed))
    form = TillCount(request.POST)
    if not form.is_valid():
        return _closing(request, own_shift, form, status=422)
    return _close(request, own_shift, form)


def _shift_to_close(request: StaffRequest) -> Shift:
    """The shift that the form was shown for: another tab may have closed it, and a new one may be open."""
    number = read_int(request.POST.get("shift", ""), most=2**63 - 1)
    posted = Shift.objects.select_related("branch", "clerk").filter(clerk=request.user, pk=number).first()
    return posted or require_shift(request.user)


def _close(request: StaffRequest, own_shift: Shift, form: TillCount) -> HttpResponse:
    approver = form.find_approver(request)
    if not form.is_valid():
        return _closing(request, own_shift, form, status=422)
    try:
        outcome = close(
            own_shift,
            BlindCount(
                form.counted,
                denominations=form.denominations,
                reason=form.cleaned_data["reason"],
                approver=approver,
            ),
            submission=form.cleaned_data["submission"],
            content=json.dumps(
                [
                    own_shift.pk,
                    form.denominations,
                    form.data.get("card"),
                    form.data.get("eft"),
                    form.cleaned_data["reason"],
                ]
            ),
        )
    except Refusal as refusal:
        add_refusal(form, "reason", refusal)
        return _closing(request, own_shift, form, status=refusal.status)
    return (
        redirect("office:shift_detail", own_shift.pk)
        if outcome.is_closed
        else redirect(f"{reverse('office:close_shift')}#result")
    )


def _closing(request: StaffRequest, own_shift: Shift, form: TillCount, *, status: int = 200) -> HttpResponse:
    till = till_view(own_shift)
    context = {"form": form, "till": till, "columns": "panes-3" if till.rows else ""}
    return render(request, "office/till/close.html", context, status=status)


@staff
@require_safe
def shifts(request: StaffRequest) -> HttpResponse:
    """Supervisors see the shifts of their branch, managers and auditors those of every branch."""
    sees_all = request.user.role in SEES_ALL_BRANCHES
    rows = shifts_of(None if sees_all else own_branch(request))
    pager = Paginator(rows, PAGE)
    page = pager.get_page(_page_number(request))
    links = page_links(page.number, pager.num_pages, lambda number: f"{request.path}?page={number}")
    return render(
        request, "office/till/shifts.html", {"shifts": page, "links": links, "shows_branch": sees_all}
    )


@staff
@require_safe
def shift_detail(request: StaffRequest, number: int) -> HttpResponse:
    """One shift, with its slip to print (`?paper=roll` for 80 mm). Clerks see their own."""
    if request.user.role == User.Role.CLERK:
        record = shifts_of(None).filter(pk=number, clerk=request.user).first()
        if record is None:
            raise Http404
    else:
        record = own_branch_or_404(request, shifts_of(None), pk=number)
    page = _with_pages(request, till_view(record, page=_page_number(request)))
    # An open till never says what its slips should come to
    slips = shift_slips(record, now=timezone.now()) if record.closed_at else []
    page |= {"slips": slip_rows(slips), "slips_text": slips_text(slips)}
    paper = "paper-roll" if request.GET.get("paper") == "roll" else ""
    return render(request, "office/till/shift_record.html", page | {"paper": paper})
