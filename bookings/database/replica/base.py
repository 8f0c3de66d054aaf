"""The database engine of the replica.

PostgreSQL that is never waited for. A replica that hangs must cost a moment, not a request.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg import IsolationLevel

CONNECT_SECONDS: Final = 0.3
PROBE_SECONDS: Final = 0.3
QUERY_SECONDS: Final = 3.0
_Steps = Generator[Any, Any, Any]


def limited(steps: _Steps, seconds: float) -> _Steps:
    """The steps of a wait for the server, given up after so many seconds.

    Neither libpq nor a statement timeout notices a frozen server.
    """
    until = time.monotonic() + seconds
    try:
        waits_for = next(steps)
        while True:
            is_ready = yield waits_for
            if not is_ready and time.monotonic() > until:
                raise psycopg.OperationalError("the replica does not answer in time")
            waits_for = steps.send(is_ready)
    except StopIteration as end:
        return end.value  # what the steps give at their end


class HastyConnection(psycopg.Connection[Any]):
    longest_wait = QUERY_SECONDS

    def wait(self, gen: _Steps, *args: Any, **options: Any) -> Any:
        return super().wait(limited(gen, self.longest_wait), *args, **options)

    @classmethod
    def _connect_gen(cls, *args: Any, **options: Any) -> _Steps:
        return limited(
            super()._connect_gen(*args, **options), CONNECT_SECONDS
        )  # connect_timeout knows no less than 2 s


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> HastyConnection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return HastyConnection.connect(**conn_params)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """For a probe: what does not answer at once counts as away."""
        self.ensure_connection()
        self.connection.longest_wait = PROBE_SECONDS
        try:
            yield
        finally:
            if self.connection:
                self.connection.longest_wait = QUERY_SECONDS
