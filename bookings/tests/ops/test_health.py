import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from bookings.domain.maintenance.heartbeat import beat
from bookings.models import OutboxMessage
from bookings.ops import probes
from bookings.ops.probes import DEADLINE, Prober
from bookings.tests.make import make_order
from bookings.tests.races.service import Service, service
from bookings.tests.servers import freeze_postgres, postgres_server, redis_server


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_health_is_the_sum_of_what_we_depend_on(client: Client) -> None:
    def health() -> dict[str, str]:
        before = timezone.now()
        answer = client.get("/health/")
        assert (answer.status_code, answer["Cache-Control"], answer.cookies) == (200, "no-store", {})
        assert before <= timezone.datetime.fromisoformat(answer.json()["timestamp"]) <= timezone.now()
        return {name: value for name, value in answer.json().items() if name != "timestamp"}

    assert health() == {"status": "degraded", "database": "ok", "cache": "ok", "queue": "error", "mail": "ok"}
    beat("queue")
    assert health() == {"status": "healthy", "database": "ok", "cache": "ok", "queue": "ok", "mail": "ok"}
    beat("queue", now=timezone.now() - timedelta(minutes=4))
    assert health()["queue"] == "error"
    old = timezone.now() - timedelta(minutes=6)
    order = make_order()
    OutboxMessage.objects.create(
        kind="link", order=order, subject="x", created_at=old, next_try=old, message_id="<x@y>"
    )
    assert (health()["mail"], health()["status"]) == ("error", "degraded")


@pytest.mark.parametrize(
    ("follows", "word", "status"), [(True, "ok", "healthy"), (False, "error", "degraded")]
)
def test_a_replica_is_told_of_where_there_is_one(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, follows: bool, word: str, status: str
) -> None:
    looks = dict.fromkeys(("cache", "database", "queue", "mail"), lambda: True)
    monkeypatch.setattr("bookings.ops.health._prober", Prober(**looks, replica=lambda: follows))
    assert "replica" not in client.get("/health/").json()
    settings.REPLICA_URL = "postgresql://falcon@10.0.0.22/falcon"

    answer = client.get("/health/")

    assert (answer.status_code, answer.json()["replica"], answer.json()["status"]) == (200, word, status)


def test_being_alive_touches_nothing(client: Client) -> None:
    """Without the mark no test may touch the database."""
    answer = client.get("/health/live/")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_a_database_that_fails_is_503_and_no_word_of_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OperationalError("password authentication failed for user falcon")

    monkeypatch.setattr(
        "bookings.ops.health._prober", Prober(cache=lambda: True, database=broken, queue=broken, mail=broken)
    )

    answer = client.get("/health/")

    assert answer.status_code == 503
    health = answer.json()
    assert health.pop("timestamp")
    assert health == {
        "status": "unhealthy",
        "database": "error",
        "cache": "ok",
        "queue": "unknown",
        "mail": "unknown",
    }


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(probes, "DEADLINE", 0.5)
    return 0.5


def test_a_look_that_hangs_costs_one_thread_and_each_asker_no_more_than_the_deadline(quick: float) -> None:
    goes_on, looked = threading.Event(), []

    def hangs() -> bool:
        looked.append(threading.current_thread())
        return goes_on.wait(60)

    prober = Prober(first=lambda: 1, hangs=hangs, last=lambda: 2)
    started = time.monotonic()
    answers = [prober.look() for _asker in range(5)]
    took = time.monotonic() - started
    goes_on.set()
    assert prober._round.is_over.wait(10)

    assert answers == [{"first": 1}] * 5
    assert took < 3 * quick  # not five
    assert len(looked) == 1
    assert prober.look() == {"first": 1, "hangs": True, "last": 2}
    assert looked[0] is looked[1]


def test_a_look_that_raises_is_missing_and_the_others_are_not(quick: float) -> None:
    prober = Prober(first=lambda: 1, broken=lambda: 1 / 0, last=lambda: 2)

    assert [prober.look() for _time in range(2)] == [{"first": 1, "last": 2}] * 2


Ask = Callable[[], tuple[int, dict[str, str], float]]


def ask(site: Service) -> tuple[int, dict[str, str], float]:
    started = time.monotonic()
    answer = httpx.get(f"{site.url}/health/", timeout=30)
    return answer.status_code, answer.json(), time.monotonic() - started


@pytest.fixture
def servers(tmp_path: Path, django_db_blocker: Any) -> Iterator[tuple[Service, Any, str]]:
    """The real web server on a PostgreSQL (empty: no table is there) and a Redis of its own."""
    (tmp_path / "none").mkdir()
    with postgres_server() as database, redis_server() as redis:
        options = {"DATABASE_URL": database, "REDIS_URL": redis.url}
        with service(tmp_path, static=tmp_path / "none", queue=False, **options) as site:
            yield site, redis, database


def test_frozen_servers_are_told_of_in_time(servers: tuple[Service, Any, str]) -> None:
    site, redis, database = servers
    slack = 4.0  # of a busy machine; who waits for a frozen server waits for ever
    status, health, _took = ask(site)
    assert (status, health["database"], health["cache"], health["status"]) == (
        200,
        "ok",
        "ok",
        "degraded",
    )  # no queue, no tables

    redis.freeze()
    status, health, took = ask(site)
    redis.thaw()
    assert (status, health["cache"], health["status"]) == (200, "error", "degraded")
    assert took < DEADLINE + slack

    wake = freeze_postgres(database)
    try:
        for _time in range(3):
            status, health, took = ask(site)
            assert (status, health["status"], health["database"], health["queue"]) == (
                503,
                "unhealthy",
                "error",
                "unknown",
            )
            assert took < DEADLINE + slack
        assert httpx.get(f"{site.url}/health/live/", timeout=DEADLINE + slack).status_code == 200
        metrics = httpx.get(f"{site.url}/metrics", timeout=DEADLINE + slack).text
        assert "falcon_database_up 0.0" in metrics
    finally:
        wake()
    until = time.monotonic() + 30
    while (status := ask(site)[0]) != 200 and time.monotonic() < until:
        time.sleep(0.1)
    assert status == 200
