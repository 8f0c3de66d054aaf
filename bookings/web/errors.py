"""The error pages that Django asks for by name.

They use nothing that may be broken: no session, no query. Programs get problems.
"""

import sys
from urllib.parse import urlencode

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _

from bookings.web.access import public
from bookings.web.problems import is_program, problem, unavailable_problem


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_database_away(exception):  # a session that could not be saved is "interrupted" to Django
        return unavailable(request)
    if is_program(request):
        return problem(400, _("This request could not be read."))
    return render(request, "errors/400.html", status=400)


@public
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_program(request):
        return problem(403)
    return render(request, "errors/403.html", status=403)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Signing in gives a browser a new token, so that a login page in another tab has an old one: whoever is
    signed in by now is led on from there.
    """
    login = resolve_url(settings.LOGIN_URL)
    if request.path.startswith(login) and request.user.is_authenticated:
        return redirect(f"{login}?{urlencode({'next': request.POST.get('next', '')})}")
    return render(request, "errors/403_csrf.html", status=403)


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_program(request):
        return problem(404, _("There is nothing at this address."))
    return render(request, "errors/404.html", status=404)


@public
def server_error(request: HttpRequest) -> HttpResponse:
    if is_database_away(
        sys.exc_info()[1]
    ):  # it failed outside of the view, where RuleAnswers does not see it
        return unavailable(request)
    if is_program(request):
        return problem(
            500, _("Something went wrong, and we have been notified. Your request was not completed.")
        )
    return render(request, "errors/500.html", status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    if is_program(request):
        return unavailable_problem()
    response = render(request, "errors/503.html", status=503)
    response["Retry-After"] = "10"
    return response


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error is, or came of, a database that cannot be reached or cannot write."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False
