import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache

from bookings.cache.backends import BreakerRedisCache
from bookings.tests.servers import RedisServer, redis_server

pytestmark = pytest.mark.redis
TIMEOUT = 1.0


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def away(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakerRedisCache]:
    """A cache on a Redis that the test may break."""
    monkeypatch.setattr(BreakerRedisCache, "_closed_again_at", 0.0)
    options = {
        "CONNECTION_POOL_KWARGS": {"max_connections": 5},
        "SOCKET_CONNECT_TIMEOUT": TIMEOUT,
        "SOCKET_TIMEOUT": TIMEOUT,
    }
    yield BreakerRedisCache(f"{server.url}/1", {"OPTIONS": options})
    BreakerRedisCache._closed_again_at = 0.0


def test_the_cache_keeps_counts_and_forgets() -> None:
    cache.set("a", {"b": [1, "c"]})
    cache.add("n", 0)

    assert cache.get("a") == {"b": [1, "c"]}
    assert cache.get("nothing", "else") == "else"
    assert cache.get_many(["a", "nothing"]) == {"a": {"b": [1, "c"]}}
    assert cache.incr("n") == 1
    assert cache.delete("a")
    assert cache.get("a") is None


def test_another_company_on_the_same_redis_keeps_its_own(server: RedisServer) -> None:
    north, south = (BreakerRedisCache(f"{server.url}/1", {"KEY_PREFIX": name}) for name in ("north", "no*th"))
    for cache_of_one in (north, south):
        cache_of_one.set("a", cache_of_one.key_prefix)
    window = (["limit:hold:one"], range(10), 1, 60)
    assert north.count_in_window(*window) == {}
    assert south.count_in_window(*window) == {}
    assert north.count_in_window(*window) == {9: 1}, "the limit of one is reached"

    south.clear()

    assert north.get("a") == "north"
    assert south.get("a") is None
    assert north.count_in_window(*window) == {9: 1}
    assert south.count_in_window(*window) == {}


def use(broken: BreakerRedisCache) -> float:
    started = time.monotonic()
    assert broken.get("a", "missing") == "missing"
    broken.set("a", 1)
    broken.add("a", 1)
    assert broken.incr("a") is None
    assert broken.get_many(["a"]) == {}
    return time.monotonic() - started


def test_a_stopped_redis_is_a_cache_that_misses(server: RedisServer, away: BreakerRedisCache) -> None:
    server.stop()

    assert use(away) < TIMEOUT


def test_a_frozen_redis_is_waited_for_once(server: RedisServer, away: BreakerRedisCache) -> None:
    away.set("a", 1)
    server.freeze()

    assert use(away) < 2 * TIMEOUT  # five uses
    assert use(away) < TIMEOUT
