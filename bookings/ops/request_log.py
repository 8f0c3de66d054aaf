"""One line for each request, its id on everything else that the request writes, and what it cost."""

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from time import monotonic, perf_counter
from typing import Any, Final

from django.core.signals import request_finished
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse

from bookings.base.codes import sha256
from bookings.base.logs import Fields, request_id, route_name
from bookings.base.metrics import count_request
from bookings.database.query_log import Tally, has_slow_queries, tally
from bookings.database.session_store import VISITOR
from bookings.domain.maintenance.slow_queries import keep_slow_queries
from bookings.web.middleware import is_our_proxy

logger = logging.getLogger("bookings.requests")
_KEEP_EVERY: Final = 5.0
_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestLog:
    """Stands outside of all that may look at the session or rewrite the peer's address, and inside of the
    static files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        watch = _RequestWatch(request)
        response = self.get_response(request)
        response["X-Request-ID"] = watch.id
        if response.streaming:
            watch.follow(response)
        else:
            watch.finish(response, 0 if request.method == "HEAD" else len(response.content))
        return response


class _RequestWatch:
    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.id = _id_of(request)
        self.tally = Tally()
        self.sent = 0
        request_id.set(self.id)
        tally.set(self.tally)
        self.started = perf_counter()

    def follow(self, response: Any) -> None:
        """A stream queries and fails while it is sent, so its line is written when the server closes it."""
        if not response.has_header(
            "Content-Length"
        ):  # a file says its size, and is left to the server to send
            response.streaming_content = self._counted(response.streaming_content)
        response._resource_closers.append(
            lambda: self.finish(response, self.sent or int(response.get("Content-Length", 0)))
        )

    def _counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.sent += len(part)
            yield part

    def finish(self, response: HttpResponse, size: int) -> None:
        took, own_tally, route = perf_counter() - self.started, self.tally, route_name(self.request)
        method = self.request.method or ""
        count_request(route, method, response.status_code, took, own_tally.queries, own_tally.seconds)
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                Fields(
                    id=self.id,
                    route=route,
                    method=method[:10],
                    status=response.status_code,
                    ms=round(took * 1000, 1),
                    queries=own_tally.queries,
                    db_ms=round(own_tally.seconds * 1000, 1),
                    who=_who(self.request),
                    bytes=size,
                )
            )
        request_id.set("")
        tally.set(None)


def _id_of(request: HttpRequest) -> str:
    """The id that our own proxy gave, so that its log and ours can be laid side by side.

    Anybody else's is ignored.
    """
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    if given and _ID.fullmatch(given) and is_our_proxy(request.META.get("REMOTE_ADDR", "")):
        return given
    return secrets.token_hex(8)


def _who(request: HttpRequest) -> str:
    """Who asked, if the request had to read its session anyway.

    The id of a user, or the hash under which a visitor holds seats.
    """
    known = getattr(getattr(request, "session", None), "_session_cache", None)
    if not known:
        return "-"
    if "_auth_user_id" in known:
        return f"user:{known['_auth_user_id']}"
    return f"visitor:{sha256(known[VISITOR])[:12]}" if VISITOR in known else "-"


_last_stored = [0.0]


def keep_what_was_slow(**_signal: object) -> None:
    """After the answer has left, and seldom, so that a database in trouble gets little more to do."""
    if not has_slow_queries() or monotonic() - _last_stored[0] < _KEEP_EVERY:
        return
    _last_stored[0] = monotonic()
    try:
        keep_slow_queries()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("slow queries not kept: %s", type(error).__name__)


request_finished.connect(keep_what_was_slow)
