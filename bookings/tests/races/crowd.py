"""Many people at once, in real threads with connections of their own."""

import json
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import connection, connections

from bookings.base.errors import Busy
from bookings.domain.sales.messages import queue_message
from bookings.models import OutboxMessage, Schedule
from bookings.tests.make import make_booking

SCALE: Final = float(os.environ.get("SOAK_SCALE", "0"))  # 0: the short forms of the suite
_TRIES: Final = 20


def many(short: int, long: int) -> int:
    """How often: the short form's number, or the long form's for `make soak`."""
    return max(short, int(long * SCALE)) if SCALE else short


def crowd(people: int, act: Callable[[int], Any], *, at_once: int = 16) -> list[Any]:
    """What each of them got.

    A value, or the exception that `act` raised. They start together; who is told to try again, does.
    """
    gate = threading.Barrier(min(people, at_once))
    started = threading.local()

    def one(number: int) -> Any:
        if not hasattr(started, "yes"):
            started.yes = True
            gate.wait(timeout=30)
        try:
            return _with_patience(act, number)
        except Exception as error:  # noqa: BLE001 - what was raised is what the tests look at
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=min(people, at_once)) as pool:
        return list(pool.map(one, range(people)))


def _with_patience(act: Callable[[int], Any], number: int) -> Any:
    for _try in range(_TRIES):
        try:
            return act(number)
        except Busy:
            continue
    return act(number)


def kinds(outcomes: Sequence[Any]) -> Counter[str]:
    """How many of each: the name of the exception, or "ok"."""
    return Counter(type(each).__name__ if isinstance(each, Exception) else "ok" for each in outcomes)


def sell(schedule: Schedule, seats: int, *, now: datetime) -> None:
    """The first seats of a departure, sold for the whole way, with the mail that went out."""
    booking = make_booking(
        schedule=schedule, names=tuple(f"Passenger Number{number}" for number in range(seats)), now=now
    )
    message = queue_message(OutboxMessage.Kind.CONFIRMATION, booking.order, booking.order, now=now)
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=now)


def timed(act: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    started = time.monotonic()
    answer = act(*args)
    return answer, time.monotonic() - started


def p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]


def figure(scenario: str, **values: Any) -> None:
    """A line for the table of `make soak`, and for the report of a test."""
    line = {"scenario": scenario, "database": connection.vendor, **values}
    print(line)  # noqa: T201
    if path := os.environ.get("FALCON_FIGURES"):
        with Path(path).open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")
