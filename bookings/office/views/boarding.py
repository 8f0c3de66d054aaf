"""The list and the door: manifest, check-in, closing a stop, leaving, arriving."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, NotFound, Refusal, RuleBroken
from bookings.base.money import format_zar
from bookings.base.text import clean_code
from bookings.domain.boarding.check_in import check_in, undo_check_in
from bookings.domain.boarding.closing import Closed, close_boarding
from bookings.domain.boarding.departure_status import arrive, depart
from bookings.domain.boarding.manifest import StopList, board_view, manifest
from bookings.domain.boarding.reversal import (
    undo_arrival,
    undo_closing,
    undo_departure,
    undo_no_show,
)
from bookings.domain.boarding.standby_refunds import refund_left_behind
from bookings.models import Account, Shift
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.approval import ApprovalFields
from bookings.office.forms.boarding import BoardingStopForm, CloseForm, ScanForm, StandbyRefundForm, UndoForm
from bookings.office.forms.exchange import ids_in
from bookings.office.policy import may
from bookings.office.presenters.boarding import (
    boarding_chips,
    manifest_chips,
    only_found,
    reversal_text,
    stop_query,
)
from bookings.office.presenters.manifest_csv import manifest_csv
from bookings.web.refusals import counted
from bookings.web.render import render_page

_UNDO_AT_STOP: Final = {"departure": undo_departure, "closing": undo_closing}


@staff
@require_safe
def manifest_page(request: StaffRequest, schedule_id: int) -> HttpResponse:
    lists = manifest(schedule_id, stop=BoardingStopForm(request.GET).chosen, now=timezone.now())
    context = {
        "manifest": lists,
        "chips": manifest_chips(lists),
        "stop_query": stop_query(lists.stop),
        "may_board": may(request.user.role, "board"),
        "printed_at": timezone.now(),
    }
    return render_page(
        request,
        "office/boarding/manifest.html",
        context,
        fragment="office/boarding/_manifest.html",
        target="manifest",
    )


@staff
@require_safe
def manifest_download(request: StaffRequest, schedule_id: int) -> HttpResponse:
    lists = manifest(schedule_id, stop=BoardingStopForm(request.GET).chosen, now=timezone.now())
    response = HttpResponse(manifest_csv(lists), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="manifest-{schedule_id}.csv"'
    return response


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """The screen at the door; POST is one scan."""
    if request.method != "POST":
        return _board(
            request,
            schedule_id,
            BoardingStopForm(request.GET).chosen,
            fragment="office/boarding/_boarding_live.html",
            target="board-live",
        )
    form = ScanForm(request.POST)
    if not form.is_valid():
        problem = (
            form.errors["code"][0]
            if "code" in form.errors
            else _("This form is incomplete. Please open the page again.")
        )
        return _board(
            request, schedule_id, BoardingStopForm(request.POST).chosen, status=422, problem=problem
        )
    answer = check_in(schedule_id, form.scan(), actor=request.user)
    return _board(request, schedule_id, form.cleaned_data["stop"], answer=answer)


@staff
@require_POST
def undo(request: StaffRequest, schedule_id: int) -> HttpResponse:
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise RuleBroken(_("This form is incomplete. Please open the page again."))
    cleaned = form.cleaned_data
    try:
        verb = undo_no_show if cleaned["no_show"] else undo_check_in
        ticket = verb(schedule_id, cleaned["ticket"], actor=request.user, nonce=cleaned["nonce"])
    except Conflict as refusal:
        return _board(request, schedule_id, cleaned["stop"], status=409, problem=counted(refusal).message)
    name = ticket.full_name
    undone = (
        _("Undone: %(name)s is expected again.")
        if cleaned["no_show"]
        else _("Undone: %(name)s is not on board.")
    )
    return _board(request, schedule_id, cleaned["stop"], undone=undone % {"name": name})


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Ask first, in names; then close boarding at a stop."""
    if request.method != "POST":
        return _ask(request, schedule_id, "close")
    form = CloseForm(request.POST)
    if not form.is_valid():
        raise RuleBroken(_("This form is incomplete. Please open the page again."))
    stop, seen = form.cleaned_data["stop"], form.cleaned_data["seen"] or 0
    try:
        closed = close_boarding(
            schedule_id, stop, actor=request.user, submission=_submission(request), seen=seen
        )
    except Conflict as refusal:
        return _ask(request, schedule_id, "close", stop=stop, refusal=refusal)
    messages.success(request, _closed_text(closed))
    return redirect(_address("board", schedule_id, stop))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Ask first, in names; then the coach leaves the stop."""
    if request.method != "POST":
        return _ask(request, schedule_id, "depart", stop=BoardingStopForm(request.GET).chosen or 0)
    stop = BoardingStopForm(request.POST).chosen or 0
    try:
        missing = depart(schedule_id, position=stop, actor=request.user, submission=_submission(request))
    except Conflict as refusal:
        return _ask(request, schedule_id, "depart", stop=stop, refusal=refusal)
    message = ngettext(
        "The coach has left; %(count)d more no-show.",
        "The coach has left; %(count)d more no-shows.",
        missing,
    )
    messages.success(request, message % {"count": missing} if missing else _("The coach has left."))
    return redirect(_address("board", schedule_id, stop))


@staff
@sensitive_post_parameters("approver_password", "approver_code")
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Ask first, naming whom the arrival would strand; then the coach is at its last stop."""
    if request.method != "POST":
        return _ask(request, schedule_id, "arrive", form=ApprovalFields())
    form = ApprovalFields(request.POST)
    approver = form.find_approver(request) if form.is_valid() else None
    if not form.is_valid():
        return _ask(request, schedule_id, "arrive", form=form)
    try:
        arrive(schedule_id, actor=request.user, approver=approver, submission=_submission(request))
    except Conflict as refusal:
        return _ask(request, schedule_id, "arrive", form=form, refusal=refusal)
    messages.success(request, _("The coach has arrived."))
    return redirect(_address("board", schedule_id, BoardingStopForm(request.POST).chosen))


@staff
@require_POST
def undo_step(request: StaffRequest, schedule_id: int, step: str) -> HttpResponse:
    """The coach has not left or arrived, or boarding is not closed, after all."""
    stop, submission = BoardingStopForm(request.POST).chosen or 0, _submission(request)
    try:
        if step == "arrival":
            undo_arrival(schedule_id, actor=request.user, submission=submission)
            messages.success(request, _("Undone: the coach has not arrived yet."))
        elif verb := _UNDO_AT_STOP.get(step):
            again = verb(schedule_id, stop, actor=request.user, submission=submission)
            messages.success(request, reversal_text(step, again))
        else:
            raise NotFound(_("This page does not exist."))
    except Conflict as refusal:
        return _board(request, schedule_id, stop, status=409, problem=counted(refusal).message)
    return redirect(_address("board", schedule_id, stop))


@staff
@sensitive_post_parameters("approver_password", "approver_code")
@require_http_methods(["GET", "HEAD", "POST"])
def standby(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Give back what those paid who stood by at a stop and stayed behind; somebody else may have to sign."""
    if request.method != "POST":
        return _ask(request, schedule_id, "standby_refunds", form=StandbyRefundForm())
    form = StandbyRefundForm(request.POST)
    if not form.is_valid():
        raise RuleBroken(_("This form is incomplete. Please open the page again."))
    stop, tickets = form.cleaned_data["stop"], ids_in(request.POST)
    try:
        given = refund_left_behind(
            schedule_id, stop, seen=tickets, till=form.till(request), submission=_submission(request)
        )
    except Refusal as refusal:
        form.note_refusal(refusal)
        return _ask(request, schedule_id, "standby_refunds", stop=stop, form=form, refusal=refusal)
    message = (
        _("%(amount)s for %(count)d on standby: paid out in cash.")
        if given.is_paid
        else _("%(amount)s for %(count)d on standby is owed; a task was created for each booking.")
    )
    messages.success(request, message % {"amount": format_zar(given.amount), "count": given.people})
    return redirect(_address("board", schedule_id, stop))


def _board(
    request: StaffRequest,
    schedule_id: int,
    stop: int | None,
    *,
    fragment: str = "office/boarding/_boarding.html",
    target: str = "board",
    status: int = 200,
    **shown: Any,
) -> HttpResponse:
    branch = request.user.branch
    view = board_view(
        schedule_id, stop=stop, near_city=branch.city_id if branch else None, now=timezone.now()
    )
    context = {"view": view, "manifest": view.manifest, "stop": view.stop, "nonce": random_token(), **shown}
    context["chips"] = boarding_chips(view.manifest, view.stop)
    context["find"] = clean_code(request.GET.get("find", ""))[:80]
    context["stop"] = only_found(view.stop, context["find"])
    context["submission"] = random_token()
    context["may_refund"] = may(request.user.role, "board_standby")
    return render_page(
        request, "office/boarding/boarding.html", context, fragment=fragment, target=target, status=status
    )


def _ask(
    request: StaffRequest,
    schedule_id: int,
    question: str,
    *,
    stop: int | None = None,
    form: ApprovalFields | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    stop = BoardingStopForm(request.GET).chosen if stop is None else stop
    view = board_view(schedule_id, stop=stop, now=timezone.now())
    context = {
        "view": view,
        "manifest": view.manifest,
        "stop": view.stop,
        "form": form,
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    if isinstance(form, StandbyRefundForm):
        context |= _standby_choices(request, form, view.stop)
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render_page(request, f"office/boarding/{question}.html", context, status=status)


def _standby_choices(request: StaffRequest, form: StandbyRefundForm, stop: StopList | None) -> dict[str, Any]:
    """Who was left behind and how they get their money; as it was posted, if it was."""
    shift, posted = Shift.objects.open_of(request.user), ids_in(request.POST)
    return {
        "shift": shift,
        "in_cash": shift and form.data.get("how", Account.CASH) == Account.CASH,
        "left_behind": [
            (person, not form.is_bound or person.ticket_id in posted)
            for person in (stop.unseated_standby if stop else ())
        ],
    }


def _submission(request: HttpRequest) -> str:
    return request.POST.get("submission", "")[:80].replace("\x00", "")


def _address(name: str, schedule_id: int, stop: int | None = None) -> str:
    address = reverse(f"office:{name}", args=[schedule_id])
    return address if stop is None else f"{address}?stop={stop}"


def _closed_text(closed: Closed) -> str:
    counts = [
        ngettext("%(count)d no-show", "%(count)d no-shows", closed.no_shows) % {"count": closed.no_shows},
        _("%(count)d from standby seated") % {"count": closed.seated},
    ]
    if closed.waiting:
        counts.append(_("%(count)d on standby without a seat") % {"count": closed.waiting})
    return _("Boarding is closed: %(what)s.") % {"what": ", ".join(counts)}
