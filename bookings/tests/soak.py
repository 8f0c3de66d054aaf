"""The long forms of the races, kills, outages and sequences, on SQLite and on PostgreSQL, with their figures.

SOAK_SCALE=2 doubles the numbers; SOAK_DATABASES=postgresql leaves the other one out. Arguments go to pytest.
"""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pytest
from tqdm import tqdm

from bookings.tests.servers import postgres_server, redis_server, run

_ROOT: Final = Path(__file__).resolve().parents[2]
_SALE: Final = (
    "bookings/tests/office/test_sale_browser.py::test_one_passenger_is_sold_in_fewer_than_forty_keys"
)
_ACCESS: Final = (
    "bookings/tests/office/test_access.py::test_each_url_and_method_answers_the_role_as_the_policy_says"
)
_FUZZ: Final = "bookings/tests/api/test_schema.py::test_no_answer_is_outside_the_document"
_FEED: Final = "bookings/tests/domain/search/test_feed.py::test_a_real_feed_comes_back_as_it_went_out"
_TESTS: Final = [
    "bookings/tests/races",
    "bookings/tests/hostile",
    "bookings/tests/database/test_quick_migrations.py",
    "bookings/tests/domain/sales/test_any_sequence.py",
    "bookings/tests/domain/reconciliation/test_planted_differences.py",
    _SALE,
    _ACCESS,
    "bookings/tests/domain/sales/gateways/test_simulator.py",  # each fault alone
    "bookings/tests/domain/sales/gateways/test_simulated_refunds.py",  # and mixes of them
    _FUZZ,
    _FEED,
]


class ProgressBar:
    """A plugin of pytest: one step for each test."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.bar = tqdm(total=len(session.items), unit="test", desc=os.environ["SOAK_NAME"])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.bar.set_postfix_str(nodeid.rpartition("::")[2][:50])

    def pytest_runtest_logfinish(self) -> None:
        self.bar.update()

    def pytest_sessionfinish(self) -> None:
        if hasattr(self, "bar"):
            self.bar.close()


def one_database() -> int:
    """In a process of its own, as the settings are read once."""
    chosen = [each for each in sys.argv[2:] if not each.startswith("-")]
    options = [each for each in sys.argv[2:] if each.startswith("-")]
    return pytest.main(
        [*(chosen or _TESTS), *options, "-qq", "--no-header", "-p", "no:cacheprovider"],
        plugins=[ProgressBar()],
    )


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        return one_database()
    os.chdir(_ROOT)
    os.environ.setdefault("SOAK_SCALE", "1")
    wanted = os.environ.get("SOAK_DATABASES", "sqlite,postgresql").split(",")
    started, codes = time.monotonic(), []
    with (
        tempfile.TemporaryDirectory(prefix="falcon-soak-") as folder,
        postgres_server() as postgres,
        redis_server() as redis,
    ):
        figures = Path(folder) / "figures"
        for name in wanted:
            local = Path(folder) / name
            local.mkdir()
            database = postgres if name == "postgresql" else f"sqlite:///{local / 'db.sqlite3'}"
            environment = {
                "DATABASE_URL": database,
                "REDIS_URL": redis.url,
                "LOCAL_DIR": str(local),
                "FALCON_TEST_DB": str(local / "test.sqlite3"),
                "FALCON_FIGURES": str(figures),
                "SOAK_NAME": name,
            }
            codes.append(
                run(
                    [sys.executable, "-m", "bookings.tests.soak", "--one", *sys.argv[1:]],
                    stop_with=signal.SIGINT,
                    **environment,
                )
            )
            if codes[-1] < 0 or codes[-1] == pytest.ExitCode.INTERRUPTED:  # somebody wants us to stop
                break
        lines = [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []
    _table(lines)
    verdict = "FAILED" if any(codes) else "PASSED"
    print(  # noqa: T201
        f"{verdict}: scale {os.environ['SOAK_SCALE']}, {' and '.join(wanted)}, "
        f"{(time.monotonic() - started) / 60:.1f} min"
    )
    return 1 if any(codes) else 0


def _table(lines: list[dict[str, Any]]) -> None:
    wide = max((len(line["scenario"]) for line in lines), default=0)
    print()  # noqa: T201
    for line in sorted(lines, key=lambda each: (each["scenario"], each["database"])):
        values = "  ".join(
            f"{name} {value}" for name, value in line.items() if name not in ("scenario", "database")
        )
        print(f"{line['scenario']:{wide}}  {line['database']:10}  {values}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
