"""A member of staff's own account.

Password, sessions, second factor. Each change asks for the password again.
"""

from typing import Any

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.errors import Refusal, RuleBroken, TooMany
from bookings.domain.staff import own_account
from bookings.domain.staff import second_factor as factor
from bookings.domain.staff.own_sessions import end_session as end_own_session
from bookings.domain.staff.own_sessions import list_own_sessions
from bookings.domain.tickets.qr import qr_svg
from bookings.office import sessions
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.account import PasswordForm
from bookings.office.forms.login import SecondFactorForm
from bookings.office.forms.reauthentication import ReauthenticationForm
from bookings.office.presenters.own_sessions import session_rows
from bookings.web.refusals import add_refusal


def _account_page(request: StaffRequest, **forms: Any) -> HttpResponse:
    has_factor = factor.has_second_factor(request.user)
    page = {
        "password_form": PasswordForm(asks_code=has_factor, user=request.user, auto_id="password-%s"),
        "sessions_form": ReauthenticationForm(user=request.user, asks_code=has_factor, auto_id="sessions-%s"),
        "has_factor": has_factor,
        "codes_left": factor.recovery_codes_left(request.user),
        "sessions": session_rows(
            list_own_sessions(request.user, request.session.session_key or "", now=timezone.now())
        ),
    }
    return render(request, "office/account/account.html", page | forms, status=422 if forms else 200)


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _account_page(request)
    has_factor = factor.has_second_factor(request.user)
    form = PasswordForm(request.POST, asks_code=has_factor, user=request.user, auto_id="password-%s")
    if not form.is_reauthenticated():
        return _account_page(request, password_form=form)
    try:
        own_account.change_password(request.user, form.cleaned_data["new_password"])
    except Refusal as refusal:
        add_refusal(form, "new_password", refusal)
        return _account_page(request, password_form=form)
    auth.update_session_auth_hash(request, request.user)
    messages.success(
        request, _("Your password has been changed. You have been signed out on all other computers.")
    )
    return redirect("office:account")


@staff
@sensitive_post_parameters()
@require_POST
def end_sessions(request: StaffRequest) -> HttpResponse:
    form = ReauthenticationForm(
        request.POST,
        user=request.user,
        asks_code=factor.has_second_factor(request.user),
        auto_id="sessions-%s",
    )
    if not form.is_reauthenticated():
        return _account_page(request, sessions_form=form)
    own_account.end_other_sessions(request.user, form.cleaned_data["password"])
    auth.update_session_auth_hash(request, request.user)
    messages.success(request, _("You are signed out on every other computer."))
    return redirect("office:account")


@staff
@require_POST
def end_session(request: StaffRequest, session_id: int) -> HttpResponse:
    """End one other session of one's own: what makes an account safer needs no password."""
    end_own_session(request.user, session_id, current_key=request.session.session_key or "")
    messages.success(request, _("That session has ended."))
    return redirect("office:account")


def _factor_page(request: StaffRequest, **more: Any) -> HttpResponse:
    enrolment = factor.find_enrolment(request.user)
    page = {
        "has_factor": factor.has_second_factor(request.user),
        "is_needed": factor.is_needed(request.user),
        "codes_left": factor.recovery_codes_left(request.user),
        "enrolment": enrolment,
        "qr": qr_svg(enrolment.address) if enrolment else "",
        "form": SecondFactorForm(),
        "reauthentication": ReauthenticationForm.of(request) if request.method != "POST" else None,
    }
    is_wrong = any(form.errors for form in more.values() if hasattr(form, "errors"))
    return render(request, "office/account/second_factor.html", page | more, status=422 if is_wrong else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: StaffRequest) -> HttpResponse:
    """The state of things; POST ends an enrolment and shows the recovery codes, once."""
    if request.method != "POST":
        return _factor_page(request)
    form = SecondFactorForm(request.POST)
    if form.is_valid():
        try:
            codes = factor.finish_enrolment(request.user, form.cleaned_data["code"])
        except (Refusal, TooMany) as refusal:
            add_refusal(form, "code", refusal)
        else:
            sessions.note_second_factor(request)
            return render(request, "office/account/recovery_codes.html", {"codes": codes})
    return _factor_page(request, form=form)


@staff
@sensitive_post_parameters()
@require_POST
def enrol(request: StaffRequest) -> HttpResponse:
    form = ReauthenticationForm.of(request)
    if not form.is_reauthenticated():
        return _factor_page(request, reauthentication=form)
    factor.start_enrolment(request.user)
    return redirect("office:second_factor")


@staff
@sensitive_post_parameters()
@require_POST
def recovery_codes(request: StaffRequest) -> HttpResponse:
    form = ReauthenticationForm.of(request)
    if not form.is_reauthenticated():
        return _factor_page(request, reauthentication=form)
    return render(
        request, "office/account/recovery_codes.html", {"codes": factor.renew_recovery_codes(request.user)}
    )


@staff
@sensitive_post_parameters()
@require_POST
def drop(request: StaffRequest) -> HttpResponse:
    form = ReauthenticationForm.of(request)
    if not form.is_reauthenticated():
        return _factor_page(request, reauthentication=form)
    if factor.is_needed(request.user):
        raise RuleBroken(_("Your role needs a second factor. You can replace it, but not remove it."))
    factor.drop_second_factor(request.user, actor=request.user)
    messages.success(request, _("You now sign in with your password only."))
    return redirect("office:second_factor")
