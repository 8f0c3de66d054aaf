"""A site in production dress on a database of its own, with all that is measured of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from django.conf import settings

from bookings.benchmarks.meter import Meter
from bookings.benchmarks.sizes import Size
from bookings.tests.races.service import Service, service
from bookings.tests.servers import RedisServer, postgres_server, redis_server

ROOT: Final = Path(__file__).resolve().parents[2]
# As a small server would be set up: everything that is promised is on disk (fsync, synchronous_commit and
# full_page_writes are on).
POSTGRES_CONF: Final = """
shared_buffers = 1GB
effective_cache_size = 4GB
maintenance_work_mem = 512MB
max_wal_size = 8GB
random_page_cost = 1.1
max_connections = 200
jit = off
"""


@dataclass
class Stage:
    name: str
    database: str  # postgresql or sqlite
    size: Size
    site: Service
    url: str  # of the database
    facts: dict[str, Any]
    pids: dict[str, Iterable[int]] = field(default_factory=dict)  # of the servers

    def meter(self) -> Meter:
        return Meter(lambda: {"web": [self.site.pid("web")], **self.queue_pids(), **self.pids})

    def queue_pids(self) -> dict[str, list[int]]:
        return {"queue": [self.site.pid("queue")]} if self.site.runs("queue") else {}


class House:
    """The servers of a run, started when they are first needed, and its folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self._postgres = ""

    def postgres(self) -> str:
        if not self._postgres:
            keep = self.folder / "postgresql"
            keep.mkdir(exist_ok=True)
            self._postgres = self._stack.enter_context(postgres_server(conf=POSTGRES_CONF, keep=keep))
        return self._postgres

    def redis(self) -> RedisServer:
        return self._stack.enter_context(redis_server())

    def database(self, kind: str, size: Size) -> str:
        """The address of the database of this size; it is made if it is not there."""
        name = f"bench_{size.name.replace(':', '_')}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite3"
        return make_database(self.postgres(), name)

    def copy(self, kind: str, url: str, name: str) -> str:
        """Another database with the same data, for what changes them.

        Nobody may be connected to the first.
        """
        if kind == "sqlite":
            source, target = Path(url.removeprefix("sqlite:///")), self.folder / f"{name}.sqlite3"
            shutil.copyfile(source, target)
            return f"sqlite:///{target}"
        if self._exists(name):
            self.drop(kind, make_database(self.postgres(), name))
        return make_database(self.postgres(), name, template=urlsplit(url).path[1:])

    def _exists(self, name: str) -> bool:
        with psycopg.connect(self.postgres(), autocommit=True) as connection:
            return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())

    def count_statements(self, act: Callable[[], Any]) -> int:
        """How many statements PostgreSQL gets meanwhile, from whomever, by its own log."""
        log = self.folder / "postgresql" / "data" / "log"
        with psycopg.connect(self.postgres(), autocommit=True) as connection:
            _log_statements(connection, "all")
            before = _statements(log)
            act()
            after = _statements(log)
            _log_statements(connection, "none")
        return after - before

    def drop(self, kind: str, url: str) -> None:
        if kind == "sqlite":
            for side in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + side).unlink(missing_ok=True)
        else:
            with psycopg.connect(self.postgres(), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _log_statements(connection: psycopg.Connection, which: str) -> None:
    connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
    connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)  # until everybody has read it


def _statements(log: Path) -> int:
    text = log.read_text(errors="replace")
    return len(re.findall(r"LOG:  (?:statement|execute [^:]*): ", text)) - len(
        re.findall(r"LOG:  statement: (?:ALTER SYSTEM|SELECT pg_reload)", text)
    )


def make_database(server: str, name: str, template: str = "template1") -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def postmaster_pid(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone() or ("0",)
        return int(row[0].split()[0])


def prepare_database(house: House, kind: str, size: Size) -> str:
    """The address of the data of this size.

    Those that were kept for too long are made again, as nothing leaves the day after tomorrow.
    """
    url = house.database(kind, size)
    facts = prepare(url, size)
    if facts["last_booked"] < facts["sales_day"]:
        house.drop(kind, url)
        url = house.database(kind, size)
        prepare(url, size)
    return url


@contextmanager
def stage(
    house: House,
    kind: str,
    size: Size,
    *,
    static: Path,
    url: str = "",
    queue: bool = False,
    **environment: str,
) -> Iterator[Stage]:
    """The web server (and the queue) of `falcon_web/Procfile` on a prepared database of this kind and size,
    or on a copy of it.
    """
    url = url or house.database(kind, size)
    facts = prepare(url, size)
    pids: dict[str, Iterable[int]] = {}
    if kind == "postgresql":
        redis = house.redis()
        environment["REDIS_URL"] = redis.url
        pids = {"postgresql": [postmaster_pid(url)], "redis": [redis.process.pid]}
    with (
        tempfile.TemporaryDirectory(dir=house.folder, prefix="site-") as folder,
        service(Path(folder), static=static, queue=queue, **site_environment(url), **environment) as site,
    ):
        yield Stage(f"{kind} {size.name}", kind, size, site, url, facts, pids)


def site_environment(url: str) -> dict[str, str]:
    limits = {f"RATE_LIMIT_{name.upper()}": "" for name in settings.RATE_LIMITS}
    return {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "bookings.benchmarks.settings",
        "HOLD_MAX_SEATS": "9",
        "LOG_LEVEL": "WARNING",
        **limits,
    }


def prepare(url: str, size: Size) -> dict[str, Any]:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "bookings.benchmarks.settings",
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "bookings.benchmarks.prepare", size.name, str(size.routes)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
