"""The disruption desk: open a case, look at its plan, confirm it, decide for passengers, close it."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal
from bookings.base.money import format_zar
from bookings.base.params import read_int
from bookings.domain.disruptions.cases import (
    close_case,
    confirm_case,
    discard_case,
    open_case,
    renew_plan,
)
from bookings.domain.disruptions.choices import Answerer, By, PartyChoice, answer_for_party
from bookings.domain.disruptions.desk import get_desk, get_party, list_cases
from bookings.domain.disruptions.evidence import case_evidence
from bookings.domain.disruptions.evidence_pdf import evidence_pdf
from bookings.domain.disruptions.incidents import on_board_list
from bookings.domain.disruptions.passing import departures_passing
from bookings.domain.disruptions.text_notices import note_call, send_sms
from bookings.domain.timetable.segments import SegmentRef
from bookings.domain.timetable.trips import local_text
from bookings.models import ContactChannel, Disruption, Schedule
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.disruptions import CaseForm, PassingForm, possible_kinds
from bookings.office.forms.exchange import content_of, ids_in
from bookings.office.policy import may
from bookings.office.presenters.case_evidence import evidence_file
from bookings.office.presenters.disruptions import (
    CaseRow,
    PersonRow,
    action_texts,
    departure_text,
    kind_rows,
    kind_title,
    line_row,
    status_badge,
    summary,
)
from bookings.web.refusals import counted
from bookings.web.render import private

_FORM: Final = require_http_methods(["GET", "HEAD", "POST"])
_LARGEST_ID: Final = 2**63 - 1  # that a column holds


def _known(number: int) -> int:
    """An id that the database can look for."""
    return min(number, _LARGEST_ID)


@staff
@require_safe
def disruptions(request: StaffRequest) -> HttpResponse:
    is_closed = request.GET.get("state") == "closed"
    rows = [CaseRow.of(case) for case in list_cases(is_closed=is_closed)]
    may_open = may(request.user.role, "disruption_passing")
    context = {"rows": rows, "is_closed": is_closed, "may_open": may_open}
    return render(request, "office/disruptions/disruptions.html", context)


def _case_form(request: StaffRequest, schedules: Sequence[Schedule], *, is_sent: bool) -> CaseForm | None:
    """For the kind that was chosen, or the only one there is; None until it is."""
    has_place = "city" in request.POST
    kinds = possible_kinds(schedules, has_place=has_place)
    given = (request.POST if is_sent or has_place else request.GET).get("kind", "")
    kind = given if given in kinds else kinds[0].value if len(kinds) == 1 else ""
    if not kind:
        return None
    initial = {"submission": random_token(), "kind": kind, "position": request.GET.get("position", "")[:5]}
    if has_place:
        initial |= {name: request.POST.get(name, "")[:60] for name in ("city", "since")}
    return CaseForm(request.POST if is_sent else None, initial=initial, schedules=schedules, kind=kind)


@staff
@_FORM
def new(request: StaffRequest, schedule_id: int) -> HttpResponse:
    """Open a case about a departure: a draft, which changes nothing."""
    schedules = list(Schedule.objects.select_related("route__line").filter(pk=_known(schedule_id)))
    if not schedules:
        raise NotFound(_("We could not find this departure."))
    return _new_page(request, schedules, is_sent=request.method == "POST")


def _new_page(request: StaffRequest, schedules: Sequence[Schedule], *, is_sent: bool) -> HttpResponse:
    form, refusal = _case_form(request, schedules, is_sent=is_sent), None
    if form is not None and form.is_valid():
        case_request = form.case_request(schedules)
        token, content = form.cleaned_data["submission"], content_of(case_request)
        try:
            case = open_case(case_request, by=request.user, submission=token, content=content)
        except Refusal as broken:
            refusal = broken
        else:
            return redirect("office:disruption", case.pk)
    context = {
        "form": form,
        "kinds": [] if form else kind_rows(schedules, possible_kinds(schedules)),
        "title": kind_title(form["kind"].value()) if form else "",
        "schedules": [(schedule.pk, departure_text(schedule)) for schedule in schedules],
        "refusal": counted(refusal),
    }
    status = refusal.status if refusal else 422 if form is not None and form.errors else 200
    return render(request, "office/disruptions/new.html", context, status=status)


@staff
@_FORM
def passing(request: StaffRequest) -> HttpResponse:
    """A closed road or border: the departures that pass a place between two times, and a case about those
    that are chosen.
    """
    if request.method == "POST":
        chosen = ids_in(request.POST, "schedules")
        own = Schedule.objects.select_related("route__line").filter(pk__in=chosen)
        schedules = list(own.order_by("departure_time", "pk"))
        if schedules or "city" in request.POST:
            return _new_page(request, schedules, is_sent="submission" in request.POST)
    form, rows, refusal = PassingForm(request.GET or None), None, None
    if form.is_valid():
        try:
            departures = departures_passing(*form.window())
            rows = [(departure_text(row.schedule), local_text(row.passes_at), row) for row in departures]
        except Refusal as broken:
            refusal = broken
    context = {
        "form": form,
        "departures": rows,
        "place": {
            name: request.GET.get(key, "")[:60] for name, key in (("city", "city"), ("since", "start"))
        },
        "refusal": counted(refusal),
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "office/disruptions/passing.html", context, status=status)


@staff
@require_safe
def disruption(request: StaffRequest, case_id: int) -> HttpResponse:
    """The plan of a case that is not confirmed, afterwards the desk."""
    return _case_page(request, case_id)


def _case_page(request: StaffRequest, case_id: int, refusal: Refusal | None = None) -> HttpResponse:
    desk = get_desk(_known(case_id), now=timezone.now())
    may_decide = may(request.user.role, "disruption_party", "POST")
    is_open = desk.case.status == Disruption.Status.CONFIRMED
    rows = [line_row(line, may_decide=may_decide and is_open) for line in desk.lines]
    context: dict[str, Any] = {
        "desk": desk,
        "case": desk.case,
        "badge": status_badge(desk.case),
        "departures": [(schedule.pk, departure_text(schedule)) for schedule in desk.schedules],
        "rows": rows,
        "unreached": [row for row in rows if row.is_unreached],
        "summary": summary(desk),
        "most": format_zar(desk.most_refunds),
        "is_planned": desk.case.status in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED),
        "needs_other": desk.is_over_limits
        and not desk.is_urgent
        and not (request.user.may_approve and request.user.pk != desk.case.created_by_id),
        "may_keep": may(request.user.role, "disruption_evidence"),
        "may_act": may(request.user.role, "disruption_confirm", "POST"),
        "may_text": ContactChannel.SMS in settings.TEXT_PROVIDERS,
        "may_look": may(request.user.role, "disruption_on_board", "POST"),
        "texts": action_texts(desk.case),
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    status = refusal.status if refusal else 200
    return render(request, "office/disruptions/disruption.html", context, status=status)


@staff
@require_POST
def confirm(request: StaffRequest, case_id: int) -> HttpResponse:
    version = read_int(request.POST.get("version", ""), default=0, most=99_999)
    submission = request.POST.get("submission", "")[:60]
    try:
        case = confirm_case(_known(case_id), version=version, actor=request.user, submission=submission)
    except Refusal as refusal:
        return _case_page(request, case_id, refusal)
    if case.status == Disruption.Status.PROPOSED:
        messages.info(request, _("Over the limits: a supervisor or manager has to confirm this case."))
    else:
        messages.success(request, action_texts(case).done)
    return redirect("office:disruption", case_id)


@staff
@require_POST
def renew(request: StaffRequest, case_id: int) -> HttpResponse:
    if renew_plan(_known(case_id)):
        messages.success(request, _("The plan was updated."))
    else:
        messages.info(request, _("The plan is up to date."))
    return redirect("office:disruption", case_id)


@staff
@require_POST
def discard(request: StaffRequest, case_id: int) -> HttpResponse:
    try:
        discard_case(_known(case_id))
    except Refusal as refusal:
        return _case_page(request, case_id, refusal)
    messages.success(request, _("The draft was discarded. Nothing was changed."))
    return redirect("office:disruptions")


@staff
@require_POST
def close(request: StaffRequest, case_id: int) -> HttpResponse:
    try:
        close_case(_known(case_id), actor=request.user)
    except Refusal as refusal:
        return _case_page(request, case_id, refusal)
    messages.success(request, _("The case is closed."))
    return redirect("office:disruption", case_id)


@staff
@require_POST
def on_board(request: StaffRequest, case_id: int) -> HttpResponse:
    """Who is on board of a coach that had an incident. By a button: each look is written down."""
    try:
        people = on_board_list(_known(case_id), actor=request.user, now=timezone.now())
    except Refusal as refusal:
        return _case_page(request, case_id, refusal)
    context = {"case_id": case_id, "people": [PersonRow.of(person) for person in people]}
    return private(render(request, "office/disruptions/on_board.html", context))


@staff
@require_safe
def evidence(request: StaffRequest, case_id: int) -> HttpResponse:
    """What was offered, delivered and answered, to keep beside the books."""
    tables = case_evidence(_known(case_id))
    pdf = evidence_pdf(case_id, tables, now=timezone.now())
    response = HttpResponse(evidence_file(tables, pdf), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="case-{case_id}.zip"'
    return private(response)


@staff
@require_safe
def evidence_document(request: StaffRequest, case_id: int) -> HttpResponse:
    """The same to be read and printed."""
    now = timezone.now()
    pdf = evidence_pdf(case_id, case_evidence(_known(case_id)), now=now)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="case-{case_id}.pdf"'
    return private(response)


@staff
@_FORM
def party(request: StaffRequest, case_id: int, reference: str) -> HttpResponse:
    """Decide for a party on the telephone: what was kept, another coach, or the money back."""
    now = timezone.now()
    case, order_id, view = get_party(_known(case_id), reference, now=now)
    refusal = None
    if request.method == "POST":
        to = SegmentRef.read(request.POST.get("to", "")[:300])
        answer = PartyChoice(reference, request.POST.get("choice", "")[:10], to)
        try:
            answer_for_party(
                (case.pk, order_id, None),
                answer,
                Answerer(By.STAFF, request.user),
                submission=request.POST.get("submission", "")[:60],
            )
        except Refusal as broken:
            refusal = broken
            case, order_id, view = get_party(case_id, reference, now=now)
        else:
            messages.success(request, _("Done for %(names)s.") % {"names": ", ".join(view.names)})
            return redirect("office:disruption", case.pk)
    context = {
        "case": case,
        "party": view,
        "refund": format_zar(view.refund),
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    status = refusal.status if refusal else 200
    return render(request, "office/disruptions/party.html", context, status=status)


@staff
@require_POST
def tell(request: StaffRequest, case_id: int, line_id: int) -> HttpResponse:
    """Note a call, or send an SMS, to a passenger who was not reached."""
    by = send_sms if request.POST.get("by") == "sms" else note_call
    try:
        by(_known(case_id), _known(line_id), actor=request.user)
    except Refusal as refusal:
        return _case_page(request, case_id, refusal)
    messages.success(request, _("The SMS is on its way.") if by is send_sms else _("The call is noted."))
    return redirect("office:disruption", case_id)
