from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func
from django.utils import timezone
from prometheus_client import Counter

from bookings.base.codes import sha256
from bookings.base.errors import Busy
from bookings.database.postgresql.prepared import is_outdated_plan

_LOCK_NOT_AVAILABLE: Final = "55P03"
_DEADLOCK: Final = "40P01"


@contextmanager
def short_transaction() -> Iterator[None]:
    """One all-or-nothing action.

    A lock that is not to be had in time becomes `Busy`, and so does a migration that is just going on.
    """
    with busy_if_locked(), transaction.atomic():
        yield


@contextmanager
def busy_if_locked() -> Iterator[None]:
    """As `short_transaction`, for a single statement, which is a transaction of its own."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) in {
            _LOCK_NOT_AVAILABLE,
            _DEADLOCK,
        } or "database is locked" in str(error):
            raise Busy from error
        raise
    except NotSupportedError as error:
        if is_outdated_plan(error):
            raise Busy from error
        raise


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read within is of one moment, while others go on writing. Nothing may be written within."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:  # not atomic(), whose IMMEDIATE would keep the writers waiting
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def take_turns(*names: str) -> None:
    """Let one transaction at a time go on of those that give one of the same names, until it is over: for a
    limit over rows that no common row is locked for. SQLite: its transactions do anyway.
    """
    if connection.vendor == "postgresql":
        keys = sorted(
            int(sha256(name)[:15], 16) for name in names if name
        )  # in one order, or two wait crosswise
        with connection.cursor() as cursor:
            for key in keys:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def database_now() -> datetime:
    """The one clock that expiries are compared with: the database's on PostgreSQL, this host's on SQLite.

    Read it after taking the lock: `now()` of PostgreSQL stands still at the start of the transaction.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


class DatabaseClock(Func):
    """The database's clock as a column of a query that is sent once the locks are held.

    None on SQLite, where this host's clock counts.
    """

    function = "clock_timestamp"
    output_field = DateTimeField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return "NULL", []


@contextmanager
def lone_statement(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """For one statement that may be refused.

    A transaction of the caller's stays whole, and there is none where it needs none.
    """
    with transaction.atomic(using) if transaction.get_connection(using).in_atomic_block else nullcontext():
        yield


def count_committed(counter: Counter, *labels: str) -> None:
    """Count what the running transaction does, once it is done for good."""
    transaction.on_commit(lambda: counter.labels(*labels).inc())
