import ipaddress
import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from bookings.base.errors import RuleBroken
from bookings.domain.network.catalogue import one_look
from bookings.web.errors import unavailable
from bookings.web.render import render_problem

logger = logging.getLogger("bookings.web")
GetResponse = Callable[[HttpRequest], HttpResponse]


@cache
def _proxy_nets(nets: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(net) for net in nets]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def client_address(get_response: GetResponse) -> GetResponse:
    """Put the client's own address in REMOTE_ADDR.

    X-Forwarded-For counts only if the peer is one of our proxies, and then only the entry that our outermost proxy
    wrote: the n-th from the right with n = TRUSTED_PROXIES. Anything further left may be forged.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        hops = settings.TRUSTED_PROXIES
        peer = _address(request.META.get("REMOTE_ADDR", ""))
        if hops and peer and any(peer in net for net in _proxy_nets(tuple(settings.TRUSTED_PROXY_NETS))):
            forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            client = _address(forwarded[-hops]) if len(forwarded) >= hops else None
            if client:
                request.META["REMOTE_ADDR"] = str(client)
        return get_response(request)

    return middleware


def reference_data(get_response: GetResponse) -> GetResponse:
    """A request asks once whether what is remembered of the reference data is still true, and only if it needs any."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with one_look():
            return get_response(request)

    return middleware


class HtmxAnswers:
    """A redirect must move the whole page, not load into the swapped part; and a lost login must show as one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.htmx and isinstance(response, HttpResponseRedirect):
            target = response.url
            login = resolve_url(settings.LOGIN_URL)
            if target.startswith(login):
                target = f"{login}?{urlencode({'next': request.htmx.current_url_abs_path or '/'})}"
            redirect = HttpResponseClientRedirect(target)
            redirect.cookies = response.cookies
            return redirect
        return response


class RuleAnswers:
    """The one place where a broken rule becomes 404, 409, 422 or 429, and a database that is away becomes 503."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RuleBroken):
            return render_problem(request, error)
        if isinstance(error, OperationalError | InterfaceError):
            logger.exception("database unavailable")
            return unavailable(request)
        return None
