"""Triggers that make the books append-only and a closed shift final.

Append-only are the ledger, order lines, payments, movements of a till, notes, the events of bookings and of
staff accounts, commissions, payments of partners, tax invoices, the lines of statements and their matches,
the changes of departures' times, the movements of vouchers, the audit of reference data, events of the
office and erasures. Words about a person may be erased where the law asks for it, by an update that puts
ERASED in their place and changes nothing else of the row. Made again after each migrate: SQLite drops them
when it remakes a table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ERASED: Final = "[erased]"
LEDGER: Final = "bookings_ledgerentry"
SHIFT: Final = "bookings_shift"


@dataclass(frozen=True)
class AppendOnly:
    """A table whose rows are never changed or deleted, how its triggers and its refusal call it, and its
    columns that may hold words about a person, if it has any.
    """

    table: str
    name: str
    title: str
    erasable: tuple[str, ...] = ()

    @property
    def triggers(self) -> tuple[str, str]:
        return f"{self.name}_no_update", f"{self.name}_no_delete"


APPEND_ONLY: Final = (
    AppendOnly(LEDGER, "ledger", "the ledger is"),
    AppendOnly("bookings_orderline", "order_line", "order lines are"),
    AppendOnly("bookings_payment", "payment", "payments are"),
    AppendOnly("bookings_tillmovement", "till_movement", "till movements are"),
    AppendOnly("bookings_note", "note", "notes are", erasable=("text",)),
    AppendOnly("bookings_bookingevent", "booking_event", "booking events are", erasable=("reason",)),
    AppendOnly("bookings_staffevent", "staff_event", "staff events are", erasable=("reason",)),
    AppendOnly("bookings_commission", "commission", "commissions are"),
    AppendOnly("bookings_partnerpayment", "partner_payment", "payments of partners are"),
    AppendOnly(
        "bookings_invoice",
        "invoice",
        "tax invoices are",
        erasable=("recipient_name", "recipient_address", "recipient_vat_number"),
    ),
    AppendOnly(
        "bookings_invoiceline", "invoice_line", "lines of tax invoices are", erasable=("description",)
    ),
    AppendOnly("bookings_statementline", "statement_line", "lines of statements are", erasable=("text",)),
    AppendOnly("bookings_writeoff", "write_off", "write-offs are"),
    AppendOnly("bookings_statementmatch", "statement_match", "matches of statements are"),
    AppendOnly("bookings_schedulechange", "schedule_change", "changes of departure times are"),
    AppendOnly(
        "bookings_vouchermovement", "voucher_movement", "movements of vouchers are", erasable=("reason",)
    ),
    AppendOnly("bookings_officeevent", "office_event", "events of the office are"),
    AppendOnly("bookings_auditentry", "audit_entry", "changes of reference data are"),
    AppendOnly("bookings_erasure", "erasure", "erasures are"),
)
# The table of each trigger
TRIGGERS: Final = {
    **{trigger: rows.table for rows in APPEND_ONLY for trigger in rows.triggers},
    "ledger_shift_open": LEDGER,
    "shift_closed_no_update": SHIFT,
    "shift_closed_no_delete": SHIFT,
}


def trigger_function(name: str, body: str) -> str:
    """A function that looks tables up in the schema it was made in, whoever fires it.

    Each company has a schema of its own.
    """
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path FROM CURRENT AS $$ {body} $$"
    )


_REFUSE: Final = "RAISE EXCEPTION '{}' USING ERRCODE = 'integrity_constraint_violation'"
_REFUSE_CHANGE: Final = (
    "RAISE EXCEPTION '%', TG_ARGV[0] || ' append-only' USING ERRCODE = 'integrity_constraint_violation'"
)


def _postgres() -> Iterator[str]:
    # Rows are compared as JSON, so that no column is named: the type of one that a trigger names is fixed
    yield trigger_function(
        "row_is_append_only",
        "DECLARE expected jsonb; is_erased boolean := false; BEGIN IF TG_OP = 'UPDATE' THEN "
        "expected := to_jsonb(OLD); FOR i IN 1 .. TG_NARGS - 1 LOOP "
        f"IF to_jsonb(NEW) ->> TG_ARGV[i] = '{ERASED}' THEN is_erased := true; "
        f"expected := jsonb_set(expected, ARRAY[TG_ARGV[i]], to_jsonb('{ERASED}'::text)); END IF; END LOOP; "
        "IF is_erased AND to_jsonb(NEW) = expected THEN RETURN NEW; END IF; END IF; "
        f"{_REFUSE_CHANGE}; END",
    )
    # FOR SHARE waits for a cash-up that is just being written, and then sees it.
    yield trigger_function(
        "shift_must_be_open",
        f"DECLARE closed timestamptz; BEGIN SELECT closed_at INTO closed FROM {SHIFT} "
        "WHERE id = NEW.shift_id FOR SHARE; "
        f"IF closed IS NOT NULL THEN {_REFUSE.format('the shift is closed')}; END IF; RETURN NEW; END",
    )
    yield trigger_function(
        "closed_shift_is_final", f"BEGIN {_REFUSE.format('a closed shift never changes')}; END"
    )
    for rows in APPEND_ONLY:
        arguments = ", ".join(f"'{argument}'" for argument in (rows.title, *rows.erasable))
        for trigger, verb in zip(rows.triggers, ("UPDATE", "DELETE"), strict=True):
            yield (
                f"CREATE OR REPLACE TRIGGER {trigger} BEFORE {verb} ON {rows.table} "
                f"FOR EACH ROW EXECUTE FUNCTION row_is_append_only({arguments})"
            )
    yield "DROP FUNCTION IF EXISTS ledger_is_append_only()"  # of the ledger alone, in older databases
    yield (
        f"CREATE OR REPLACE TRIGGER ledger_shift_open BEFORE INSERT ON {LEDGER} "
        "FOR EACH ROW WHEN (NEW.shift_id IS NOT NULL) "
        "EXECUTE FUNCTION shift_must_be_open()"
    )
    for verb in ("UPDATE", "DELETE"):
        yield (
            f"CREATE OR REPLACE TRIGGER shift_closed_no_{verb.lower()} BEFORE {verb} ON {SHIFT} "
            "FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION closed_shift_is_final()"
        )


def _sqlite(columns: dict[str, list[str]]) -> Iterator[str]:
    # Made anew: one that names the columns of its table must know those that came later
    for trigger in TRIGGERS:
        yield f"DROP TRIGGER IF EXISTS {trigger}"
    for rows in APPEND_ONLY:
        changed = [
            f"NEW.{column} IS NOT OLD.{column}"
            + (f" AND NEW.{column} IS NOT '{ERASED}'" if column in rows.erasable else "")
            for column in columns[rows.table]
        ]
        nothing_erased = " AND ".join(f"NEW.{column} IS NOT '{ERASED}'" for column in rows.erasable)
        when = f"WHEN {' OR '.join([f'({nothing_erased})', *changed])} " if rows.erasable else ""
        for trigger, verb in zip(rows.triggers, ("UPDATE", "DELETE"), strict=True):
            yield (
                f"CREATE TRIGGER {trigger} BEFORE {verb} ON {rows.table} {when if verb == 'UPDATE' else ''}"
                f"BEGIN SELECT RAISE(ABORT, '{rows.title} append-only'); END"
            )
    yield (
        f"CREATE TRIGGER ledger_shift_open BEFORE INSERT ON {LEDGER} "
        f"WHEN EXISTS (SELECT 1 FROM {SHIFT} WHERE id = NEW.shift_id AND closed_at IS NOT NULL) "
        "BEGIN SELECT RAISE(ABORT, 'the shift is closed'); END"
    )
    for verb in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER shift_closed_no_{verb.lower()} BEFORE {verb} ON {SHIFT} "
            "WHEN OLD.closed_at IS NOT NULL "
            "BEGIN SELECT RAISE(ABORT, 'a closed shift never changes'); END"
        )


def create_triggers(using: str = "default", **_signal: object) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        if not set(TRIGGERS.values()) <= set(connection.introspection.table_names(cursor)):
            return  # migrating to a state before the books
        if connection.vendor == "postgresql":
            statements = _postgres()
        else:
            statements = _sqlite({rows.table: _columns(connection, rows.table) for rows in APPEND_ONLY})
        for statement in statements:
            cursor.execute(statement)


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def missing_triggers(using: str = "default") -> list[str]:
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
