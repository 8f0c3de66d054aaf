"""A database that older migrations made is refused in words.

A new one, and one that waits for migrations, is not.
"""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from bookings.database.schema_check import check_schema

pytestmark = pytest.mark.django_db


def problems() -> list[str]:
    return [message.msg for message in check_schema(["default"])]


@pytest.mark.database
def test_a_database_of_these_migrations_is_fine() -> None:
    assert problems() == []
    assert check_schema() == []  # a check that is not about databases


@pytest.mark.database
@pytest.mark.parametrize(
    ("change", "is_known"),
    [
        ("spare integer", True),
        ("spare integer NOT NULL DEFAULT 1", True),
        ("spare integer NOT NULL", False),
    ],
)
def test_a_column_that_nobody_here_would_fill_is_named(change: str, is_known: bool) -> None:
    table = "bookings_ratecount"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table}")
        cursor.execute(
            f"CREATE TABLE {table} (key varchar(80) PRIMARY KEY, count integer, "
            f"expires_at timestamp, {change})"
        )

    named = f"it has the column {table}.spare, which is not known here"
    assert problems() == (
        [] if is_known else [f"The database is of another version of this program: {named}."]
    )


@pytest.mark.database
@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ("ALTER TABLE bookings_branch RENAME COLUMN name TO title", "it has no column bookings_branch.name"),
        ("ALTER TABLE bookings_branch RENAME TO bookings_station", "it has no table bookings_branch"),
    ],
)
def test_what_is_missing_is_named(change: str, lacks: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(change)

    assert problems() == [f"The database is of another version of this program: {lacks}."]


@pytest.mark.database
@pytest.mark.parametrize(
    ("search_path", "problem"),
    [
        ("another_company", ""),
        ("another_company, {ours}", "makes tables in the schema another_company and sees those in {ours}"),
        ("nowhere", "names no schema that exists"),
    ],
)
def test_a_role_that_would_share_the_tables_of_another_company_is_told_so(
    search_path: str, problem: str
) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        ours = cursor.fetchone()[0]
        cursor.execute("CREATE SCHEMA another_company")
        cursor.execute(f"SET LOCAL search_path TO {search_path.format(ours=ours)}")

    messages = problems()

    assert len(messages) == bool(problem)
    assert problem.format(ours=ours) in "".join(messages)


def test_no_statement_names_the_schema_public() -> None:
    """The schema is the one that search_path names."""
    code = Path(__file__).resolve().parents[2]
    statements = re.compile(r"""\bpublic\.["a-z]|'public'|\bschema public\b""", re.I)
    files = [path for path in code.rglob("*.py") if "tests" not in path.parts]
    assert statements.search("SELECT * FROM public.bookings_city")

    assert [path.name for path in files if statements.search(path.read_text())] == []


def test_while_migrations_are_waiting_nothing_is_missing_yet() -> None:
    MigrationRecorder.Migration.objects.filter(app="bookings").delete()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bookings_branch RENAME TO bookings_station")

    assert problems() == []


def test_another_history_is_told_by_migrate_before_it_starts() -> None:
    MigrationRecorder.Migration.objects.filter(app="bookings").update(name="0001_once_upon_a_time")

    with pytest.raises(
        SystemCheckError,
        match=r"(?s)0001_once_upon_a_time, which is not here.*If it only holds the demo, remove it",
    ):
        call_command("migrate", skip_checks=False, verbosity=0)


def test_a_release_taken_back_is_fine() -> None:
    MigrationRecorder(connection).record_applied("bookings", "9999_of_the_release_that_was_taken_back")

    assert problems() == []
