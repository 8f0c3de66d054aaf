"""Takes out of the database what a transactional test has left in it: from the tables that hold something.

Django empties all of them, on PostgreSQL by new files for each table and index, and then makes triggers,
permissions and content types again: that takes longer than most of these tests.
"""

import uuid
from typing import Final

from django.db import connection, transaction

from bookings.database.reference_triggers import (
    VERSION_TABLE,
    create_reference_triggers,
    missing_reference_triggers,
)
from bookings.database.triggers import TRIGGERS, create_triggers, missing_triggers

_KEPT: Final = {"auth_permission", "django_content_type"}  # made by migrate, the same for every test


def empty_tables() -> None:
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in sorted(tables - _KEPT)
            )
        )
        filled = {table for (table,) in cursor.fetchall()}
        guards: list[tuple[str, str]] = []
        if connection.vendor == "postgresql":
            cursor.execute(
                "SET LOCAL session_replication_role = replica"
            )  # without triggers and foreign keys
        elif filled & set(TRIGGERS.values()):
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            guards = [(name, sql) for name, sql in cursor.fetchall() if TRIGGERS.get(name) in filled]
            for name, _sql in guards:
                cursor.execute(f"DROP TRIGGER {name}")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
        for (
            _name,
            sql,
        ) in guards:  # as they stood, which is quicker than to make them from their tables' columns
            cursor.execute(sql)
        if VERSION_TABLE in tables:
            cursor.execute(f"DELETE FROM {VERSION_TABLE}")
            cursor.execute(f"INSERT INTO {VERSION_TABLE} (id, mark) VALUES (1, %s)", [uuid.uuid4().hex])
    if missing_triggers():
        create_triggers()
    if missing_reference_triggers():
        create_reference_triggers()
