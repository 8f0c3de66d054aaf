"""What our middleware adds to a request, with its type."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def htmx_of(request: HttpRequest) -> HtmxDetails:
    return cast(HtmxDetails, request.htmx)  # type: ignore[attr-defined]  # by HtmxMiddleware


def peer_of(request: HttpRequest) -> str:
    """The address at the other end of the connection itself, whatever a header says."""
    return cast(str, request.peer)  # type: ignore[attr-defined]  # by client_address
