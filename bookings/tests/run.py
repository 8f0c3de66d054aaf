"""Every test: on SQLite, then what the database decides on PostgreSQL, then what wants a Redis. Ends with a
verdict.

With --strict a browser, PostgreSQL or Redis test that was skipped, or that does not exist, fails the run.
"""

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from bookings.tests.races.service import collect_static
from bookings.tests.servers import postgres_server, redis_server, run

_ROOT: Final = Path(__file__).resolve().parents[2]
_WORKERS: Final = min(4, (os.cpu_count() or 1) + 1)  # one more, as browsers and races wait
_PARALLEL: Final = [
    "-n",
    str(_WORKERS),
    "--dist",
    "loadscope",
    "--no-loadscope-reorder",
]  # conftest.py puts the long files first
_LIGHT: Final = ["-p", "no:schemathesis"]  # slow to import, and used by no test of these


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


def _pytest(step: str, tally: Tally, *arguments: str, kind: str, folder: Path, **environment: str) -> int:
    print(f"» {step}", flush=True)  # noqa: T201
    report = folder / f"{kind}.xml"
    local = folder / f"local-{kind}"
    local.mkdir()
    environment = {"LOCAL_DIR": str(local), "FALCON_TEST_DB": str(folder / "test.sqlite3"), **environment}
    code = run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments, *sys.argv[1:]],
        stop_with=signal.SIGINT,
        **environment,
    )
    if report.exists():
        tally.read(report, kind)
    if code < 0 or code == 2:  # somebody wants us to stop
        raise SystemExit(1)
    return 0 if code == 5 and kind == "Redis" else code  # 5: nothing to run


def _marked(mark: str) -> list[str]:
    """The files in which the mark occurs.

    To import all the others only to run nothing of them takes each worker long.
    """
    if any(not each.startswith("-") for each in sys.argv[1:]):
        return []  # somebody chose
    return [
        str(path)
        for path in sorted((_ROOT / "bookings" / "tests").rglob("test_*.py"))
        if f"mark.{mark}" in path.read_text()
    ]


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
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of many processes compiles everything anew
    started, tally = time.monotonic(), Tally()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="falcon-test-")))
        os.environ["FALCON_STATIC"] = str(collect_static(folder))  # once, for all
        database = stack.enter_context(postgres_server())
        redis = [stack.enter_context(redis_server()).url for _worker in range(_WORKERS)]
        codes = [
            _pytest("SQLite: every test", tally, *_PARALLEL, kind="SQLite", folder=folder),
            _pytest(
                "PostgreSQL: what the database decides",
                tally,
                *_PARALLEL,
                *_marked("database"),
                *_LIGHT,
                "-m",
                "database and not redis",
                kind="PostgreSQL",
                folder=folder,
                DATABASE_URL=database,
            ),
            _pytest(
                "Redis and PostgreSQL: cache, limits, queue",
                tally,
                *_PARALLEL,
                "-p",
                "bookings.tests.own_redis",
                *_marked("redis"),
                *_LIGHT,
                "-m",
                "redis",
                kind="Redis",
                folder=folder,
                DATABASE_URL=database,
                REDIS_URLS=" ".join(redis),
            ),
        ]
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
