"""Values that are dear to make and the same for everybody, kept in the cache: when one grows old, a single request makes it anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.core.cache import cache
from django.utils.translation import get_language

from bookings.domain.network.catalogue import current_mark

Value = TypeVar("Value")
LEASE_SECONDS: Final = 10  # for making it; whoever has the lease and dies leaves it to the next after so long
OLD_SECONDS: Final = 60  # how long an old value is kept, to be shown meanwhile
WAIT_SECONDS: Final = 1.0  # at most, where there is no old one
_LOOK_SECONDS: Final = 0.02


def kept_value(key: str, make: Callable[[], Value], seconds: int) -> Value:
    """What `make` gives, which any cache must be able to store: plain lists, texts and numbers.

    After so many seconds one process makes it anew and all others are given the old value meanwhile. A value that was made before
    reference data changed is never given: then, as with an empty cache, the others wait for the one that makes it, for a moment.
    Without a cache everybody makes his own.
    """
    mark = current_mark()
    if not mark:
        return make()
    full_key = f"{key}:{get_language()}:{mark}"
    found = cache.get(full_key)
    if _is_fresh(found):
        return found["value"]
    # It is left to run out: should making it fail, the old value serves until then, instead of everybody trying.
    lease = cache.add(f"{full_key}:lease", 1, LEASE_SECONDS)
    if lease is False:  # and not None: then the cache is away
        found = found or _wait_for(full_key)
        if found:
            return found["value"]
    elif _is_fresh(again := cache.get(full_key)):  # who had the lease before made it since we looked
        return again["value"]
    value = make()
    cache.set(full_key, {"until": time.time() + seconds, "value": value}, seconds + OLD_SECONDS)
    return value


def _is_fresh(found: dict[str, Any] | None) -> bool:
    return bool(found) and time.time() < found["until"]


def _wait_for(key: str) -> dict[str, Any] | None:
    until = time.monotonic() + WAIT_SECONDS
    while (found := cache.get(key)) is None and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return found
