"""A value that grew old is made anew once, however many ask at that moment.

One from before a change of reference data is never given.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Semaphore
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from bookings.cache import get_or_compute as kept
from bookings.cache.backends import BreakerRedisCache
from bookings.cache.get_or_compute import get_or_compute
from bookings.domain.search.city_pairs import active_routes
from bookings.models import City, Route
from bookings.tests.make import make_city, make_route
from bookings.tests.races.service import database_url
from bookings.tests.servers import redis_server

pytestmark = [pytest.mark.django_db, pytest.mark.database]
threads = pytest.mark.django_db(transaction=True)  # others must see what is there
ASKERS: Final = 20
PATIENCE: Final = 20.0


class Making:
    """Counts how often the value was made."""

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.wait, self.times = wait, 0

    def __call__(self) -> str:
        self.times += 1
        made = f"made {self.times}"
        self.wait()
        return made


def ask_at_once(ask: Callable[[], Any]) -> list[Any]:
    ready = Barrier(ASKERS)

    def asker(_number: int) -> Any:
        ready.wait()
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(ASKERS) as pool:
        return list(pool.map(asker, range(ASKERS)))


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is there and too old, whose maker is long done."""
    make_city()
    with monkeypatch.context() as brief:
        brief.setattr(kept, "LEASE_SECONDS", 0.02)
        assert get_or_compute("dear", lambda: "old", 0) == "old"
    time.sleep(0.03)


@threads
def test_at_its_end_one_of_twenty_makes_it_anew_and_the_others_get_the_old_one_at_once(old: None) -> None:
    served = Semaphore(0)

    def see_the_others_served() -> None:
        assert all(served.acquire(timeout=PATIENCE) for _other in range(ASKERS - 1)), "they wait for it"

    make = Making(see_the_others_served)

    def ask() -> str:
        value = get_or_compute("dear", make, 300)
        served.release()
        return value

    answers = ask_at_once(ask)

    assert (make.times, sorted(answers)) == (1, ["made 1", *["old"] * (ASKERS - 1)])
    assert get_or_compute("dear", make, 300) == "made 1"


@threads
def test_with_nothing_there_one_of_twenty_makes_it_and_the_others_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_city()
    monkeypatch.setattr(kept, "WAIT_SECONDS", PATIENCE)
    make = Making(lambda: time.sleep(0.2))

    assert ask_at_once(lambda: get_or_compute("dear", make, 300)) == ["made 1"] * ASKERS
    assert make.times == 1


def test_what_cannot_be_made_leaves_the_old_value_for_a_while(old: None) -> None:
    with pytest.raises(ZeroDivisionError):
        get_or_compute("dear", lambda: 1 / 0, 300)

    assert get_or_compute("dear", lambda: 1 / 0, 300) == "old"


def test_who_waited_in_vain_makes_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    make_city()
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.05)
    with pytest.raises(ZeroDivisionError):
        get_or_compute("dear", lambda: 1 / 0, 300)

    assert get_or_compute("dear", Making(), 300) == "made 1"


def test_a_change_of_reference_data_is_seen_at_once(old: None) -> None:
    assert get_or_compute("dear", lambda: "kept", 300) == "kept"
    City.objects.update(name="eThekwini")

    assert get_or_compute("dear", lambda: "new", 300) == "new"


def test_a_route_that_is_taken_off_is_in_no_list_any_more(client: Client) -> None:
    route = make_route("Johannesburg", "Cape Town")
    assert len(active_routes()) == 1
    assert "johannesburg-to-cape-town" in client.get("/sitemap.xml").content.decode()

    Route.objects.filter(pk=route.pk).update(is_active=False)

    assert active_routes() == []
    assert "johannesburg-to-cape-town" not in client.get("/sitemap.xml").content.decode()


_OTHER: Final = """
import os, sys, time, pathlib
import django
from django.conf import settings
settings.CACHES["default"]["OPTIONS"] |= {
    "SOCKET_CONNECT_TIMEOUT": 10,
    "SOCKET_TIMEOUT": 10,
    "CONNECTION_POOL_KWARGS": {"max_connections": 50, "timeout": 10},
}
django.setup()
from concurrent.futures import ThreadPoolExecutor
from bookings.cache.get_or_compute import get_or_compute
folder = pathlib.Path(sys.argv[1])

def make():
    with (folder / "made").open("a") as made:
        made.write("x")
    until = time.monotonic() + 20
    while len(list(folder.glob("served-*"))) < 39 and time.monotonic() < until:  # the others wait for nobody
        time.sleep(0.005)
    return "new"

def ask(number):
    while not (folder / "go").exists():
        time.sleep(0.005)
    value = get_or_compute("dear", make, 300)
    (folder / f"served-{os.getpid()}-{number}").touch()
    return value

with ThreadPoolExecutor(20) as pool:
    print("ready", flush=True)
    print(*pool.map(ask, range(20)))
"""


@threads
@pytest.mark.redis
def test_of_two_processes_one_makes_it_anew(old: None, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL}
    environment |= {"DJANGO_SETTINGS_MODULE": "falcon_web.settings", "SECRET_KEY": settings.SECRET_KEY}
    command = [sys.executable, "-c", _OTHER, str(tmp_path)]
    others = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _process in range(2)
    ]
    assert [other.stdout.readline() for other in others] == ["ready\n"] * 2

    (tmp_path / "go").touch()
    answers = " ".join(other.communicate(timeout=60)[0].strip() for other in others).split()

    assert (tmp_path / "made").read_text() == "x"
    assert sorted(answers) == ["new", *["old"] * 39]


@pytest.mark.redis
def test_while_redis_is_away_everybody_makes_his_own_without_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_city()
    monkeypatch.setattr("bookings.cache.backends.OPEN_SECONDS", 600.0)  # longer than a busy machine takes
    options = {
        "SOCKET_CONNECT_TIMEOUT": 0.5,
        "SOCKET_TIMEOUT": 0.5,
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    }
    monkeypatch.setattr(BreakerRedisCache, "_closed_again_at", 0.0)
    with redis_server() as server:
        monkeypatch.setattr(kept, "cache", BreakerRedisCache(f"{server.url}/1", {"OPTIONS": options}))
        make = Making()
        assert [get_or_compute("dear", make, 300) for _time in range(2)] == ["made 1"] * 2

        for harm in (server.freeze, server.stop):
            monkeypatch.setattr(BreakerRedisCache, "_closed_again_at", 0.0)
            harm()
            caplog.clear()
            before = make.times
            answers = [get_or_compute("dear", make, 300) for _time in range(2)]

            assert answers == [f"made {before + 1}", f"made {before + 2}"]
            asked = [message for message in caplog.messages if message.startswith("cache unavailable")]
            assert len(asked) == 1  # the first waits; nobody after it, however long it takes
    BreakerRedisCache._closed_again_at = 0.0
