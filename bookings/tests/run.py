"""Every test on SQLite; beside it what the database decides on PostgreSQL, and what wants a Redis.

While one of the two waits for a browser or a server, the other goes on. Ends with a verdict.

With --strict a browser, PostgreSQL or Redis test that was skipped, or that does not exist, fails the run.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from xml.etree import ElementTree

from bookings.tests.servers import postgres_server, redis_server, start, wait_for

_ROOT: Final = Path(__file__).resolve().parents[2]
_WORKERS: Final = max(2, min(4, (os.cpu_count() or 1) // 2 + 1))  # of each of the two
_PARALLEL: Final = [
    "-n",
    str(_WORKERS),
    "--dist",
    "loadscope",
    "--no-loadscope-reorder",
]  # conftest.py puts the long files first
_MEMORY: Final = Path("/dev/shm")  # nothing here has to survive a power cut
_ROOM: Final = 4 * 1024**3  # that a run may fill


@dataclass
class Tally:
    """What the steps did, from the reports that pytest wrote."""

    outcomes: Counter[str] = field(default_factory=Counter)
    ran: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def read(self, report: Path, kind: str) -> None:
        for case in ElementTree.parse(report).iter("testcase"):
            skipped = case.find("skipped")
            failed = case.find("failure") is not None or case.find("error") is not None
            self.outcomes["failed" if failed else "skipped" if skipped is not None else "passed"] += 1
            self.slowest.append(
                (
                    float(case.get("time", 0)),
                    f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')} ({kind})",
                )
            )
            marks = {each.get("value") for each in case.iter("property") if each.get("name") == "mark"}
            for mark in marks & {"browser", "redis", "feeds"} | {kind}:
                (self.ran if skipped is None else self.missed)[mark] += 1
            if skipped is not None:
                self.reasons[skipped.get("message", "no reason")] += 1

    def gaps(self) -> list[str]:
        """What a strict run holds against us."""
        wanted = {"browser": "browser", "PostgreSQL": "PostgreSQL", "redis": "Redis"}
        none = [f"no {name} test ran" for mark, name in wanted.items() if not self.ran[mark]]
        return none + [
            f"{self.missed[mark]} {name} tests were skipped"
            for mark, name in wanted.items()
            if self.missed[mark]
        ]


@dataclass
class Run:
    """One run of pytest, with databases, files and a report of its own."""

    kind: str
    folder: Path
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    output: IO[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        local = self.folder / f"local-{self.kind}"
        local.mkdir()
        return start(
            [
                *(sys.executable, "-m", "pytest", f"--junitxml={self.report}"),
                *(f"--basetemp={self.folder / self.kind}", *_PARALLEL, *self.arguments, *sys.argv[1:]),
            ],
            output=self.output,
            LOCAL_DIR=str(local),
            FALCON_TEST_DB=str(self.folder / "test.sqlite3"),
            **self.environment,
        )

    @property
    def report(self) -> Path:
        return self.folder / f"{self.kind}.xml"


def _somebody_chose() -> bool:
    return any(not each.startswith("-") for each in sys.argv[1:])


def _marked(*marks: str) -> list[str]:
    """The files in which one of the marks occurs.

    To import all the others only to run nothing of them takes each worker long.
    """
    if _somebody_chose():
        return []
    words = [f"mark.{mark}" for mark in marks]
    files = sorted((_ROOT / "bookings" / "tests").rglob("test_*.py"))
    return [str(path) for path in files if any(word in path.read_text() for word in words)]


def _make_folder() -> Path:
    """In memory if it has room, for files that are synchronised at each commit."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix="falcon-test-", dir=_MEMORY if has_room else None))


def main() -> int:
    strict = "--strict" in sys.argv
    sys.argv[1:] = [each for each in sys.argv[1:] if each != "--strict"]
    os.chdir(_ROOT)
    feeds = _ROOT.parent / "shared" / "data"
    if not os.environ.get("FALCON_FEEDS") and feeds.is_dir():
        os.environ["FALCON_FEEDS"] = str(feeds)
    os.environ.update(
        DATABASE_URL="", REPLICA_URL="", REDIS_URL="", ENVIRONMENT="demo"
    )  # whatever a file .env says
    os.environ.setdefault(
        "FALCON_TEMPLATES", str(Path(os.environ.get("LOCAL_DIR") or ".local").resolve() / "cache")
    )
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of many processes compiles everything anew
    started, tally = time.monotonic(), Tally()
    with ExitStack() as stack:
        folder = _make_folder()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["FALCON_STATIC"] = str(folder)
        database = stack.enter_context(postgres_server(inside=folder))
        redis = [stack.enter_context(redis_server()).url for _worker in range(_WORKERS)]
        output = stack.enter_context((folder / "output").open("w+b"))
        runs = [
            Run("SQLite", folder),
            Run(
                "PostgreSQL",
                folder,
                ["-p", "bookings.tests.own_redis", *_marked("database", "redis"), "-m", "database or redis"],
                {"DATABASE_URL": database, "REDIS_URLS": " ".join(redis)},
                output,
            ),
        ]
        print("» SQLite: every test", flush=True)  # noqa: T201
        codes = wait_for(*(each.start() for each in runs), stop_with=signal.SIGINT)
        print("» PostgreSQL: what the database decides; Redis: cache, limits, queue", flush=True)  # noqa: T201
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
        for each in runs:
            if each.report.exists():
                tally.read(each.report, each.kind)
        if any(code < 0 or code == 2 for code in codes):  # somebody wants us to stop
            return 1
        if _somebody_chose() and codes[1] == 5:  # nothing to run
            codes[1] = 0
    return _verdict(tally, codes, strict, time.monotonic() - started)


def _verdict(tally: Tally, codes: list[int], strict: bool, seconds: float) -> int:
    for reason, count in tally.reasons.most_common():
        print(f"skipped {count}: {reason}")  # noqa: T201
    print(  # noqa: T201
        "slowest: "
        + ", ".join(f"{name} {took:.1f} s" for took, name in sorted(tally.slowest, reverse=True)[:5])
    )
    gaps = tally.gaps() if strict else []
    for gap in gaps:
        print(f"not good enough: {gap}")  # noqa: T201
    counts = ", ".join(f"{tally.ran[mark]} on {mark}" for mark in ("SQLite", "PostgreSQL"))
    bad = any(codes) or gaps
    print(  # noqa: T201
        f"{'FAILED' if bad else 'PASSED'}: {tally.outcomes['passed']} passed, "
        f"{tally.outcomes['failed']} failed, "
        f"{tally.outcomes['skipped']} skipped ({counts}, {tally.ran['redis']} with Redis, "
        f"{tally.ran['browser']} in a browser) "
        f"in {seconds:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
