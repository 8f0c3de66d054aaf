"""What a hold, an order and a payment cost against floor 3, and what today's statements of them cost without
our code around them.

python -m bookings.benchmarks.transactions ROUNDS SALES
    (DATABASE_URL: ours; BENCH_FLOOR, BENCH_SEEN, BENCH_TWIN: three more copies of the same data)

Ours is measured on the first copy, floor 3 on the second. For today's statements the same is done on the
third while Django notes each statement with its values, and what it noted is replayed on the fourth, where
every row gets the same number again. One JSON line: CPU ms of each step.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import django
import psutil
import psycopg
from tqdm import tqdm

from bookings.benchmarks.floor3 import BETWEEN, FrozenSale, frozen_sales, run

STEPS: Final = ("hold", "order", "pay")
_QUIET: Final = 0.05  # seconds: the queue's messenger comes to rest


@dataclass
class MeasuredSale:
    """One customer on the way through the steps."""

    trip: tuple[int, str, str]  # what a SegmentRef is made of
    number: int
    state: dict[str, Any] = field(default_factory=dict)

    def hold(self) -> None:
        from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_requested
        from bookings.domain.timetable.segments import SegmentRef

        request = HoldRequest(f"bench-{self.number}", f"net-{self.number}")
        self.state["token"] = hold_requested(SeatRequest(SegmentRef(*self.trip), count=1), request).hold.token

    def type(self) -> None:
        from bookings.domain.sales.checkout import save_draft
        from bookings.tests.domain.sales.buy import ANN

        save_draft(
            self.state["token"],
            owner=f"bench-{self.number}",
            passengers=[ANN],
            email=f"ann{self.number}@example.com",
            phone="",
        )

    def order(self) -> None:
        from bookings.domain.sales.checkout import CheckoutRequest, place_order

        self.state["order"] = place_order(
            CheckoutRequest(self.state["token"], f"bench-{self.number}"),
            submission=f"bench-{self.number}",
            content="",
        )

    def tell(self) -> None:
        from django.utils import timezone

        from bookings.tests.domain.sales.buy import paid_notification

        self.state["told"] = paid_notification(self.state["order"], now=timezone.now()).pk

    def pay(self) -> None:
        from bookings.domain.sales.notifications import act_on_notification

        act_on_notification(self.state["told"])


def main() -> None:
    rounds, number = int(sys.argv[1]), int(sys.argv[2])
    django.setup()
    floor, twin = (
        psycopg.connect(os.environ[name], autocommit=True) for name in ("BENCH_FLOOR", "BENCH_TWIN")
    )
    bench = _Bench(floor, twin)
    with tqdm(total=rounds + 1, desc="transactions", unit="round", leave=False) as bar:
        for turn in range(rounds + 1):
            bench.round(turn, number, counts=turn > 0)  # the first one warms up
            bar.update()
    print(json.dumps(bench.report()))  # noqa: T201


class _Bench:
    def __init__(self, floor: psycopg.Connection, twin: psycopg.Connection) -> None:
        from django.db import connections

        self.floor, self.twin = floor, twin
        settings = connections.settings["default"]
        connections.settings["seen"] = {**settings, "NAME": _name(os.environ["BENCH_SEEN"])}
        self.spent: dict[str, dict[str, list[float]]] = {
            step: {"ours": [], "floor": [], "statements_alone": []} for step in STEPS
        }
        self.statements: dict[str, list[int]] = {step: [] for step in STEPS}

    def round(self, turn: int, number: int, *, counts: bool) -> None:
        departures = _departures_of_round(number, turn)
        measured = [
            MeasuredSale(departure, turn * number + index) for index, departure in enumerate(departures)
        ]
        noted = [MeasuredSale(departure, turn * number + index) for index, departure in enumerate(departures)]
        frozen = frozen_sales(self.floor, departures)
        for step in STEPS:
            self._between(step, measured, noted, frozen)
            floor = [sale.statements(step) for sale in frozen]
            spent = {
                "ours": _spent(partial(_take, step, measured), _backend()),
                "floor": _spent(partial(_run_each, self.floor, floor), self.floor.info.backend_pid),
            }
            scripts = self._note(partial(_take, step, noted))
            spent["statements_alone"] = _spent(partial(run, self.twin, scripts), self.twin.info.backend_pid)
            if counts:
                for name, ms in spent.items():
                    self.spent[step][name].append(ms / number)
                self.statements[step].append(
                    round(len([script for script in scripts if not _is_boundary(script)]) / number)
                )

    def _between(
        self, step: str, measured: list[MeasuredSale], noted: list[MeasuredSale], frozen: list[FrozenSale]
    ) -> None:
        if step not in BETWEEN:
            return
        _take(BETWEEN[step], measured)
        run(self.twin, self._note(partial(_take, BETWEEN[step], noted)))
        _run_each(self.floor, [sale.statements(BETWEEN[step]) for sale in frozen])

    def _note(self, act: Callable[[], Any]) -> list[str]:
        """Do it on the third copy; the statements as they were sent, values in them, transactions too."""
        from django.db import connections

        ours, seen = connections["default"], connections["seen"]
        seen.force_debug_cursor = True
        seen.queries_log.clear()
        connections["default"] = seen
        try:
            act()
            return [query["sql"] for query in seen.queries_log]
        finally:
            connections["default"] = ours

    def report(self) -> list[dict[str, Any]]:
        self._check()
        return [
            {
                "step": step,
                "statements": self.statements[step][-1],
                **{name: statistics.median(ms) for name, ms in spent.items()},
            }
            | {f"{name}_ratio": _ratio(spent[name], spent["floor"]) for name in ("ours", "statements_alone")}
            for step, spent in self.spent.items()
        ]

    def _check(self) -> None:
        """A replay that did not sell what was sold, or as much, measured something else."""
        from django.db import connections

        question = "SELECT COUNT(*), MAX(id) FROM bookings_booking WHERE status = 'confirmed'"
        with connections["seen"].cursor() as cursor:
            cursor.execute(question)
            seen = cursor.fetchone()
        for connection in (self.twin, self.floor):
            replayed = connection.execute(question).fetchone()
            if seen != replayed:
                raise RuntimeError(f"The replay sold {replayed}, the original {seen}.")


def _run_each(connection: psycopg.Connection, scripts: list[list[str]]) -> None:
    for script in scripts:
        run(connection, script)


def _ratio(costs: list[float], floor: list[float]) -> float:
    return statistics.median(cost / least for cost, least in zip(costs, floor, strict=True))


def _take(step: str, sales: list[MeasuredSale]) -> None:
    for sale in sales:
        getattr(sale, step)()


def _is_boundary(statement: str) -> bool:
    return statement.split(" ", 1)[0] in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _backend() -> int:
    from django.db import connection

    connection.ensure_connection()
    return connection.connection.info.backend_pid


def _departures_of_round(number: int, turn: int) -> list[tuple[int, str, str]]:
    """Other departures in each round."""
    from bookings.benchmarks.prepare import sellable_segments

    departures = sellable_segments()
    return [departures[(turn * number + index) % len(departures)] for index in range(number)]


def _spent(act: Callable[[], Any], backend: int) -> float:
    """ms of CPU, ours and of the database's process."""
    process = psutil.Process(backend)

    def server() -> float:
        return sum(process.cpu_times()[:2])

    before, here = server(), time.process_time()
    act()
    time.sleep(_QUIET)
    return (time.process_time() - here + server() - before) * 1000


if __name__ == "__main__":
    main()
