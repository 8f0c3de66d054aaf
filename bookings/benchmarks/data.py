"""Large data sets, written by the database itself in a few statements, consistent enough that the site runs
on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from bookings.base.codes import sha256
from bookings.base.names import plain_surname
from bookings.benchmarks.network import make_network
from bookings.benchmarks.script import HELPERS, Script
from bookings.benchmarks.sizes import Size
from bookings.demo.timetable import read_table
from bookings.domain.reports.day_sums import sum_days

Progress = Callable[[str], None]


def names() -> list[tuple[str, str]]:
    """First names and surnames of the demo's passengers, each with each of its group."""
    pairs = [
        (first_name, surname)
        for row in read_table("names")
        for first_name in row["first_names"].split(";")
        for surname in row["surnames"].split(";")
    ]
    return sorted(pairs, key=lambda pair: sha256(pair[0] + pair[1]))


def build(size: Size, *, today: date | None = None, progress: Progress = lambda step: None) -> None:
    """Fill an empty, migrated database."""
    today = today or timezone.localdate()
    with transaction.atomic():
        progress("network")
        layouts = make_network(size, size.first_day(today))
        with _without_indexes(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE bench_name (number integer, first_name text, surname text, "
                "plain_surname text)"
            )
            cursor.executemany(
                "INSERT INTO bench_name VALUES (%s, %s, %s, %s)",
                [
                    (number, first_name, surname, plain_surname(first_name, surname))
                    for number, (first_name, surname) in enumerate(names())
                ],
            )
            for step, statement in Script(size, today, layouts, len(names())).steps():
                progress(step)
                cursor.execute(statement)
            for helper in HELPERS:
                cursor.execute(f"DROP TABLE IF EXISTS {helper}")
            progress("indexes")
    _reset_sequences()
    progress("daily sums")
    sum_days()
    analyze()


@contextmanager
def _without_indexes() -> Iterator[None]:
    """On PostgreSQL it is several times faster to make indexes and check references once than row by row.

    What is written here is right by construction, and the checks of a restored dump are left out in the same
    way.
    """
    if connection.vendor != "postgresql":
        yield
        return
    # Of what was written before; no index is touched while such a check is due
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
            "AND tablename = ANY(%s) "
            "AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace "
            "WHERE nspname = current_schema())",
            [[model._meta.db_table for model in apps.get_app_config("bookings").get_models()]],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _reset_sequences() -> None:
    models = list(apps.get_app_config("bookings").get_models())
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def analyze() -> None:
    """As autovacuum does it in the course of time. SQLite is left as the site leaves it."""
    if connection.vendor == "postgresql":
        analyze_tables(vacuum=not connection.in_atomic_block)


def analyze_tables(*, vacuum: bool = False) -> None:
    """Let the planner know how many rows each table of the site has, however long autovacuum holds one.

    Without the names of the tables ANALYZE takes the catalogs as well. A server has some of them once for all
    its databases, and a transaction keeps their locks to its end: longer than another waits for them.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = ", ".join(map(connection.ops.quote_name, names))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (usual,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = '60s'")
        cursor.execute(f"{'VACUUM ' if vacuum else ''}ANALYZE {tables}")
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [usual])
