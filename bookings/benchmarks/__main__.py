"""What the site costs, measured against floors in the same run: a table of ratios, with those reached and
those missed.

python -m bookings.benchmarks [--full] [--databases postgresql,sqlite] [--sizes 10k:500k,100k:1m] [--parts
pages,transactions,purchases]
    [--rounds 5] [--seconds 0.5] [--keep DIR] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bookings.benchmarks.sizes import Size

PARTS: Final = ("pages", "transactions", "purchases")
# SQLite is for trials and small companies; it is filled row by row, index and all.
QUICK: Final = {"postgresql": ("10k:500k", "100k:1m"), "sqlite": ("10k:100k",)}
FULL: Final = {"postgresql": ("10k:500k", "100k:1m", "1m:5m"), "sqlite": ("10k:500k",)}


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bookings.benchmarks", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--full", action="store_true", help=f"sizes {', '.join(FULL['postgresql'])} (half an hour at most)"
    )
    parser.add_argument("--databases", type=_listed, default=tuple(QUICK))
    parser.add_argument(
        "--sizes", type=_listed, default=(), help="departures:claims, the smallest first; ,-separated"
    )
    parser.add_argument("--parts", type=_listed, default=PARTS)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="how long one page is asked for in each round"
    )
    parser.add_argument("--sales", type=int, default=20, help="purchases of each kind in a round")
    parser.add_argument("--routes", type=int, default=0, help="other than 200 routes, for a trial")
    parser.add_argument("--keep", type=Path, help="a folder where the data stay for the next run")
    parser.add_argument("--markdown", type=Path, help="write the table to this file, too")
    options = parser.parse_args(arguments)
    try:
        options.sizes = {
            kind: [
                Size.read(text, routes=options.routes)
                for text in options.sizes or (FULL if options.full else QUICK)[kind]
            ]
            for kind in options.databases
        }
    except (ValueError, KeyError) as error:
        parser.error(str(error))
    return options


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def main() -> int:
    options, started = read_options(sys.argv[1:]), time.monotonic()
    for name in (signal.SIGTERM, signal.SIGHUP):  # so that the servers are stopped on the way out
        signal.signal(name, lambda number, _frame: sys.exit(128 + number))
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="falcon-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        # Read once, when the settings are first needed; each server gets its own.
        os.environ |= {
            "ENVIRONMENT": "demo",
            "DEBUG": "",
            "LOCAL_DIR": str(folder.resolve()),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        }
        os.environ["DJANGO_SETTINGS_MODULE"] = "bookings.benchmarks.settings"
        from bookings.benchmarks import results, runs  # they read the settings

        lines = runs.run(options, folder.resolve(), stack)
    print(results.plain(lines))  # noqa: T201
    print(f"\n{results.machine()}; {(time.monotonic() - started) / 60:.1f} min\n{results.verdict(lines)}")  # noqa: T201
    if options.markdown:
        options.markdown.write_text(results.markdown(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
