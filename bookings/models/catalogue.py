"""A mark that no change to reference data leaves as it was: what is remembered under it is true for as long as it stands.

Triggers set it, in the transaction of the change, so that nothing can be changed past it: not by an import, not by the admin, not by hand.
It is random and not counted: after a rollback or a restored backup an old mark stands for the old data, and for nothing else.
"""

import uuid
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, models

from bookings.models.guards import enabled_triggers, trigger_function

from .fares import Fare, FareClass, PassengerType, RefundPolicy, RefundTier
from .fleet import Seat, SeatLayout
from .network import City, Line, Route, RouteStop, Stop

CATALOGUE: Final = (City, Stop, Line, Route, RouteStop, SeatLayout, Seat, PassengerType, FareClass, RefundPolicy, RefundTier, Fare)
_VERBS: Final = ("INSERT", "UPDATE", "DELETE")


class CatalogueMark(models.Model):
    """One row; none while there is no reference data."""

    mark = models.CharField(max_length=36)

    def __str__(self) -> str:
        return self.mark


def catalogue_mark(using: str = DEFAULT_DB_ALIAS) -> str:
    """The mark of now; empty when there is none, and nothing may be remembered."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT mark FROM bookings_cataloguemark")
        row = cursor.fetchone()
    return row[0] if row else ""


def _sqlite() -> list[str]:
    # Not INSERT OR REPLACE: within a trigger the OR of the statement that fired it would hold instead.
    change = "DELETE FROM bookings_cataloguemark; INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, lower(hex(randomblob(16))))"
    return [
        f"CREATE TRIGGER IF NOT EXISTS {_name(model)}_{verb.lower()} AFTER {verb} ON {model._meta.db_table} BEGIN {change}; END"
        for model in CATALOGUE
        for verb in _VERBS
    ]


def _postgres() -> list[str]:
    change = (
        "INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, gen_random_uuid()) ON CONFLICT (id) DO UPDATE SET mark = EXCLUDED.mark"
    )
    return [trigger_function("catalogue_changed", f"BEGIN {change}; RETURN NULL; END")] + [
        f"CREATE OR REPLACE TRIGGER {_name(model)} AFTER {' OR '.join(_VERBS)} ON {model._meta.db_table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changed()"
        for model in CATALOGUE
    ]


def _name(model: type[models.Model]) -> str:
    return f"catalogue_{model._meta.model_name}"


def watch_catalogue(using: str = DEFAULT_DB_ALIAS, **_signal: object) -> None:
    """Make the triggers again after each migrate, as SQLite drops them when it remakes a table."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = {model._meta.db_table for model in (CatalogueMark, *CATALOGUE)}
        if not tables <= set(connection.introspection.table_names(cursor)):
            return  # migrating to a state before the mark
        for statement in _postgres() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)
        # Whatever was changed while there were no triggers.
        cursor.execute("DELETE FROM bookings_cataloguemark")
        cursor.execute("INSERT INTO bookings_cataloguemark (id, mark) VALUES (1, %s)", [uuid.uuid4().hex])


def missing_watches(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of the tables whose changes would not be noticed."""
    connection = connections[using]
    is_postgres, present = connection.vendor == "postgresql", enabled_triggers(connection)
    wanted = {model: {_name(model)} if is_postgres else {f"{_name(model)}_{verb.lower()}" for verb in _VERBS} for model in CATALOGUE}
    return [model._meta.db_table for model, names in wanted.items() if not names <= present]
