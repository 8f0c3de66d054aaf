"""Whether the database was made by the migrations that are here.

Told in words, before `migrate` or a page fails on a missing column.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

_APP = "bookings"


def check_schema(databases: Sequence[str] | None = None, **_others: Any) -> list[CheckMessage]:
    """A check of Django's, which `migrate` makes before it starts.

    It has nothing to say while migrations are only waiting to be applied.
    """
    return [message for alias in databases or () for message in _messages(connections[alias])]


def _messages(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    if connection.vendor == "postgresql" and (problem := _schema_problem(connection)):
        return [
            Error(
                problem,
                hint="A company has a role, and the role a schema: see falcon_web/SCALING.md.",
                id="bookings.E002",
            )
        ]
    executor = MigrationExecutor(connection)
    loader = executor.loader
    waiting = executor.migration_plan([key for key in loader.graph.leaf_nodes() if key[0] == _APP])
    unknown = [
        name
        for app, name in loader.applied_migrations
        if app == _APP and (app, name) not in loader.disk_migrations
    ]
    if waiting and unknown:
        reason = f"it has seen the migration {unknown[0]}, which is not here"
    elif not waiting and (difference := _first_difference(connection)):
        reason = difference
    else:
        return []
    return [
        Error(
            f"The database is of another version of this program: {reason}.",
            hint=_way_out(connection),
            id="bookings.E001",
        )
    ]


def _schema_problem(connection: BaseDatabaseWrapper) -> str:
    """Why new tables would not be made where the others are.

    search_path names no schema that exists, or another one's tables are in sight.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, current_schema(), "
            "(SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE pg_class.oid = to_regclass('django_migrations'))"
        )
        role, schema, tables_in = cursor.fetchone()
    if schema is None:
        return f"The search_path of the role {role} names no schema that exists."
    if tables_in not in (None, schema):
        return (
            f"The role {role} makes tables in the schema {schema} and sees those in {tables_in}: "
            "its search_path must name one schema only."
        )
    return ""


def _first_difference(connection: BaseDatabaseWrapper) -> str:
    """A table or column that our models want and the database lacks, or one that it wants filled and they do
    not know; else empty.
    """
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model in apps.get_app_config(_APP).get_models(include_auto_created=True):
            table = model._meta.db_table
            if not model._meta.managed:
                continue
            if table not in tables:
                return f"it has no table {table}"
            there = {
                column.name: column
                for column in connection.introspection.get_table_description(cursor, table)
            }
            modelled = {str(field.column) for field in model._meta.local_concrete_fields}
            for name in sorted(modelled - there.keys()):
                return f"it has no column {table}.{name}"
            for name in sorted(there.keys() - modelled):
                if not there[name].null_ok and there[name].default is None:
                    return f"it has the column {table}.{name}, which is not known here"
    return ""


def _way_out(connection: BaseDatabaseWrapper) -> str:
    if connection.vendor == "sqlite":
        return (
            "If it only holds the demo, remove it, and a new one is made: "
            f"rm -r {connection.settings_dict['NAME']}*"
        )
    return "Until the first release there is one clean start: give DATABASE_URL a new, empty database."
