"""Statements are prepared by the server from the sixth time on.

A migration that changes a column under them is felt by nobody.
"""

from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from bookings.base.errors import Busy
from bookings.database.transactions import short_transaction
from bookings.models import City

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite has no server that would prepare anything"
    ),
]
_QUESTION = "SELECT word FROM changing WHERE word <> %s"


@pytest.fixture
def neighbour() -> Iterator[psycopg.Connection]:
    """Another process, with a table that it will change."""
    with psycopg.connect(
        **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}, autocommit=True
    ) as another:
        another.execute("DROP TABLE IF EXISTS changing")
        another.execute("CREATE TABLE changing (word varchar(10))")
        another.execute("INSERT INTO changing VALUES ('one')")
        yield another
        another.execute("DROP TABLE changing")


def ask() -> list[tuple[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, ["two"])
        return cursor.fetchall()


def prepared(part: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{part}%"])
        return cursor.fetchone()[0]


@pytest.fixture
def queried_often(neighbour: psycopg.Connection) -> None:
    for _time in range(6):
        ask()
    assert prepared("FROM changing") == 1


def test_queries_of_models_are_prepared_with_their_values_apart(db: None) -> None:
    for number in range(7):
        City.objects.filter(name=f"nowhere {number}").exists()

    assert prepared('"bookings_city"."name" = $') == 1


def test_a_changed_column_is_asked_for_once_more(queried_often: None, neighbour: psycopg.Connection) -> None:
    neighbour.execute("ALTER TABLE changing ALTER word TYPE varchar(20)")

    assert ask() == [("one",)]
    assert ask() == [("one",)]


def test_a_transaction_that_meets_a_changed_column_asks_to_try_again(
    queried_often: None, neighbour: psycopg.Connection
) -> None:
    neighbour.execute("ALTER TABLE changing ALTER word TYPE varchar(20)")

    with pytest.raises(Busy), short_transaction():
        ask()
    with short_transaction():
        assert ask() == [("one",)]


def test_migrate_prepares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    usual = connection.connection.prepare_threshold
    seen = []
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migrate",
        lambda executor, *_args, **options: (
            seen.append(connection.connection.prepare_threshold) or options["state"]
        ),
    )
    call_command("migrate", verbosity=0)

    assert (usual, seen, connection.connection.prepare_threshold) == (5, [None], 5)
