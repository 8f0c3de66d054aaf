"""Triggers that give reference data a new version with every change, so that a value cached under a version
is right as long as that version stands.

They act in the transaction of the change: an import, the admin or a hand-written statement cannot change
anything past them. A version is random and not counted: after a rollback or a restored backup an old one
stands for the old data, and for nothing else.
"""

import uuid
from collections.abc import Iterable
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections

from bookings.database.triggers import enabled_triggers, trigger_function

VERSION_TABLE: Final = "bookings_cataloguemark"
REFERENCE_TABLES: Final = (
    "bookings_company",
    "bookings_companysetting",
    "bookings_city",
    "bookings_stop",
    "bookings_placename",
    "bookings_line",
    "bookings_route",
    "bookings_routestop",
    "bookings_seatlayout",
    "bookings_seat",
    "bookings_passengertype",
    "bookings_fareclass",
    "bookings_refundpolicy",
    "bookings_refundtier",
    "bookings_fare",
    "bookings_luggagerule",
    "bookings_luggagespace",
)
_VERBS: Final = ("INSERT", "UPDATE", "DELETE")


def _sqlite(tables: Iterable[str]) -> list[str]:
    # Not INSERT OR REPLACE: within a trigger the OR of the statement that fired it would hold instead.
    change = (
        "DELETE FROM bookings_cataloguemark; "
        "INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, lower(hex(randomblob(16))))"
    )
    return [
        f"CREATE TRIGGER IF NOT EXISTS {_name(table)}_{verb.lower()} AFTER {verb} ON {table} "
        f"BEGIN {change}; END"
        for table in tables
        for verb in _VERBS
    ]


def _postgres(tables: Iterable[str]) -> list[str]:
    change = (
        "INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, gen_random_uuid()) "
        "ON CONFLICT (id) DO UPDATE SET mark = EXCLUDED.mark"
    )
    return [trigger_function("catalogue_changed", f"BEGIN {change}; RETURN NULL; END")] + [
        f"CREATE OR REPLACE TRIGGER {_name(table)} AFTER {' OR '.join(_VERBS)} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changed()"
        for table in tables
    ]


def _name(table: str) -> str:
    return table.replace("bookings_", "catalogue_")


def create_reference_triggers(using: str = DEFAULT_DB_ALIAS, **_signal: object) -> None:
    """Make the triggers again after each migrate, as SQLite drops them when it remakes a table."""
    connection = connections[using]
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        if VERSION_TABLE not in existing:
            return  # migrating to a state before the version
        tables = [table for table in REFERENCE_TABLES if table in existing]  # one may have come later
        for statement in _postgres(tables) if connection.vendor == "postgresql" else _sqlite(tables):
            cursor.execute(statement)
        # Whatever was changed while there were no triggers.
        cursor.execute("DELETE FROM bookings_cataloguemark")
        cursor.execute("INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, %s)", [uuid.uuid4().hex])


def missing_reference_triggers(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of the tables whose changes would not be noticed."""
    connection = connections[using]
    is_postgres, present = connection.vendor == "postgresql", enabled_triggers(connection)
    required = {
        table: {_name(table)} if is_postgres else {f"{_name(table)}_{verb.lower()}" for verb in _VERBS}
        for table in REFERENCE_TABLES
    }
    return [table for table, names in required.items() if not names <= present]
