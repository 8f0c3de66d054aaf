"""Reference data cached in this process: names, routes, fares, classes, types and seats change some times a
day and are read by every page.

A value is valid for one version of the reference data (`database/reference_triggers.py`); a request reads the
version at most once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import CharField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language

from bookings.database.reference_triggers import VERSION_TABLE

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
M = TypeVar("M", bound=Model)
_MOST: Final = 20_000  # values; then it begins anew


class _Check(threading.local):
    """Whether this thread has read the version already, of each database that it reads."""

    is_open = False
    versions: Mapping[str, str] = {}


_check: Final = _Check()
_values: tuple[str, dict[tuple[Any, ...], Any]] = (
    "",
    {},
)  # of one version; replaced whole, so that another thread never sees half of it


def cached(key: tuple[Any, ...], read: Callable[[], Value]) -> Value:
    """What `read` gives, read again only after reference data has changed, by whatever process.

    `key` names what is read in this language. The value is shared: nobody may change it.
    """
    if not _check.is_open:
        with single_version_check():
            return cached(key, read)
    values = _current_values()
    if values is None:
        return read()
    full_key = (get_language(), *key)
    if full_key in values:
        known_value: Value = values[full_key]
        return known_value
    # Read after the version: should that change in between, this is newer than its version, which nobody will
    # ever see again.
    value = read()
    _keep(values, {full_key: value})
    return value


def cached_each(
    name: str, keys: Iterable[Key], read: Callable[[list[Key]], Mapping[Key, Value]]
) -> dict[Key, Value]:
    """As `cached` for each of the keys: those whose values are not cached are read together."""
    if not _check.is_open:
        with single_version_check():
            return cached_each(name, keys, read)
    requested, language = list(dict.fromkeys(keys)), get_language()
    values = _current_values()
    known = {} if values is None else values
    values_by_key = {key: known[language, name, key] for key in requested if (language, name, key) in known}
    if missing := [key for key in requested if key not in values_by_key]:
        new = read(missing)
        values_by_key |= new
        if values is not None:
            _keep(values, {(language, name, key): value for key, value in new.items()})
    return values_by_key


def _current_values() -> dict[tuple[Any, ...], Any] | None:
    """Those of the present version, shared by all threads. None while there is no reference data."""
    global _values
    version = reference_data_version()
    if not version:
        return None
    known = _values
    if known[0] != version:
        known = _values = (version, {})
    return known[1]


def _keep(values: dict[tuple[Any, ...], Any], new: dict[tuple[Any, ...], Any]) -> None:
    if len(values) >= _MOST:
        values.clear()
    values.update(new)


def reference_data_version() -> str:
    """One query, within `single_version_check` once. It belongs in the key of everything that is cached
    elsewhere.

    Empty while there is no reference data: then nothing may be cached.
    """
    database = _database()
    if not _check.is_open:
        return read_version(database)
    if database not in _check.versions:
        _check.versions = {**_check.versions, database: read_version(database)}
    return _check.versions[database]


def _database() -> str:
    """Where the data will be read, too: a replica may be a little behind."""
    return router.db_for_read(_version_model())


@cache
def _version_model() -> type[Model]:
    return apps.get_model("bookings", "ReferenceDataVersion")


def is_version_read() -> bool:
    """Whether this request has asked for the version already, so that what is cached costs nothing more."""
    return _check.is_open and any(_check.versions.values())


def known_version() -> str:
    """The version, if this request has asked for it already; else empty."""
    return _check.versions.get(_database(), "") if _check.is_open else ""


def with_version(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows of a query that a request begins with, which then need not ask for the version.

    See `note_version`.
    """
    version = RawSQL(f"(SELECT mark FROM {VERSION_TABLE})", (), CharField())
    return rows.annotate(reference_data_version=version)  # type: ignore[return-value]  # the stubs lose M


def note_version(rows: list[M]) -> list[M]:
    """The same rows, of a query made by `with_version`.

    What is cached from now on was read after that version.
    """
    if rows and _check.is_open:
        database = _database()
        if database == rows[0]._state.db and database not in _check.versions:
            _check.versions = {
                **_check.versions,
                database: getattr(rows[0], "reference_data_version", None) or "",
            }
    return rows


def read_version(using: str = DEFAULT_DB_ALIAS) -> str:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT mark FROM {VERSION_TABLE}")
        row = cursor.fetchone()
    return row[0] if row else ""


@contextmanager
def single_version_check() -> Iterator[None]:
    """Code that only reads, such as a request, asks once whether anything has changed. Also a decorator."""
    if _check.is_open:
        yield
        return
    _check.is_open, _check.versions = True, {}
    try:
        yield
    finally:
        _check.is_open, _check.versions = False, {}
