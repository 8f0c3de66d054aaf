from functools import partial
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from bookings.base.errors import RuleBroken, TooMany
from bookings.base.logs import request_id
from bookings.domain.company.details import company_name
from bookings.web.problems import is_program, rule_problem
from bookings.web.refusals import counted
from bookings.web.requests import htmx_of

_MOST_FIELDS: Final = 200
_MOST_TYPED: Final = 20_000

VARY: Final = ("HX-Request", "HX-Target")


def site(request: HttpRequest) -> dict[str, Any]:
    """What every template may use.

    Touches neither session nor CSRF token, so that public pages stay cacheable.
    """
    return {
        "site_url": settings.SITE_URL,
        "is_demo": settings.IS_DEMO,
        "company_name": company_name(),
        "is_posted": request.method == "POST",
        "menu_place": (place := _menu_place(request.path)),
        "menu": partial(_menu, place),
        "request_id": request_id.get(),
    }


class MenuLink(NamedTuple):
    address: str
    label: str
    is_current: bool


def _menu(place: str) -> list[MenuLink]:
    """The passengers' menu; asked for by its template only, which is kept for each place."""
    links = (
        ("search", "passenger:home", _("Search")),
        ("departures", "passenger:board", _("Departures")),
        ("routes", "passenger:network", _("Network")),
        ("bookings", "passenger:find", _("My booking")),
    )
    return [MenuLink(reverse(name), label, key == place) for key, name, label in links]


def _menu_place(path: str) -> str:
    """Which link of the passengers' menu leads here, or to what this page belongs to."""
    if path == "/":
        return "search"
    first, _slash, rest = path[1:].partition("/")
    is_in_menu = first in ("routes", "bookings") or (first in ("search", "departures") and not rest)
    return first if is_in_menu else ""


def render_page(
    request: HttpRequest,
    page: str,
    context: dict[str, Any],
    *,
    fragment: str = "",
    target: str = "",
    status: int = 200,
) -> HttpResponse:
    """Answer an htmx swap of the element with id `target` by `fragment` alone, anything else by the whole
    page.

    A history restore gets the whole page too, or Back would show a bare fragment.
    """
    alone = bool(fragment) and swaps_only(request, target)
    response = render(request, fragment if alone else page, context, status=status)
    if fragment:
        patch_vary_headers(response, VARY)
    return response


def swaps_only(request: HttpRequest, target: str) -> bool:
    """Whether htmx asks for the element `target` and nothing else."""
    htmx = htmx_of(request)
    return htmx.target == target and not htmx.history_restore_request


def private(response: HttpResponse) -> HttpResponse:
    """For pages with somebody's details: kept by no cache and no shared computer."""
    response["Cache-Control"] = "no-store, private"
    return response


def render_problem(request: HttpRequest, problem: RuleBroken) -> HttpResponse:
    """The error page of a broken rule.

    Within htmx the same message as a fragment, for a program as problem details.
    """
    if is_program(request):
        return rule_problem(problem)
    counted(problem)
    htmx = htmx_of(request)
    fragment = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
    template = "errors/_problem.html" if fragment else f"errors/{problem.status}.html"
    again = _sent_again(request) if isinstance(problem, TooMany) and not fragment else None
    response = render(request, template, {"problem": problem, "again": again}, status=problem.status)
    retry_after = getattr(problem, "retry_after", None)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if fragment:
        response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
    return private(response)


def _sent_again(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What was typed, for a form that sends the same once more.

    Not where a password was typed, and not what no page of ours sends.
    """
    if request.method != "POST" or hasattr(request, "sensitive_post_parameters"):
        return None
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    return (
        fields
        if len(fields) <= _MOST_FIELDS and sum(len(value) for _name, value in fields) <= _MOST_TYPED
        else None
    )
