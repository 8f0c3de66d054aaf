"""Moments read from PostgreSQL by the standard library.

Django's own reader takes a regular expression and nine times as long for each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader


class TimestampLoader(BaseTzLoader):  # type: ignore[misc]  # the stubs know nothing of it
    """For a connection in UTC, whose moments are therefore written as 2026-11-27 18:00:53.51+00."""

    timezone = UTC

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        # Not psycopg's own, which asks the connection for its zone, for each statement that reads a moment.
        Loader.__init__(self, oid, context)
        self._oid, self._context = oid, context

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # before the year 1 or after 9999, infinity
            super().__init__(self._oid, self._context)
            moment: datetime = super().load(data)
            return moment


def read_timestamps(connection: Any, **_signal: object) -> None:
    """Receive Django's signal for a new connection."""
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", TimestampLoader)
