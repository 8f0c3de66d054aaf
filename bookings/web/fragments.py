from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.safestring import SafeString, mark_safe

from bookings.base.codes import sha256


def fill(html: str, *values: Any, **named: Any) -> SafeString:
    """Django's `format_html` for strings and numbers, without asking each value whether it waits for a language: thousands to a page."""
    return SafeString(html.format(*map(_escaped, values), **{name: _escaped(value) for name, value in named.items()}))


def _escaped(value: Any) -> str:
    return value if isinstance(value, SafeString) else escape(str(value))


def kept_fragment(template: str, context: dict[str, Any], *, key: str, seconds: int | Callable[[], int]) -> SafeString:
    """The rendered template, kept in the cache under `key`, which must name all that decides what it shows. No key: made anew.

    While it is kept nothing of the context is evaluated: pass what costs a query as a function.
    """
    html = cache.get(key) if key else None
    if html is None:
        html = str(render_to_string(template, context))
        if key:
            cache.set(key, html, timeout=seconds() if callable(seconds) else seconds)
    return mark_safe(html)  # our own rendering, escaped by the template


def kept_page(
    request: HttpRequest, make: Callable[[], HttpResponse], *, key: str, seconds: int | Callable[[], int], vary: Iterable[str] = ()
) -> HttpResponse:
    """The page that `make` renders for everybody, kept under `key` like a fragment; who has it already gets 304, and nothing is read.

    No key, or a message for this visitor alone: made anew.
    """
    if not key or "messages" in request.COOKIES:
        return make()
    response = HttpResponse()
    response["ETag"] = f'"{sha256(key)[:32]}"'
    patch_vary_headers(response, [*vary, "Accept-Encoding"])  # a 304 says what the whole answer would
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    if answer is not response:
        return answer
    body = cache.get(key)
    if body is None:
        body = make().content.decode()
        cache.set(key, body, timeout=seconds() if callable(seconds) else seconds)
    response.content = body
    return response
