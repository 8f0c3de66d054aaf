from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from time import time
from typing import Any, Final

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.safestring import SafeString, mark_safe

from bookings.base.codes import sha256


def fill(html: str, *values: Any, **named: Any) -> SafeString:
    """Django's `format_html` for strings and numbers, without asking each value whether it waits for a
    language: thousands to a page.
    """
    return SafeString(
        html.format(*map(_escaped, values), **{name: _escaped(value) for name, value in named.items()})
    )


def _escaped(value: Any) -> str:
    return value if isinstance(value, SafeString) else _escape(str(value))


_escape: Final = lru_cache(maxsize=5000)(escape)  # the rows of a list differ in few words


@dataclass(frozen=True)
class Fragment:
    """A template to be kept in the cache under `key`, which must name all that decides what it shows. No key:
    made anew.

    While it is kept nothing of the context is evaluated: pass what costs a query as a function.
    """

    template: str
    context: dict[str, Any]
    key: str
    seconds: int | Callable[[], int]


class Parts:
    """Fragments of one page by name, for its template.

    All are looked for at once, and made only if they are shown.
    """

    def __init__(self, **fragments: Fragment) -> None:
        self._fragments = fragments
        self._shown: dict[str, tuple[str, float]] = {}  # with the time until when it is true

    def __getitem__(self, name: str) -> SafeString:
        if name not in self._shown:
            fragment = self._fragments[name]
            stored = self._cached.get(_stored_as(fragment.key))
            self._shown[name] = _read(stored) if stored else _made(fragment)
        return mark_safe(self._shown[name][0])  # our own rendering, escaped by the template

    def seconds_left(self) -> int:
        """For how long all that was shown stays true."""
        return max(1, int(min(until for _html, until in self._shown.values()) - time()))

    @cached_property
    def _cached(self) -> dict[str, bytes]:
        return cache.get_many(
            [_stored_as(fragment.key) for fragment in self._fragments.values() if fragment.key]
        )


def _stored_as(key: str) -> str:
    """Bytes have names of their own, as the release before keeps texts in JSON, beside us for a while."""
    return f"{key}:bytes"


def _read(stored: bytes) -> tuple[str, float]:
    until, _newline, html = stored.partition(b"\n")
    return html.decode(), float(until)


def _made(fragment: Fragment) -> tuple[str, float]:
    html = str(render_to_string(fragment.template, fragment.context))
    seconds = fragment.seconds() if callable(fragment.seconds) else fragment.seconds
    until = time() + seconds
    if fragment.key:
        cache.set(_stored_as(fragment.key), f"{until}\n{html}".encode(), timeout=seconds)
    return html, until


def cached_page(
    request: HttpRequest, make: Callable[[], tuple[HttpResponse, int]], *, key: str, vary: Iterable[str] = ()
) -> HttpResponse:
    """The page that `make` renders for everybody, kept under `key` for as many seconds as it says; who has it
    already gets 304, and nothing is read.

    No key, or a message for this visitor alone: made anew.
    """
    if not key or "messages" in request.COOKIES:
        return make()[0]
    response = HttpResponse()
    response["ETag"] = f'"{sha256(key)[:32]}"'
    patch_vary_headers(response, [*vary, "Accept-Encoding"])  # a 304 says what the whole answer would
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    if answer is not None and answer is not response:
        return answer
    body = cache.get(_stored_as(key))
    if body is None:
        made, seconds = make()
        body = made.content
        cache.set(_stored_as(key), body, timeout=seconds)
    response.content = body
    return response
