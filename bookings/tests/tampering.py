"""Changing by hand what no program may change, as somebody with the database's password could."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from bookings.database.triggers import TRIGGERS, create_triggers


def drop_trigger(name: str) -> None:
    # Foreign keys are checked at the end of a transaction, and until then no trigger of the table can go
    connection.check_constraints()
    with connection.cursor() as cursor:
        on = f" ON {TRIGGERS[name]}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER {name}{on}")


@contextmanager
def no_triggers() -> Iterator[None]:
    for name in TRIGGERS:
        drop_trigger(name)
    yield
    create_triggers()
