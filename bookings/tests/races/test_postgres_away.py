"""PostgreSQL that crashes and comes back, or freezes.

Pages say so for a while, nothing is lost, and everything heals by itself.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Order
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.crowd import figure, many
from bookings.tests.races.service import Service, living_at, service
from bookings.tests.races.shoppers import catch_up, coaches, shoppers
from bookings.tests.servers import PostgresServer, own_postgres

pytestmark = pytest.mark.redis  # the run that has PostgreSQL and Redis
_KEEPS_WHAT_IT_CONFIRMED = "synchronous_commit = on\n"  # the other tests do without
_STATEMENT_SECONDS = 1


@pytest.fixture(scope="module")
def machine() -> Iterator[PostgresServer]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could go away")
    with own_postgres(_KEEPS_WHAT_IT_CONFIRMED) as server:
        yield server


@pytest.fixture(scope="module")
def postgres(machine: PostgresServer, django_db_blocker: Any) -> Iterator[PostgresServer]:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        django_db_blocker.unblock(),
        living_at(machine.url, monkeypatch),
    ):
        yield machine


@pytest.fixture(scope="module")
def site(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory, static_files: Path
) -> Iterator[Service]:
    """One for both tests: after each of them it has to be well again."""
    with service(
        tmp_path_factory.mktemp("site"), static=static_files, STATEMENT_SECONDS=str(_STATEMENT_SECONDS)
    ) as running:
        yield running


@dataclass
class Watch:
    """Somebody who looks at the site all the time."""

    errors: int = 0
    longest_away: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)


@contextmanager
def watching(site: Service) -> Iterator[Watch]:
    watch, stop = Watch(), threading.Event()

    def look() -> None:
        well_at = time.monotonic()
        while not stop.is_set():
            try:
                status = httpx.get(
                    f"{site.url}/departures/?city=johannesburg", timeout=30, follow_redirects=True
                ).status_code
            except httpx.HTTPError:
                status = 599
            watch.statuses[status] = watch.statuses.get(status, 0) + 1
            if status == 200:
                well_at = time.monotonic()
            watch.longest_away = max(watch.longest_away, time.monotonic() - well_at)
            time.sleep(0.05)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        stop.set()
        thread.join()


def test_a_database_that_crashes_loses_nothing_and_everybody_heals(
    postgres: PostgresServer, site: Service, settings: Any
) -> None:
    schedules, restarts = coaches(12), many(1, 10)
    workers = site.web_workers()

    with watching(site) as watch, shoppers(site.url, schedules) as diary:
        time.sleep(2)
        for _restart in range(restarts):
            connection.close()
            postgres.restart()
            time.sleep(3)
    with_queue = Buyer(site.url)
    with_queue.buy(schedules[0], "johannesburg", "cape-town")
    with_queue.wait_for_ticket()  # by the queue, which has to heal as well
    with_queue.close()
    catch_up(settings, site, wait=many(0, 60))

    errors = diary.errors + sum(
        count for status, count in watch.statuses.items() if status >= 500 and status != 503
    )
    status = dict(Order.objects.values_list("token", "status"))
    lost = [token for token in diary.placed if status.get(token) != "confirmed"]
    figure(
        "HTTP: PostgreSQL restarted",
        restarts=restarts,
        acknowledged=len(diary.placed),
        lost=len(lost),
        longest_503_s=round(watch.longest_away, 1),
        answers_503=diary.statuses[503] + watch.statuses.get(503, 0),
        other_5xx=errors,
    )
    assert diary.placed
    assert lost == []
    assert errors == 0, site.log("web")[-3000:]
    assert watch.longest_away <= 30
    assert site.web_workers() == workers
    assert violations(now=timezone.now()) == []


def test_a_database_that_freezes_holds_no_worker_for_ever(postgres: PostgresServer, site: Service) -> None:
    coaches(1)
    workers, address = site.web_workers(), f"{site.url}/departures/?city=johannesburg-main"
    for _warm in range(6):
        assert httpx.get(address, timeout=30, follow_redirects=True).status_code == 200
    connection.close()

    postgres.freeze()
    waited = []
    try:
        for _ask in range(many(2, 12)):
            started = time.monotonic()
            answer = httpx.get(address, timeout=60)
            waited.append(time.monotonic() - started)
            assert answer.status_code == 503
            assert "Back in a moment" in answer.text
            assert httpx.get(f"{site.url}/health/live/", timeout=60).status_code == 200
    finally:
        postgres.thaw()
    started = time.monotonic()
    while httpx.get(address, timeout=60, follow_redirects=True).status_code != 200:
        assert time.monotonic() - started < 60
    healed = time.monotonic() - started

    figure(
        "HTTP: PostgreSQL frozen",
        asked=len(waited),
        longest_wait_s=round(max(waited), 1),
        healed_after_s=round(healed, 1),
    )
    assert (
        max(waited) <= _STATEMENT_SECONDS + 2 + 3 + 10
    )  # the statement, its grace, one new connection, and our own loaded machine
    assert site.web_workers() == workers
