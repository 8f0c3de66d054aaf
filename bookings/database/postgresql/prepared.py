"""Statements that the server has prepared, while migrations change the tables that they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections

_OTHER_COLUMNS: Final = "cached plan must not change result type"


def is_outdated_plan(error: Exception) -> bool:
    """Whether a column that a prepared statement gives has got another type since it was prepared."""
    return isinstance(error, NotSupportedError) and _OTHER_COLUMNS in str(error)


def retry_outdated_plan(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Around every statement: one whose plan is outdated is sent once more, and prepared anew by and by.

    Within a transaction nothing can be sent after an error; its end by ROLLBACK lets psycopg forget what it
    has prepared.
    """
    try:
        return execute(sql, params, many, context)
    except NotSupportedError as error:
        connection = context["connection"]
        if connection.in_atomic_block or not is_outdated_plan(error):
            raise
        connection.connection.execute("DEALLOCATE ALL")
        return execute(sql, params, many, context)


def prepare_nothing(using: str = DEFAULT_DB_ALIAS, **_signal: object) -> None:
    """Before a migration: its statements differ, and the tables change under those that are alike."""
    _set_threshold(using, None)


def prepare_as_before(using: str = DEFAULT_DB_ALIAS, **_signal: object) -> None:
    _set_threshold(using, connections[using].settings_dict["OPTIONS"].get("prepare_threshold"))


def _set_threshold(using: str, threshold: int | None) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql" and connection.connection is not None:
        connection.connection.prepare_threshold = threshold
