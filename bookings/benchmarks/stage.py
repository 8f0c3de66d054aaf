"""A site in production dress on a database of its own, with all that is measured of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
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
# As a small server would be set up: everything that is promised is on disk (fsync, synchronous_commit and full_page_writes are on).
POSTGRES_CONF: Final = """
shared_buffers = 1GB
effective_cache_size = 4GB
maintenance_work_mem = 512MB
max_wal_size = 8GB
random_page_cost = 1.1
max_connections = 200
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

    def __init__(self, folder: Path, stack: ExitStack, *, kept: bool) -> None:
        self.folder, self._stack, self._kept = folder, stack, kept
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
        """Another database with the same data, for what changes them. Nobody may be connected to the first."""
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

    def drop(self, kind: str, url: str) -> None:
        if kind == "sqlite":
            for side in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + side).unlink(missing_ok=True)
        else:
            with psycopg.connect(self.postgres(), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def make_database(server: str, name: str, template: str = "template1") -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def postmaster_pid(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()[0].split()[0])


@contextmanager
def stage(house: House, kind: str, size: Size, *, static: Path, queue: bool = False, **environment: str) -> Iterator[Stage]:
    """The web server (and the queue) of `falcon_web/Procfile` on a database of this kind and size."""
    url = house.database(kind, size)
    facts = prepare(url, size)
    if datetime.fromisoformat(facts["last_booked"]).date() < datetime.fromisoformat(facts["day"]).date():  # kept for too long
        house.drop(kind, url)
        url = house.database(kind, size)
        facts = prepare(url, size)
    folder = house.folder / f"site-{kind}-{size.name.replace(':', '-')}-{os.getpid()}"
    folder.mkdir()
    pids: dict[str, Iterable[int]] = {}
    if kind == "postgresql":
        redis = house.redis()
        environment["REDIS_URL"] = redis.url
        pids = {"postgresql": [postmaster_pid(url)], "redis": [redis.process.pid]}
    with service(folder, static=static, queue=queue, **site_environment(url), **environment) as site:
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
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bookings.benchmarks.settings", "REDIS_URL": ""}
    command = [sys.executable, "-m", "bookings.benchmarks.prepare", size.name]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
