"""How the database is doing.

One look for `manage.py dbstats` and the office's page. Counts no rows: of big tables only estimates are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db import connection

from bookings.domain.maintenance import database_postgresql, database_sqlite
from bookings.models import SlowQuery

SLOW_SHOWN: Final = 10


@dataclass(frozen=True)
class TableStats:
    """None: this database cannot tell."""

    name: str
    rows: int | None  # an estimate
    size: int | None
    index_size: int | None
    dead_rows: int | None = None
    vacuumed_at: datetime | None = None


@dataclass(frozen=True)
class IndexStats:
    name: str
    table: str
    size: int | None
    scans: int | None
    is_rule: bool  # keeps rows apart, so it is needed whether or not anything reads it

    @property
    def is_unused(self) -> bool:
        return self.scans == 0 and not self.is_rule


@dataclass(frozen=True)
class SlowStats:
    sql: str
    place: str  # file:line; "" where the database itself counted
    times: int
    mean_ms: float
    longest_ms: float
    last_at: datetime | None = None


@dataclass(frozen=True)
class DatabaseReport:
    engine: str
    size: int
    tables: tuple[TableStats, ...]  # the largest first
    indexes: tuple[IndexStats, ...]  # those that nothing uses, then the largest
    statements: (
        tuple[SlowStats, ...] | None
    )  # the database's own list, by all the time they took; None if it keeps none
    slow: tuple[SlowStats, ...]  # what our own code waited for, the longest first
    counted_since: datetime | None = None
    hit_percent: float | None = None  # blocks found in the database's memory
    cache_hit_percent: float | None = None  # keys found in Redis
    connections: int | None = None
    most_connections: int | None = None
    oldest_transaction: timedelta | None = None
    free_size: int | None = None  # within the file
    log_size: int | None = None  # of the write-ahead log

    @property
    def unused(self) -> tuple[IndexStats, ...]:
        return tuple(index for index in self.indexes if index.is_unused)

    @property
    def unused_size(self) -> int:
        return sum(index.size or 0 for index in self.unused)

    @property
    def has_sizes(self) -> bool:
        return any(table.size is not None for table in self.tables)


def database_report(*, thorough: bool = False) -> DatabaseReport:
    """`thorough` reads what takes time on a big database: on SQLite the size of every table."""
    source: Any = database_postgresql if connection.vendor == "postgresql" else database_sqlite
    with connection.cursor() as cursor:
        facts = source.facts(cursor)
        tables = [TableStats(**row) for row in source.tables(cursor, thorough=thorough)]
        indexes = [IndexStats(**row) for row in source.indexes(cursor, thorough=thorough)]
        statements = source.statements(cursor, SLOW_SHOWN)
    return DatabaseReport(
        **facts,
        tables=tuple(
            sorted(
                tables,
                key=lambda table: (
                    -(table.size or 0) - (table.index_size or 0),
                    -(table.rows or 0),
                    table.name,
                ),
            )
        ),
        indexes=tuple(
            sorted(indexes, key=lambda index: (not index.is_unused, -(index.size or 0), index.name))
        ),
        statements=None if statements is None else tuple(SlowStats(**row) for row in statements),
        slow=tuple(_slow(row) for row in SlowQuery.objects.order_by("-longest_ms", "pk")[:SLOW_SHOWN]),
        cache_hit_percent=cache.hit_percent() if hasattr(cache, "hit_percent") else None,
    )


def _slow(row: SlowQuery) -> SlowStats:
    return SlowStats(
        row.sql, row.place, row.times, row.total_ms / max(row.times, 1), row.longest_ms, row.last_at
    )
