"""A kept connection is looked at before each request.

It is asked nothing while all is well, and made anew when the server has hung up.
"""

import select
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def neighbour() -> Iterator[psycopg.Connection]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could go away")
    connection.health_check_enabled = True
    with psycopg.connect(
        **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}, autocommit=True
    ) as another:
        yield another
    connection.health_check_enabled = False


def next_request() -> None:
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def last_question(neighbour: psycopg.Connection, pid: int) -> str:
    return neighbour.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()[0]


def test_a_silent_connection_is_asked_nothing_and_kept(neighbour: psycopg.Connection) -> None:
    pid = ask()

    next_request()

    assert last_question(neighbour, pid) == "SELECT pg_backend_pid()"
    assert ask() == pid


def test_one_that_the_server_has_ended_is_made_anew(neighbour: psycopg.Connection) -> None:
    pid = ask()
    neighbour.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    next_request()

    assert ask() != pid


def test_one_that_has_something_to_say_is_asked_whether_it_is_well(neighbour: psycopg.Connection) -> None:
    pid = ask()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
    neighbour.execute("NOTIFY news")
    assert select.select([connection.connection.fileno()], [], [], 10)[0]

    next_request()

    assert last_question(neighbour, pid) == "SELECT 1"
    assert ask() == pid
