from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.office.access import StaffRequest, staff
from bookings.office.forms import LoginForm
from bookings.web.access import public
from bookings.web.render import private


def next_address(request: HttpRequest) -> str:
    """Where the user wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if safe else resolve_url("office:dashboard")


@public
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method != "POST":
        return redirect("office:dashboard")
    form = LoginForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        auth.login(request, form.get_user())
        return redirect(next_address(request))
    page = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    return private(render(request, "office/login.html", page, status=422 if form.errors else 200))


@staff
@require_POST
def logout(request: StaffRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("office:login")
