"""The real thing: web server and queue as falcon_web/Procfile starts them, on the database of the running
test.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import environ
import httpx
import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from bookings.tests.database_template import fill_new_database
from bookings.tests.emptying import empty_tables
from bookings.tests.servers import free_port

_ROOT: Final = Path(__file__).resolve().parents[3]
_STARTS_WITHIN: Final = 60.0
# Every client comes from one address here.
_NO_LIMITS: Final = {
    "RATE_LIMIT_BOOKING": "",
    "RATE_LIMIT_HOLD": "",
    "RATE_LIMIT_FIND": "",
    "RATE_LIMIT_RESEND": "",
    "HOLD_NETWORK_SHARE": "",
}


def database_url() -> str:
    """The address of the database that the test uses, for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


class Service:
    def __init__(self, folder: Path, *, static: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "static").symlink_to(static)
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in {"REDIS_URL", "EMAIL_URL", "QUEUE_FILE"}
            },
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ENVIRONMENT": "demo",
            "LOCAL_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "SECRET_KEY": settings.SECRET_KEY,
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "LOG_LEVEL": "WARNING",
            **_NO_LIMITS,
            **environment,
        }
        procfile = (_ROOT / "falcon_web" / "Procfile").read_text().splitlines()
        self._commands = dict(line.split(": ", 1) for line in procfile if line.strip())
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *more: str, wait: bool = True) -> None:
        """`web` or `queue`, with more arguments if need be."""
        command = [*shlex.split(self._commands[name].replace("$PORT", str(self.port))), *more]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=_ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        if name == "web" and wait:
            self.wait_for_web()

    def wait_for_web(self) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/health/live/", timeout=5).status_code < 500:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError(f"The web server does not answer: {self.log('web')[-2000:]}")

    def kill(self, name: str) -> None:
        """kill -9 of the whole of it."""
        process = self._running.pop(name, None)
        if process:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def web_workers(self) -> list[psutil.Process]:
        return psutil.Process(self._running["web"].pid).children()

    def kill_one_web_worker(self) -> None:
        """kill -9 of one worker; its parent starts another."""
        workers = self.web_workers()
        if workers:
            workers[-1].kill()

    def pid(self, name: str) -> int:
        """Of the process that all others of it come from."""
        return self._running[name].pid

    def runs(self, name: str) -> bool:
        return name in self._running

    def processes(self) -> list[psutil.Process]:
        """All of them: the web server, its workers, the queue."""
        parents = [psutil.Process(process.pid) for process in self._running.values()]
        return [*parents, *(child for parent in parents for child in parent.children(recursive=True))]

    def cpu_seconds(self) -> float:
        """What the web server and its workers have used so far."""
        return sum(
            sum(process.cpu_times()[:2])
            for process in (psutil.Process(self._running["web"].pid), *self.web_workers())
        )

    def end(self, name: str) -> None:
        """As a supervisor does it: SIGTERM, then wait until it has finished what it was at."""
        process = self._running.pop(name)
        process.terminate()
        process.wait(timeout=30)

    def is_alive(self, name: str) -> bool:
        return self._running[name].poll() is None

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


@contextmanager
def service(
    folder: Path, *, static: Path, queue: bool = True, workers: int = 2, **environment: str
) -> Iterator[Service]:
    """`workers` is 1 where none has to race or take over for another: each takes a second to start."""
    running = Service(folder, static=static, **environment)
    try:
        running.start("web", "--workers", str(workers))
        if queue:
            running.start("queue")
        yield running
    finally:
        running.stop()


def collect_static(folder: Path) -> Path:
    """The static files as the demo and production serve them, hashed and compressed."""
    environment = {**os.environ, "ENVIRONMENT": "demo", "LOCAL_DIR": str(folder)}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=_ROOT, env=environment, check=True)
    return folder / "static"


@contextmanager
def living_at(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process, and every service that it starts, use another PostgreSQL.

    One that may be broken without harm to other tests.
    """
    with psycopg.connect(url) as link:
        is_new = link.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
    if is_new:
        fill_new_database(url)
    monkeypatch.setenv("DATABASE_URL", url)
    there, here = environ.Env.db_url_config(url), connection.settings_dict
    usual = dict(here)
    connection.close()
    here.update({**there, "OPTIONS": {**here["OPTIONS"], **there.get("OPTIONS", {})}})
    try:
        yield
        empty_tables()
    finally:
        connection.close()
        here.update(usual)
