"""Triggers that make the ledger append-only and a closed shift final.

Made again after each migrate: SQLite drops them when it remakes a table.
"""

from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

LEDGER: Final = "bookings_ledgerentry"
SHIFT: Final = "bookings_shift"
TRIGGERS: Final = (
    "ledger_no_update",
    "ledger_no_delete",
    "ledger_shift_open",
    "shift_closed_no_update",
    "shift_closed_no_delete",
)

_SQLITE: Final = [
    *(
        f"CREATE TRIGGER IF NOT EXISTS ledger_no_{verb.lower()} BEFORE {verb} ON {LEDGER} "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    f"CREATE TRIGGER IF NOT EXISTS ledger_shift_open BEFORE INSERT ON {LEDGER} "
    f"WHEN EXISTS (SELECT 1 FROM {SHIFT} WHERE id = NEW.shift_id AND closed_at IS NOT NULL) "
    "BEGIN SELECT RAISE(ABORT, 'the shift is closed'); END",
    *(
        f"CREATE TRIGGER IF NOT EXISTS shift_closed_no_{verb.lower()} BEFORE {verb} ON {SHIFT} "
        "WHEN OLD.closed_at IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'a closed shift never changes'); END"
        for verb in ("UPDATE", "DELETE")
    ),
]


def trigger_function(name: str, body: str) -> str:
    """A function that looks tables up in the schema it was made in, whoever fires it.

    Each company has a schema of its own.
    """
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path FROM CURRENT AS $$ {body} $$"
    )


_REFUSE: Final = "RAISE EXCEPTION '{}' USING ERRCODE = 'integrity_constraint_violation'"
_POSTGRES: Final = [
    trigger_function("ledger_is_append_only", f"BEGIN {_REFUSE.format('the ledger is append-only')}; END"),
    # FOR SHARE waits for a cash-up that is just being written, and then sees it.
    trigger_function(
        "shift_must_be_open",
        f"DECLARE closed timestamptz; BEGIN SELECT closed_at INTO closed FROM {SHIFT} "
        "WHERE id = NEW.shift_id FOR SHARE; "
        f"IF closed IS NOT NULL THEN {_REFUSE.format('the shift is closed')}; END IF; RETURN NEW; END",
    ),
    trigger_function("closed_shift_is_final", f"BEGIN {_REFUSE.format('a closed shift never changes')}; END"),
    *(
        f"CREATE OR REPLACE TRIGGER ledger_no_{verb.lower()} BEFORE {verb} ON {LEDGER} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
        for verb in ("UPDATE", "DELETE")
    ),
    f"CREATE OR REPLACE TRIGGER ledger_shift_open BEFORE INSERT ON {LEDGER} "
    "FOR EACH ROW WHEN (NEW.shift_id IS NOT NULL) "
    "EXECUTE FUNCTION shift_must_be_open()",
    *(
        f"CREATE OR REPLACE TRIGGER shift_closed_no_{verb.lower()} BEFORE {verb} ON {SHIFT} FOR EACH ROW "
        "WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION closed_shift_is_final()"
        for verb in ("UPDATE", "DELETE")
    ),
]


def create_ledger_triggers(using: str = "default", **_signal: object) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        if not {LEDGER, SHIFT} <= set(connection.introspection.table_names(cursor)):
            return  # migrating to a state before the ledger
        for statement in _POSTGRES if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def missing_ledger_triggers(using: str = "default") -> list[str]:
    """Names of the triggers that should be there and are not."""
    present = enabled_triggers(connections[using])
    return [name for name in TRIGGERS if name not in present]


def enabled_triggers(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the triggers of our schema; other schemas of the database belong to other companies."""
    if connection.vendor == "postgresql":
        query = (
            "SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = current_schema() AND tgenabled <> 'D'"
        )
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}
