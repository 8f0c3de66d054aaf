"""What our middleware adds to a request, with its type."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def htmx_of(request: HttpRequest) -> HtmxDetails:
    return cast(HtmxDetails, request.htmx)  # type: ignore[attr-defined]  # by HtmxMiddleware


def is_from_our_pages(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site sent the form: for pages that are the same for
    everybody and so have no token. Every browser of today says it; who says nothing is not believed.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def peer_of(request: HttpRequest) -> str:
    """The address at the other end of the connection itself, whatever a header says."""
    return cast(str, request.peer)  # type: ignore[attr-defined]  # by client_address
