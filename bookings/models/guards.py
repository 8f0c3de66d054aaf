"""Triggers that make the ledger append-only. Made again after each migrate: SQLite drops them when it remakes a table."""

from typing import Final

from django.db import connections

TABLE: Final = "bookings_ledgerentry"
TRIGGERS: Final = ("ledger_no_update", "ledger_no_delete")

_SQLITE: Final = [
    f"CREATE TRIGGER IF NOT EXISTS ledger_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
_POSTGRES: Final = [
    "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    *(
        f"CREATE OR REPLACE TRIGGER ledger_no_{verb.lower()} BEFORE {verb} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
        for verb in ("UPDATE", "DELETE")
    ),
]


def guard_ledger(using: str = "default", **_signal: object) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return  # migrating to a state before the ledger
        for statement in _POSTGRES if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def missing_guards(using: str = "default") -> list[str]:
    """Names of the triggers that should be there and are not."""
    connection = connections[using]
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return [name for name in TRIGGERS if name not in present]
