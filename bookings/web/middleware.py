import ipaddress
import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from bookings.base.errors import RuleBroken
from bookings.cache.reference_data import single_version_check
from bookings.web.errors import is_database_away, unavailable
from bookings.web.problems import is_program
from bookings.web.render import render_problem
from bookings.web.requests import htmx_of
from bookings.web.visitor import read_address

logger = logging.getLogger("bookings.web")
GetResponse = Callable[[HttpRequest], HttpResponse]


@cache
def _proxy_nets(nets: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(net) for net in nets]


def is_our_proxy(peer: str) -> bool:
    """Whether what a peer's headers say of the client may be believed."""
    address = read_address(peer) if settings.TRUSTED_PROXIES else None
    return address is not None and any(
        address in net for net in _proxy_nets(tuple(settings.TRUSTED_PROXY_NETS))
    )


def client_address(get_response: GetResponse) -> GetResponse:
    """Put the client's own address in REMOTE_ADDR.

    X-Forwarded-For counts only if the peer is one of our proxies, and then only the entry that our outermost
    proxy wrote: the n-th from the right with n = TRUSTED_PROXIES. Anything further left may be forged.
    X-Real-IP and Forwarded are never read. Who is at the other end of the connection itself stays in
    `request.peer`.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        hops = settings.TRUSTED_PROXIES
        peer = request.META.get("REMOTE_ADDR", "")
        request.peer = peer  # type: ignore[attr-defined]  # read by peer_of
        if is_our_proxy(peer):
            forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            client = read_address(forwarded[-hops]) if len(forwarded) >= hops else None
            if client:
                request.META["REMOTE_ADDR"] = str(client)
        return get_response(request)

    return middleware


def reference_data(get_response: GetResponse) -> GetResponse:
    """A request asks once whether what is cached of the reference data is still true, and only if it needs
    any.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        with single_version_check():
            return get_response(request)

    return middleware


class HtmxAnswers:
    """A redirect must move the whole page, not load into the swapped part.

    And a lost login must show as one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if htmx_of(request) and isinstance(response, HttpResponseRedirect):
            target = response.url
            login = resolve_url(settings.LOGIN_URL)
            if target.startswith(login):
                target = f"{login}?{urlencode({'next': htmx_of(request).current_url_abs_path or '/'})}"
            redirect = HttpResponseClientRedirect(target)
            redirect.cookies = response.cookies
            return redirect
        return response


class RuleAnswers:
    """The one place where a broken rule becomes 404, 409, 422 or 429, and a database that is away becomes
    503.

    Who reloads the address of a form sees a page instead of Django's empty 405.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            isinstance(response, HttpResponseNotAllowed)
            and request.method == "GET"
            and not response.content
            and not is_program(request)
        ):
            response.content = render_to_string("errors/405.html", request=request)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RuleBroken):
            return render_problem(request, error)
        if is_database_away(error):
            logger.exception("database unavailable")
            return unavailable(request)
        return None
