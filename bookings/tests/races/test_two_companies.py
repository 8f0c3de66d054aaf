"""Two companies in one database and on one Redis, each with a role and a schema of its own.

Neither meets anything of the other's.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.db import connection
from django.utils import timezone

from bookings.tests.races.buyer import Buyer
from bookings.tests.races.service import Service
from bookings.tests.replica import as_postgres, postgres_folder
from bookings.tests.servers import RedisServer, redis_server

pytestmark = [
    pytest.mark.database,
    pytest.mark.redis,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no schemas"),
]
WAY: Final = ("johannesburg", "cape-town")
_ROOT: Final = Path(__file__).resolve().parents[3]
_PRICES: Final = {"north": 600, "south": 700}
_HOLDS: Final = 2  # an hour; every client comes from one address here
# What the operator does for each: see falcon_web/SCALING.md.
_OPEN: Final = """
CREATE ROLE {name} LOGIN;
ALTER ROLE {name} SET search_path = {name};
CREATE SCHEMA {name} AUTHORIZATION {name};
"""
# The same departure in both, with the same numbers, for another price. One is migrated as operators do,
# the other as databases of tests are.
_FILL: Final = """
import sys, django; django.setup()
from datetime import timedelta
from django.core.management import call_command
from bookings.tests.make import make_schedule
from bookings.tests.quick_migrations import use_quick_migrations
from django.utils import timezone
if sys.argv[2] == "quick":
    use_quick_migrations()
call_command("migrate", verbosity=0)
print(make_schedule(departs=timezone.now() + timedelta(days=3), price=int(sys.argv[1])).pk)
"""


@dataclass
class Company:
    name: str
    url: str
    site: Service
    schedule: int
    visitors: list[Buyer] = field(default_factory=list)

    def visitor(self) -> Buyer:
        self.visitors.append(Buyer(self.site.url))
        return self.visitors[-1]

    def close(self) -> None:
        for buyer in self.visitors:
            buyer.close()

    def value(self, statement: str) -> Any:
        """One value, asked as the company's role."""
        with psycopg.connect(self.url) as link:
            return link.execute(statement).fetchone()[0]

    def buy(self) -> Buyer:
        buyer = self.visitor()
        buyer.buy(self.schedule, *WAY)
        return buyer


def manage(url: str, folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "LOCAL_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "falcon_web.settings",
        "SLOW_QUERY_MS": "0",  # a busy machine must not add a warning to what a test reads
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if not done.returncode else done.stdout + done.stderr


def names_in(server: RedisServer, number: int) -> set[str]:
    with redis.Redis.from_url(f"{server.url}/{number}", decode_responses=True) as link:
        return set(link.scan_iter())


def check_invariants(url: str, folder: Path) -> str:
    return manage(url, folder, "manage.py", "check_invariants")


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """A database in which nobody but its superuser may make or see anything yet."""
    server = os.environ["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(url) as inside:
                inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            yield url
        finally:
            link.execute(f"DROP DATABASE {name} WITH (FORCE)")


def as_role(url: str, role: str) -> str:
    return urlsplit(url)._replace(netloc=f"{role}@").geturl()


@pytest.fixture(scope="module")
def redis_of_both() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as link:
        try:
            with new_database("two_companies") as url:
                with psycopg.connect(url) as inside:
                    for name in _PRICES:
                        inside.execute(_OPEN.format(name=name))
                yield url
        finally:
            for name in _PRICES:
                link.execute(f"DROP ROLE IF EXISTS {name}")


@pytest.fixture(scope="module")
def companies(
    database: str, redis_of_both: RedisServer, static_files: Path, tmp_path_factory: Any
) -> Iterator[list[Company]]:
    with ExitStack() as stack:
        opened = []
        for name, price in _PRICES.items():
            folder = tmp_path_factory.mktemp(name)
            url = as_role(database, name)
            schedule = manage(url, folder, "-c", _FILL, str(price), "quick" if opened else "thorough")
            assert schedule.isdecimal(), schedule
            shared = {"DATABASE_URL": url, "REDIS_URL": redis_of_both.url, "RATE_LIMIT_HOLD": f"{_HOLDS}/h"}
            site = Service(folder, static=static_files, **shared)
            stack.callback(site.stop)
            site.start("web", wait=False)
            opened.append(Company(name, url, site, int(schedule)))
            stack.callback(opened[-1].close)
        for company in opened:
            company.site.wait_for_web()
        yield opened


def test_each_company_sells_beside_the_other(companies: list[Company], redis_of_both: RedisServer) -> None:
    north, south = companies
    assert north.schedule == south.schedule, (
        "the same numbers in both, so that nothing is told apart by chance"
    )
    day = timezone.localdate() + timedelta(days=3)
    for company in (north, south, north, south):  # computed, then cached
        page = company.visitor().search(*WAY, day.isoformat())
        assert re.findall(r"R(?:600|700)\b", page)[0] == f"R{_PRICES[company.name]}"

    north.site.start("queue")
    southerner, northerners = south.buy(), [north.buy() for _hold in range(_HOLDS)]
    for buyer in northerners:
        buyer.wait_for_ticket()

    assert names_in(redis_of_both, 0) >= {"huey.redis.south"}, (
        "a task of the south waits for a consumer of its own"
    )
    refused = north.visitor()
    refused.look(north.schedule, *WAY)
    assert refused.hold(any_of=1).status == 429
    south.site.start("queue")
    southerner.wait_for_ticket()
    south.buy().wait_for_ticket()  # whom the north's holds do not count for
    counted = "SELECT count(*) FROM bookings_booking WHERE status = 'confirmed'"
    assert [company.value(counted) for company in companies] == [2, 2]
    assert {name.split(":")[0] for name in names_in(redis_of_both, 1)} == set(_PRICES)
    assert {name.rpartition(".")[2] for name in names_in(redis_of_both, 0)} <= set(_PRICES)


def test_no_role_may_read_what_is_another_companys(companies: list[Company]) -> None:
    north, south = companies

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        north.value("SELECT count(*) FROM south.bookings_booking")
    assert (
        south.value(
            "SELECT count(*) FROM pg_tables "
            "WHERE schemaname NOT IN ('north', 'south', 'pg_catalog', 'information_schema')"
        )
        == 0
    )


def test_the_tests_own_way_to_migrate_ends_in_the_same_schema(companies: list[Company]) -> None:
    north, south = (
        as_postgres("pg_dump", "--schema-only", "--restrict-key=x", "-n", company.name, company.url)
        .stdout.replace(company.name, "company")
        .splitlines()
        for company in companies
    )

    assert north == south


def test_triggers_fire_in_each_for_itself(companies: list[Company], database: str) -> None:
    versions = "SELECT mark FROM bookings_cataloguemark"
    for company, other in (companies, companies[::-1]):
        own, others = company.value(versions), other.value(versions)

        assert company.value("UPDATE bookings_city SET name = name RETURNING 1")
        with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
            company.value("DELETE FROM bookings_ledgerentry RETURNING 1")
        with psycopg.connect(database) as link:  # a superuser, whose search_path names neither schema
            link.execute(f"UPDATE {company.name}.bookings_stop SET name = name")

        assert company.value(versions) != own
        assert other.value(versions) == others


def test_invariants_hold_in_each_and_a_violation_is_its_own_companys(
    companies: list[Company], database: str
) -> None:
    north, south = companies
    with psycopg.connect(database) as link:
        link.execute("ALTER TABLE north.bookings_ledgerentry DISABLE TRIGGER ledger_no_delete")
    try:
        assert check_invariants(north.url, north.site.folder).splitlines() == [
            "the books and the shifts have their triggers: ledger_no_delete",
            "CommandError: 1 violations.",
        ]
        assert check_invariants(south.url, south.site.folder) == "All invariants hold."
    finally:
        with psycopg.connect(database) as link:
            link.execute("ALTER TABLE north.bookings_ledgerentry ENABLE TRIGGER ledger_no_delete")


def test_one_company_is_dumped_and_comes_back_in_another_database(
    companies: list[Company], database: str, tmp_path: Path
) -> None:
    """With the commands of falcon_web/SCALING.md."""
    north = companies[0]
    with postgres_folder("falcon-dump-") as folder, new_database("restored") as restored:
        as_postgres("pg_dump", "-Fc", "-n", north.name, "-f", folder / "north.dump", north.url)
        as_postgres("pg_restore", "--exit-on-error", "-d", restored, folder / "north.dump")

        url = as_role(restored, north.name)
        assert check_invariants(url, tmp_path) == "All invariants hold."
        with psycopg.connect(url) as link:
            assert link.execute("SELECT count(*) FROM bookings_booking").fetchone() == (
                north.value("SELECT count(*) FROM bookings_booking"),
            )
            with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
                link.execute("DELETE FROM bookings_ledgerentry")
