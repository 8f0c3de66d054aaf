import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.benchmarks.data import analyze_tables
from bookings.database.query_log import SlowStatement as Noted
from bookings.domain.maintenance import database_postgresql, database_sqlite
from bookings.domain.maintenance.database_report import (
    DatabaseReport,
    IndexStats,
    TableStats,
    database_report,
)
from bookings.domain.maintenance.slow_queries import keep_slow_queries
from bookings.models import SeatClaim
from bookings.tests.make import make_booking, make_schedule

is_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'")
pytestmark = [pytest.mark.django_db, pytest.mark.database]


def table(report: DatabaseReport, name: str) -> TableStats:
    return next(each for each in report.tables if each.name == name)


def index(report: DatabaseReport, name: str) -> IndexStats:
    return next(each for each in report.indexes if each.name == name)


@pytest.fixture
def claims() -> int:
    for _coach in range(3):
        schedule = make_schedule(seats=40)
        make_booking(schedule=schedule, names=tuple(f"Name Surname{n}" for n in range(40)))
    return SeatClaim.objects.count()


def test_sizes_and_rows_of_every_table_and_index(claims: int) -> None:
    analyze_tables()

    report = database_report()

    assert re.match(r"(PostgreSQL|SQLite) \d+\.\d+", report.engine)
    assert set(connection.introspection.django_table_names()) <= {each.name for each in report.tables}
    found = table(report, "bookings_seatclaim")
    assert found.rows is not None
    assert found.rows >= claims
    assert found.rows <= max(claims * 3, SeatClaim.objects.latest("pk").pk)  # an estimate, or the last number
    assert found.size > 4096
    assert found.index_size > 4096
    assert report.size > found.size
    sizes = [each.size + each.index_size for each in report.tables]
    assert sizes == sorted(sizes, reverse=True)
    rule = index(report, "one_claim_per_seat_and_leg") if connection.vendor == "postgresql" else None
    assert rule is None or (rule.table, rule.is_rule, rule.is_unused, rule.size > 0) == (
        "bookings_seatclaim",
        True,
        False,
        True,
    )
    assert {index(report, name).table for name in ("schedule_departure_idx", "schedule_seats_idx")} == {
        "bookings_schedule"
    }


@is_postgresql
def test_what_another_company_has_in_the_database_is_not_reported() -> None:
    before = database_report()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA another_company")
        cursor.execute(
            "CREATE TABLE another_company.bookings_seatclaim AS SELECT generate_series(1, 50000) AS id"
        )
        cursor.execute("CREATE INDEX another_idx ON another_company.bookings_seatclaim (id)")

    report = database_report()

    assert report.size - before.size < 1_000_000, "and not the 3 MB that are another's"
    assert sorted(table.name for table in report.tables) == sorted(table.name for table in before.tables)
    assert "another_idx" not in {index.name for index in report.indexes}


def test_no_table_is_counted_and_the_number_of_queries_stands(claims: int) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        database_report()

    assert len(asked) == (5 if connection.vendor == "postgresql" else 15)
    assert [each["sql"] for each in asked if re.search(r"\bcount\(", each["sql"], re.I)] == []


@is_postgresql
def test_postgresql_tells_of_memory_connections_and_transactions() -> None:
    report = database_report()

    assert 0 <= report.hit_percent <= 100
    assert 1 <= report.connections <= report.most_connections
    assert report.oldest_transaction is None or report.oldest_transaction >= timedelta(0)
    assert report.statements is None  # the package has no pg_stat_statements
    assert all(each.scans is not None for each in report.indexes)
    assert all(each.scans == 0 and not each.is_rule for each in report.unused)
    assert report.unused_size == sum(each.size for each in report.unused)
    assert [each.is_unused for each in report.indexes] == sorted(
        (each.is_unused for each in report.indexes), reverse=True
    )


def test_a_big_sqlite_file_is_not_walked_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "postgresql":
        return
    assert database_report().has_sizes

    monkeypatch.setattr(database_sqlite, "_MOST_WALKED", 1000)

    assert not database_report().has_sizes
    assert database_report(thorough=True).has_sizes


def test_slow_statements_are_listed_longest_first() -> None:
    now = timezone.now()
    keep_slow_queries([Noted("SELECT 1", "bookings/a.py:1", times=2, total_ms=500, longest_ms=300)], now=now)
    keep_slow_queries(
        [
            Noted("SELECT 1", "bookings/a.py:1", times=1, total_ms=900, longest_ms=900),
            Noted("SELECT 2", "bookings/b.py:2", 1, 950.0, 950.0),
        ],
        now=now + timedelta(seconds=1),
    )

    slow = database_report().slow

    assert [(each.place, each.times, each.longest_ms) for each in slow] == [
        ("bookings/b.py:2", 1, 950),
        ("bookings/a.py:1", 3, 900),
    ]
    assert slow[1].mean_ms == pytest.approx(1400 / 3)
    assert slow[1].last_at == now + timedelta(seconds=1)


@pytest.mark.redis
def test_with_redis_its_hits_are_told() -> None:
    cache.set("a", 1)
    cache.get("a")

    assert 0 < database_report().cache_hit_percent <= 100


def test_the_command_prints_all_of_it(claims: int) -> None:
    keep_slow_queries([Noted("SELECT slow FROM x", "bookings/domain/sales/placing.py:12", 3, 900.0, 500.0)])
    told = StringIO()

    call_command("dbstats", "--all", "--thorough", stdout=told)

    words = told.getvalue()
    assert "bookings_seatclaim" in words
    assert "schedule_departure_idx" in words
    assert "3 × 300 ms, longest 500 ms  bookings/domain/sales/placing.py:12" in words
    assert ("oldest transaction" in words or "connections" in words) is (connection.vendor == "postgresql")


def test_statements_come_from_pg_stat_statements_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package for tests lacks the extension, so a view of the same shape stands in for it."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY VIEW pg_stat_statements AS "
            "SELECT d.oid AS dbid, r.oid AS userid, 'SELECT  1 -- ' || rolname AS query, "
            "3::bigint AS calls, 2.5::float AS mean_exec_time, 4.0::float AS max_exec_time, "
            "7.5::float AS total_exec_time "
            "FROM pg_database d, pg_roles r"
        )
        known = Extensions(cursor)

        found = database_postgresql.statements(known, 10)  # ours alone, whatever else the view shows
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
        cursor.execute("DROP VIEW pg_stat_statements")
        gone = database_postgresql.statements(known, 10)

    assert found == [
        {"sql": f"SELECT 1 -- {role}", "place": "", "times": 3, "mean_ms": 2.5, "longest_ms": 4.0}
    ]
    assert gone is None  # installed, but not loaded


class Extensions:
    """A cursor at which the extension is said to be installed."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, params: Any = None) -> Any:
        return self._cursor.execute("SELECT 'pg_temp'" if "pg_extension" in sql else sql, params)
