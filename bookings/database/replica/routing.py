"""Reads that may be some seconds old go to a streaming replica (REPLICA_URL); all else goes to the primary.

A view says by `may_lag` that it only reads and may be some seconds behind. Within it every read of ours goes
to the replica, unless

* the visitor changed anything within the last REPLICA_MAX_LAG seconds: each answer to a change sets a cookie
of that life,
* the request itself has written, is inside a transaction, or carries a key of a program, which keeps no
cookies,
* the replica is away, or is not known to have replayed all that was committed until REPLICA_MAX_LAG seconds
ago.

So nobody misses what he did himself: at time t the replica is read only if it has everything committed before
t - REPLICA_MAX_LAG, and whoever committed later than that still has his cookie. How far the replica is we
know without its clock and without its word on its lag, which is silent about a broken stream: a position of
the primary's log, noted with the time just before it was asked for, is compared with the position that the
replica has replayed, read on the very connection that is used next.
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import wraps
from typing import Any, Final, NamedTuple, TypeVar, cast

from django.conf import settings
from django.core.cache.backends.base import default_key_func
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("bookings.replica")
View = TypeVar("View", bound=Callable[..., HttpResponse])
PRIMARY: Final = "default"
REPLICA: Final = "replica"
COOKIE: Final = "changed"  # not signed: a forged one only leads its owner to the primary
MARK_SECONDS: Final = 1.0  # how often a process asks the primary for its position
_CHANGES: Final = re.compile(r'\s*(?:INSERT|UPDATE|DELETE)\b[^"]*"bookings_(?!ratecount)')
_PAGE, _HEADERS = 8192, (24, 40)  # of the primary's log
OPEN_SECONDS: Final = 5.0  # after a failure the replica is left alone for so long


class _Here(threading.local):
    """What the request of this thread does."""

    may_lag = False
    has_written = False


_here = _Here()


def _reads_replica() -> bool:
    return _here.may_lag and not _here.has_written and not connections[PRIMARY].in_atomic_block


class Router:
    def db_for_read(self, model: type[Model], **_hints: Any) -> str:
        # Who somebody is and what he may do is never read late: users, sessions, second factors, counts
        # against a limit.
        is_ours = model._meta.app_label == "bookings" and model._meta.label not in (
            settings.AUTH_USER_MODEL,
            "bookings.RateCount",
        )
        return REPLICA if is_ours and _reads_replica() else PRIMARY

    def db_for_write(self, _model: type[Model], **_hints: Any) -> str:
        return PRIMARY

    def allow_relation(self, *_rows: Model, **_hints: Any) -> bool:
        return True  # both are the same data

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db != REPLICA


def cache_key(key: str, prefix: str, version: int) -> str:
    """What was read from the replica is kept under names of its own, so that a fresh read never meets it.

    Counters are nobody's copy.
    """
    late = REPLICA in settings.DATABASES and _reads_replica() and not key.startswith("limit:")
    return default_key_func(f"{REPLICA}:{key}" if late else key, prefix, version)


class Mark(NamedTuple):
    position: Decimal  # in the primary's log
    at: float  # everything that was committed before is behind that position


class Watch:
    """What this process knows about the replica."""

    def __init__(self) -> None:
        self.reached = Mark(Decimal(0), -math.inf)  # the latest mark that the replica was seen to have passed
        self.pending: Mark | None = None
        self.open_until = 0.0

    def is_open(self) -> bool:
        return time.monotonic() < self.open_until

    def is_fresh(self) -> bool:
        """Whether the replica has all that was committed until REPLICA_MAX_LAG seconds ago.

        Raises DatabaseError when it does not answer.
        """
        replayed = self._replayed()
        if replayed is None:  # no replica, but a server that takes writes itself
            return False
        self._pass(replayed)
        if self.pending is None and time.monotonic() - self.reached.at > MARK_SECONDS:
            self.pending = self._mark()
            self._pass(replayed)
        return (
            replayed >= self.reached.position
            and time.monotonic() - self.reached.at <= settings.REPLICA_MAX_LAG
        )

    def _pass(self, replayed: Decimal) -> None:
        mark = self.pending
        if mark and replayed >= mark.position:
            self.reached, self.pending = mark, None

    def _replayed(self) -> Decimal | None:
        replica: Any = connections[REPLICA]
        with replica.hurried(), replica.cursor() as cursor:
            cursor.execute("SELECT pg_last_wal_replay_lsn() - '0/0'")
            position: Decimal | None = cursor.fetchone()[0]
        return position

    def _mark(self) -> Mark:
        at = time.monotonic()
        with connections[PRIMARY].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
            position = cursor.fetchone()[0]
        if position % _PAGE in _HEADERS:  # just behind the header of a page that nothing is written on yet
            position -= position % _PAGE
        return Mark(position, at)

    def give_up(self, error: Exception) -> None:
        self.open_until = time.monotonic() + OPEN_SECONDS
        connections[REPLICA].close()
        logger.warning("replica unavailable, the primary answers: %s", type(error).__name__)


watch: Final = Watch()


def may_lag(view: View) -> View:
    """For a view that only reads.

    See the top of this file. If the replica fails on the way, the view is called again on the primary.
    """

    @wraps(view)
    def reading(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if _may_serve(request):
            try:
                with _reading():
                    return view(request, *args, **options)
            except (OperationalError, InterfaceError) as error:
                watch.give_up(error)
        return view(request, *args, **options)

    wrapped = cast(View, reading)
    wrapped.may_lag = True  # type: ignore[attr-defined]  # read by a test
    return wrapped


def _may_serve(request: HttpRequest) -> bool:
    if REPLICA not in settings.DATABASES or request.method not in ("GET", "HEAD") or watch.is_open():
        return False
    if COOKIE in request.COOKIES or "Authorization" in request.headers:
        return False
    try:
        return watch.is_fresh()
    except (DatabaseError, InterfaceError) as error:
        watch.give_up(error)
        return False


@contextmanager
def _reading() -> Iterator[None]:
    _here.may_lag = True
    try:
        yield
    finally:
        _here.may_lag = False


def own_changes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Whoever changes anything reads from the primary until the replica must have it, too."""
    if REPLICA not in settings.DATABASES:
        raise MiddlewareNotUsed
    life = math.ceil(settings.REPLICA_MAX_LAG) + 2  # browsers count whole seconds

    def middleware(request: HttpRequest) -> HttpResponse:
        _here.has_written = False
        with connections[PRIMARY].execute_wrapper(_notice):
            response = get_response(request)
        if _here.has_written:
            response.set_cookie(
                COOKIE,
                "1",
                max_age=life,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response

    return middleware


def _notice(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if _CHANGES.match(str(sql)):
        _here.has_written = True
    return execute(sql, *rest)


def replica_state() -> str:
    """For /health/: `none`, `ok`, `behind` or `error`.

    Only `behind` and `error` are worth a look; people are served all the same.
    """
    if REPLICA not in settings.DATABASES:
        return "none"
    if watch.is_open():
        return "error"
    try:
        for _look in range(3):  # on a busy primary the position has to arrive first
            if watch.is_fresh():
                return "ok"
            time.sleep(0.05)
    except (DatabaseError, InterfaceError) as error:
        watch.give_up(error)
        return "error"
    return "behind"
