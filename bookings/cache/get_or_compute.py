"""Values that cost much to compute and are the same for everybody, in the cache.

When one grows old, a single request computes it anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeGuard, TypeVar, cast

from django.core.cache import cache
from django.utils.translation import get_language

from bookings.cache.reference_data import reference_data_version

Value = TypeVar("Value")
LEASE_SECONDS: Final = (
    10  # for computing it; if the process that has the lease dies, the next takes over after so long
)
STALE_SECONDS: Final = 60  # how long an old value is kept, to be given meanwhile
WAIT_SECONDS: Final = 1.0  # at most, where there is no old one
_POLL_SECONDS: Final = 0.02


def get_or_compute(key: str, compute: Callable[[], Value], seconds: int) -> Value:
    """What `compute` gives, which any cache must be able to store: plain lists, texts and numbers.

    After so many seconds one process computes it anew and all others are given the old value meanwhile. A
    value from before reference data changed is never given: then, as with an empty cache, the others wait for
    the one that computes it, for a moment. Without a cache every request computes its own.
    """
    version = reference_data_version()
    if not version:
        return compute()
    full_key = f"{key}:{get_language()}:{version}"
    entry = cache.get(full_key)
    if _is_fresh(entry):
        return cast(Value, entry["value"])
    # The lease is left to run out: should computing fail, the old value serves until then, instead of
    # everybody trying.
    lease = cache.add(f"{full_key}:lease", 1, LEASE_SECONDS)
    if lease is False:  # and not None: then the cache is away
        entry = entry or _wait_for(full_key)
        if entry:
            return cast(Value, entry["value"])
    elif _is_fresh(again := cache.get(full_key)):  # the lease's last owner computed it since we looked
        return cast(Value, again["value"])
    value = compute()
    cache.set(full_key, {"until": time.time() + seconds, "value": value}, seconds + STALE_SECONDS)
    return value


def _is_fresh(entry: dict[str, Any] | None) -> TypeGuard[dict[str, Any]]:
    return entry is not None and time.time() < entry["until"]


def _wait_for(key: str) -> dict[str, Any] | None:
    until = time.monotonic() + WAIT_SECONDS
    entry: dict[str, Any] | None = cache.get(key)
    while entry is None and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        entry = cache.get(key)
    return entry
