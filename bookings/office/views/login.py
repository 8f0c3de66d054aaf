import time
from typing import Final

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.errors import Refusal, TooMany
from bookings.domain.staff.second_factor import has_second_factor, is_valid_code
from bookings.models import User
from bookings.office import sessions
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.login import LoginForm, SecondFactorForm
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import add_refusal, counted
from bookings.web.render import private

_FIRST_STEP: Final = "signing_in"  # the password was right, the code is due
_FIRST_STEP_SECONDS: Final = 300


@public
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method != "POST":
        return redirect(_next_address(request))
    problem = _is_too_often(request) if request.method == "POST" else None
    if problem:
        return _too_often(request, problem)
    form = LoginForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        user = form.get_user()
        if not has_second_factor(user):
            return _sign_in(request, user, _next_address(request))
        request.session[_FIRST_STEP] = {"user": user.pk, "at": time.time(), "next": _next_address(request)}
        return redirect("office:login_code")
    return _page(request, form, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, form: LoginForm, *, problem: TooMany | None = None, status: int = 200
) -> HttpResponse:
    page = {
        "form": form,
        "next": request.POST.get("next", request.GET.get("next", "")),
        "problem": counted(problem),
    }
    return private(render(request, "office/account/login.html", page, status=status))


def _is_too_often(request: HttpRequest) -> TooMany | None:
    try:
        enforce_limit(request, "login")
    except TooMany as problem:
        return problem
    return None


def _too_often(request: HttpRequest, problem: TooMany) -> HttpResponse:
    """The same page with the name that was typed; the password is not looked at."""
    form = LoginForm(request, initial={"username": request.POST.get("username", "")[:150]})
    response = _page(request, form, problem=problem, status=problem.status)
    response["Retry-After"] = str(problem.retry_after)
    return response


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    first_step = request.session.get(_FIRST_STEP)
    if first_step is None or time.time() - first_step["at"] > _FIRST_STEP_SECONDS:
        return redirect("office:login")
    user = User.objects.filter(pk=first_step["user"], is_active=True).first()
    if user is None:
        return redirect("office:login")
    form = SecondFactorForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            if is_valid_code(user, form.cleaned_data["code"]):
                return _sign_in(request, user, first_step["next"], by_code=True)
            form.add_error(
                "code", _("The code is incorrect or has already been used. Wait for the next one in the app.")
            )
        except (Refusal, TooMany) as refusal:
            add_refusal(form, "code", refusal)
    return private(
        render(request, "office/account/login_code.html", {"form": form}, status=422 if form.errors else 200)
    )


@staff
@require_POST
def logout(request: StaffRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("office:login")


def _sign_in(request: HttpRequest, user: User, address: str, *, by_code: bool = False) -> HttpResponse:
    request.session.pop(_FIRST_STEP, None)
    if request.user.is_authenticated:
        auth.logout(request)  # a session is never handed on: the new one has a key of its own
    auth.login(request, user, "django.contrib.auth.backends.ModelBackend")
    if by_code:
        sessions.note_second_factor(request)
    return redirect(address)


def _next_address(request: HttpRequest) -> str:
    """Where the user wanted to go, if that is a page of ours."""
    address = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if safe else resolve_url("office:dashboard")
