"""Statements written by hand, for reads of almost every page.

Django takes longer to put them together than a database to answer them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model


class SelectStatement:
    """A SELECT in the words of PostgreSQL and of SQLite, of a `model` and where its reads go.

    `fields` of the model say how each column is read; "" leaves it as it comes. A list of numbers, moments or
    codes among the parameters is an array to PostgreSQL (`unnest(%s::bigint[])`) and a JSON array to SQLite
    (`json_each(%s)`).
    """

    def __init__(self, model: type[Model], fields: Sequence[str], *, postgresql: str, sqlite: str) -> None:
        self._model, self._sql = model, {"postgresql": postgresql, "sqlite": sqlite}
        by_name: dict[str, Any] = {field.name: field.cached_col for field in model._meta.concrete_fields}
        self._columns = [by_name[name] if name else None for name in fields]

    def fetch(self, *parameters: Any) -> list[tuple[Any, ...]]:
        connection = connections[router.db_for_read(self._model)]
        adapt = _to_postgresql if connection.vendor == "postgresql" else _to_sqlite
        with connection.cursor() as cursor:
            cursor.execute(self._sql[connection.vendor], [adapt(value) for value in parameters])
            rows = cursor.fetchall()
        return rows if connection.vendor == "postgresql" else self._converted(rows, connection)

    def _converted(
        self, rows: list[tuple[Any, ...]], connection: BaseDatabaseWrapper
    ) -> list[tuple[Any, ...]]:
        """As Django would read them."""
        converters = [_converters(column, connection) for column in self._columns]
        return [
            tuple(_convert(value, *how, connection) for value, how in zip(row, converters, strict=True))
            for row in rows
        ]


def _to_postgresql(value: Any) -> Any:
    return (
        f"{{{','.join(map(str, value))}}}" if isinstance(value, list) else value
    )  # psycopg takes long over a list


def _to_sqlite(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps([_to_sqlite(item) for item in value])
    return str(value.astimezone(UTC).replace(tzinfo=None)) if isinstance(value, datetime) else value


def _converters(column: Any, connection: BaseDatabaseWrapper) -> tuple[list[Any], Any]:
    if column is None:
        return [], None
    return [*connection.ops.get_db_converters(column), *column.target.get_db_converters(connection)], column


def _convert(value: Any, converters: list[Any], column: Any, connection: BaseDatabaseWrapper) -> Any:
    for convert in converters:
        value = convert(value, column, connection)
    return value
