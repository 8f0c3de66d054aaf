"""The accounts of the staff.

The list, one account with its history, and what is done to an account after a question.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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
from bookings.domain.staff import accounts
from bookings.domain.staff.records import StaffRecord, get_staff_record, list_staff
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.reauthentication import ReauthenticationForm
from bookings.office.forms.staff import AccountActionForm, NewUserForm, ProfileForm, StaffFilterForm
from bookings.office.policy import may
from bookings.web.paging import filtered_links
from bookings.web.refusals import add_refusal

_PAGE_SIZE: Final = 20


@dataclass(frozen=True)
class AccountAction:
    """Something done to an account after a question.

    `act` returns the new initial password, if it gives one.
    """

    act: Callable[..., str | None]
    question: str | Promise
    consequence: str | Promise
    button: str | Promise
    asks_password: bool  # it opens a way in, so the manager proves who they are
    is_dangerous: bool = False


ACTIONS: Final = {
    "password": AccountAction(
        accounts.reset_password,
        gettext_lazy("Create a new initial password?"),
        gettext_lazy(
            "They are signed out, and the old password stops working. The new one is shown to you only "
            "once; they can only use it to choose their own."
        ),
        gettext_lazy("Create a new password"),
        asks_password=True,
    ),
    "factor": AccountAction(
        accounts.reset_second_factor,
        gettext_lazy("Reset the second factor?"),
        gettext_lazy(
            "For somebody who has lost their phone and recovery codes. They sign in with their password "
            "only until they have set up a new one."
        ),
        gettext_lazy("Reset the second factor"),
        asks_password=True,
    ),
    "close": AccountAction(
        accounts.close_account,
        gettext_lazy("Close this account?"),
        gettext_lazy("They are signed out at once and can no longer sign in. What they did stays on record."),
        gettext_lazy("Close the account"),
        asks_password=False,
        is_dangerous=True,
    ),
    "open": AccountAction(
        accounts.reopen_account,
        gettext_lazy("Open this account again?"),
        gettext_lazy("They get a new initial password, which is shown to you only once."),
        gettext_lazy("Open the account"),
        asks_password=True,
    ),
}


@staff
@require_safe
def members(request: StaffRequest) -> HttpResponse:
    form = StaffFilterForm(request.GET)
    paginator = Paginator(list_staff(form.query), _PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page", "")[:8])
    filters = {name: request.GET.get(name, "") for name in form.fields}
    links = filtered_links(page.number, paginator.num_pages, filters)
    return render(
        request,
        "office/staff/staff.html",
        {"form": form, "people": page, "links": links, "may_change": _may_change(request)},
    )


@staff
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """POST answers with the initial password, which no address shows again."""
    is_posted = request.method == "POST"
    form, reauthentication = (
        NewUserForm(request.POST if is_posted else None),
        ReauthenticationForm.of(request),
    )
    if is_posted and form.is_valid() and reauthentication.is_reauthenticated():
        cleaned = form.cleaned_data
        try:
            user, password = accounts.add_user(
                cleaned["username"], form.profile, actor=request.user, submission=cleaned["submission"]
            )
        except Refusal as refusal:
            add_refusal(form, "username", refusal)
        else:
            return _show_password(request, get_staff_record(user.pk), password)
    context = {"form": form, "reauthentication": reauthentication, "submission": random_token()}
    return render(request, "office/staff/new.html", context, status=422 if is_posted else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: StaffRequest, user_id: int) -> HttpResponse:
    record = get_staff_record(user_id)
    if request.method != "POST":
        return _member_page(request, record, ProfileForm.of(record))
    form = ProfileForm(request.POST, keeps=record.user.branch)
    if not form.is_valid():
        return _member_page(request, record, form, status=422)
    last_event_id, submission = form.cleaned_data["seen"] or 0, form.cleaned_data["submission"]
    try:
        accounts.change_user(
            user_id, form.profile, last_event_id=last_event_id, actor=request.user, submission=submission
        )
    except Refusal as refusal:
        add_refusal(form, None, refusal)
        return _member_page(request, record, form, status=refusal.status)
    messages.success(request, _("Saved."))
    return redirect("office:staff_member", user_id)


@staff
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_account(request: StaffRequest, user_id: int, name: str) -> HttpResponse:
    """Ask, with what follows from it; then do it."""
    record, action, is_posted = get_staff_record(user_id), ACTIONS[name], request.method == "POST"
    form = AccountActionForm(request.POST if is_posted else None)
    reauthentication = ReauthenticationForm.of(request) if action.asks_password else None
    status = 422 if is_posted else 200
    if is_posted and form.is_valid() and (reauthentication is None or reauthentication.is_reauthenticated()):
        try:
            password = action.act(user_id, **form.cleaned_data, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, None, refusal)
            status = refusal.status
        else:
            return _done(request, record) if password is None else _show_password(request, record, password)
    context = {
        "record": record,
        "action": action,
        "form": form,
        "reauthentication": reauthentication,
        "submission": random_token(),
    }
    return render(request, "office/staff/confirm.html", context, status=status)


def _done(request: StaffRequest, record: StaffRecord) -> HttpResponse:
    messages.success(request, _("Done: %(name)s.") % {"name": record.user.display_name})
    return redirect("office:staff_member", record.user.pk)


def _show_password(request: StaffRequest, record: StaffRecord, password: str) -> HttpResponse:
    """The initial password, once; nothing if the form was sent a second time."""
    if not password:
        messages.warning(
            request,
            _("This was done before, and the password was shown then. If it is lost, create a new one."),
        )
        return redirect("office:staff_member", record.user.pk)
    return render(request, "office/staff/initial_password.html", {"record": record, "password": password})


def _member_page(
    request: StaffRequest, record: StaffRecord, form: ProfileForm, *, status: int = 200
) -> HttpResponse:
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
