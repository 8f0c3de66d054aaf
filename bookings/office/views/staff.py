"""The accounts of the staff: the list, one account with its history, and the steps that let somebody in or keep them out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.staff import accounts as staffing
from bookings.domain.staff.records import StaffRecord, staff_list, staff_record
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.login import OwnProofForm
from bookings.office.forms.staff import NewUserForm, ProfileForm, StaffFilter, StepForm
from bookings.office.policy import may
from bookings.office.reauthentication import is_proved, own_proof
from bookings.web.paging import page_links
from bookings.web.refusals import add_refusal

_PAGE: Final = 20


@dataclass(frozen=True)
class Step:
    """Something done to an account after a question."""

    act: Callable[..., str | None]
    question: str | Promise
    consequence: str | Promise
    button: str | Promise
    is_proved: bool  # it opens a way in, so it asks for the manager's own password
    is_bad: bool = False


STEPS: Final = {
    "password": Step(
        staffing.give_password,
        gettext_lazy("Give a new initial password?"),
        gettext_lazy(
            "Their sessions end, and the old password is void. The new one is shown to you once; with it they can only choose their own."
        ),
        gettext_lazy("Give a new password"),
        is_proved=True,
    ),
    "factor": Step(
        staffing.reset_second_factor,
        gettext_lazy("Reset the second factor?"),
        gettext_lazy(
            "For somebody whose phone and recovery codes are lost. They sign in by password alone until they have set up a new one."
        ),
        gettext_lazy("Reset the second factor"),
        is_proved=True,
    ),
    "close": Step(
        staffing.close_account,
        gettext_lazy("Close this account?"),
        gettext_lazy("Every session ends at once, and nobody signs in by this name. What they did stays on record."),
        gettext_lazy("Close the account"),
        is_proved=False,
        is_bad=True,
    ),
    "open": Step(
        staffing.open_account,
        gettext_lazy("Open this account again?"),
        gettext_lazy("They get a new initial password, which is shown to you once."),
        gettext_lazy("Open the account"),
        is_proved=True,
    ),
}


@staff
@require_safe
def members(request: StaffRequest) -> HttpResponse:
    form = StaffFilter(request.GET)
    pager = Paginator(staff_list(**form.wanted()), _PAGE)
    page = pager.get_page(request.GET.get("page", "")[:8])
    kept = {name: request.GET.get(name, "") for name in form.fields if request.GET.get(name)}
    links = page_links(page.number, pager.num_pages, lambda number: f"?{urlencode(kept | {'page': number})}")
    return render(request, "office/staff/staff.html", {"form": form, "people": page, "links": links, "may_change": _may_change(request)})


@staff
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """POST answers with the initial password, which no address shows again."""
    is_sent = request.method == "POST"
    form, proof = NewUserForm(request.POST if is_sent else None), own_proof(request)
    if is_sent and form.is_valid() and is_proved(request, proof):
        try:
            user, password = staffing.add_user(
                form.cleaned_data["username"], form.profile(), actor=request.user, submission=_submission(request)
            )
        except Refusal as refusal:
            add_refusal(form, "username", refusal)
        else:
            return _told(request, staff_record(user.pk), password)
    context = {"form": form, "proof": proof, "submission": random_token()}
    return render(request, "office/staff/new.html", context, status=422 if is_sent else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: StaffRequest, user_id: int) -> HttpResponse:
    record = staff_record(user_id)
    if request.method != "POST":
        return _member(request, record, ProfileForm.of(record.user, record.seen))
    form = ProfileForm(request.POST, keeps=record.user.branch)
    if not form.is_valid():
        return _member(request, record, form, status=422)
    try:
        seen = form.cleaned_data["seen"] or 0
        staffing.change_user(user_id, form.profile(), seen=seen, actor=request.user, submission=_submission(request))
    except Refusal as refusal:
        add_refusal(form, None, refusal)
        return _member(request, record, form, status=refusal.status)
    messages.success(request, _("Saved."))
    return redirect("office:staff_member", user_id)


@staff
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: StaffRequest, user_id: int, what: str) -> HttpResponse:
    """Ask, with what follows from it; then do it."""
    record, asked, is_sent = staff_record(user_id), STEPS[what], request.method == "POST"
    form, proof = StepForm(request.POST if is_sent else None), own_proof(request) if asked.is_proved else None
    status = 422 if is_sent else 200
    if is_sent and form.is_valid() and (proof is None or is_proved(request, proof)):
        try:
            told = asked.act(user_id, reason=form.cleaned_data["reason"], actor=request.user, submission=_submission(request))
        except Refusal as refusal:
            add_refusal(form, None, refusal)
            status = refusal.status
        else:
            return _told(request, record, told) if told is not None else _done(request, record)
    return _ask(request, record, asked, form, proof, status)


def _ask(request: StaffRequest, record: StaffRecord, asked: Step, form: StepForm, proof: OwnProofForm | None, status: int) -> HttpResponse:
    context = {"record": record, "step": asked, "form": form, "proof": proof, "submission": random_token()}
    return render(request, "office/staff/confirm.html", context, status=status)


def _done(request: StaffRequest, record: StaffRecord) -> HttpResponse:
    messages.success(request, _("Done: %(name)s.") % {"name": record.name})
    return redirect("office:staff_member", record.user.pk)


def _told(request: StaffRequest, record: StaffRecord, password: str) -> HttpResponse:
    """The initial password, once; nothing if the form was sent a second time."""
    if not password:
        messages.warning(request, _("This was done before. Its password was shown then; give a new one if it is lost."))
        return redirect("office:staff_member", record.user.pk)
    return render(request, "office/staff/initial_password.html", {"record": record, "password": password})


def _member(request: StaffRequest, record: StaffRecord, form: ProfileForm, *, status: int = 200) -> HttpResponse:
    context = {
        "record": record,
        "form": form,
        "submission": random_token(),
        "may_change": _may_change(request) and not record.user.is_superuser,
        "is_self": record.user == request.user,
    }
    return render(request, "office/staff/member.html", context, status=status)


def _may_change(request: StaffRequest) -> bool:
    return may(request.user.role, "staff_member", "POST")


def _submission(request: StaffRequest) -> str:
    return request.POST.get("submission", "")
