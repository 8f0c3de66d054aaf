"""How long a web process waits for its database.

The rules that the server itself keeps are in the settings.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from django.conf import settings

_LONGER_THAN_THE_SERVER: Final = 2.0  # seconds: who is alive says so himself, by its statement_timeout


def limit_waits_of_connection(connection: Any, **_signal: object) -> None:
    """Give a new connection an end to each wait, for a server that is frozen and keeps no time limit of its
    own.
    """
    if settings.STATEMENT_SECONDS and connection.vendor == "postgresql":
        raw = connection.connection
        if (
            type(raw).wait is psycopg.Connection.wait
        ):  # the replica's connections have less patience, of their own
            raw.wait = _with_an_end(raw)


def _with_an_end(raw: psycopg.Connection) -> Callable[..., Any]:
    wait, most = raw.wait, settings.STATEMENT_SECONDS + _LONGER_THAN_THE_SERVER

    def limited(generator: Any, *, timeout: float | None = most, **options: Any) -> Any:
        try:
            return wait(generator, timeout=timeout, **options)
        except psycopg.OperationalError:
            if raw.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                raw.pgconn.finish()  # or its late answer would be taken for that to the next question
            raise

    return limited
