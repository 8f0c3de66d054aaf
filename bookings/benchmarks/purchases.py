"""Whole purchases over HTTP: search, departure, hold, details, review, payment, callback, mail."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx
from aiosmtpd.controller import Controller

from bookings.benchmarks.probe_headers import COUNT, QUERIES
from bookings.benchmarks.stage import Stage
from bookings.tests.races.buyer import Buyer, Refused
from bookings.tests.servers import free_port

DepartureEnds = tuple[int, str, str]
_MAIL_WITHIN: Final = 60.0
_numbers: Final = count(1)


class Letterbox:
    """Where the site's mail arrives; knows for each address whether there was one."""

    def __init__(self) -> None:
        self.port = free_port()
        self._came: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def _event(self, address: str) -> threading.Event:
        with self._lock:
            return self._came.setdefault(address, threading.Event())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name aiosmtpd calls
        for address in envelope.rcpt_tos:
            self._event(address).set()
        return "250 OK"

    def wait_for(self, address: str) -> bool:
        return self._event(address).wait(_MAIL_WITHIN)


@contextmanager
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=10)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Run:
    """What a number of purchases cost.

    Seconds are of the customer's side, from the search to the gateway's answer.
    """

    seconds: list[float] = field(default_factory=list)
    until_mail: list[float] = field(default_factory=list)
    refused: int = 0
    elapsed: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)  # seconds by part

    @property
    def bought(self) -> int:
        return len(self.seconds)

    @property
    def cpu_ms(self) -> float:
        return sum(self.cpu.values()) * 1000 / max(1, self.bought)

    @property
    def a_second(self) -> float:
        return self.bought / self.elapsed if self.elapsed else 0.0


def purchase(stage: Stage, box: Letterbox, departure: DepartureEnds, run: Run) -> None:
    schedule, start, end = departure
    buyer = Buyer(stage.site.url, name=f"Buyer{next(_numbers)}")
    started = time.perf_counter()
    try:
        buyer.search(start, end, stage.facts["sales_day"])
        buyer.buy(schedule, start, end)
        run.seconds.append(time.perf_counter() - started)
        buyer.get(buyer.order)
        if box.wait_for(f"{buyer.name.lower()}@example.com"):
            run.until_mail.append(time.perf_counter() - started)
    except Refused:
        run.refused += 1
    finally:
        buyer.close()


def shop(
    stage: Stage, box: Letterbox, departures: Sequence[DepartureEnds], *, clients: int, into: Run
) -> None:
    """So many clients, one purchase after the other, until each departure was bought once."""
    meter = stage.meter()
    before, started = meter.read(), time.perf_counter()
    with ThreadPoolExecutor(max_workers=clients) as pool:
        list(pool.map(lambda departure: purchase(stage, box, departure, into), departures))
    into.elapsed += time.perf_counter() - started
    for part, seconds in meter.since(before).items():
        into.cpu[part] = into.cpu.get(part, 0.0) + seconds


@dataclass
class Step:
    """A request of a purchase, over several purchases."""

    name: str
    queries: int = 0
    cpu: list[float] = field(default_factory=list)  # ms, of the web server and the database


def steps(stage: Stage, box: Letterbox, departures: Sequence[DepartureEnds]) -> list[Step]:
    """What each request of a purchase costs, in order.

    The queue is at rest meanwhile, but for the last one.
    """
    meter, turn = stage.meter(), [0]
    measured: dict[int, Step] = {}
    before: list[dict[str, float]] = [{}]

    def begin(request: httpx.Request) -> None:
        before[0] = meter.read()

    def end(response: httpx.Response) -> None:
        response.read()
        spent = meter.since(before[0])
        turn[0] += 1
        step = measured.setdefault(turn[0], Step(_step_name(response.request)))
        step.queries = int(response.headers.get(QUERIES, 0))
        step.cpu.append((sum(spent.values()) - spent.get("queue", 0)) * 1000)

    for schedule, start, end_city in departures:
        turn[0] = 0
        buyer = Buyer(stage.site.url, name=f"Buyer{next(_numbers)}")
        buyer.client.headers[COUNT] = "1"
        buyer.client.event_hooks = {"request": [begin], "response": [end]}
        try:
            buyer.search(start, end_city, stage.facts["sales_day"])
            buyer.buy(schedule, start, end_city)
            box.wait_for(f"{buyer.name.lower()}@example.com")
            buyer.get(buyer.order)
        finally:
            buyer.close()
    return list(measured.values())


def _step_name(request: httpx.Request) -> str:
    """Without what differs from purchase to purchase."""
    path = "/".join(
        "…" if any(letter.isdigit() or letter.isupper() for letter in part) else part
        for part in request.url.path.split("/")
    )
    return f"{request.method} {path}{'?step=review' if 'step' in request.url.params else ''}"


def percentile(seconds: Sequence[float], share: float) -> float:
    """ms"""
    ranked = sorted(seconds)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] * 1000 if ranked else 0.0


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000 if seconds else 0.0
