"""Limits of requests per client and per visitor, counted in Redis when there is one, else (or while it is
away) in the database.

django-ratelimit 4.1 does not do this: it wants a shared atomic cache and calls a database or memory cache an
error, refuses everybody (or nobody) while Redis is away, counts in fixed windows that let twice the number
through at their edge, and asks once for each key. What is left of it is smaller than what it would need
around it.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import ceil
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.codes import sha256
from bookings.base.errors import TooMany
from bookings.base.metrics import RATE_LIMITED
from bookings.database.session_store import VISITOR
from bookings.models.operations import RateCount
from bookings.web.visitor import client_key, network_key

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
# The window slides in steps of a sixth of itself and one step more is counted: never, at no edge, more than
# the limit in its time.
SLICES: Final = 6
_BY_NETWORK: Final = frozenset(
    {"find", "promo", "voucher"}
)  # guessers own whole networks; elsewhere a network may be a company of mobile phones


@dataclass(frozen=True)
class Limit:
    allowed: int
    seconds: float

    @property
    def slice(self) -> float:
        return self.seconds / SLICES

    def wait(self, counts: dict[int, int], now: float) -> int:
        """Seconds until there is room again, if nobody comes meanwhile.

        `counts` by the number of the slice.
        """
        left = sum(counts.values())
        for number in sorted(counts):
            left -= counts[number]
            if left < self.allowed:
                return max(1, ceil((number + SLICES + 1) * self.slice - now))
        return ceil(self.seconds)


@lru_cache(maxsize=100)
def parse_limit(text: str) -> Limit:
    """ "10/m" is 10 in 60 seconds, "5/15m" 5 in 900."""
    match = re.fullmatch(r"(\d+)/(\d*)([smh])", text)
    if not match:
        raise ValueError(f"{text!r} is not a limit such as 10/m or 5/15m.")
    count, times, unit = match.groups()
    return Limit(int(count), int(times or 1) * _UNITS[unit])


@dataclass(frozen=True)
class Counted:
    """A request that was counted: who was counted, the client last."""

    keys: tuple[str, ...] = ()
    slice_number: int = 0
    in_redis: bool = False

    def forgive(self) -> None:
        """It was no try to be held against anybody."""
        self._add(self.keys, -1)

    def weigh(self, more: int) -> None:
        """It counts for its client as `more` requests besides."""
        self._add(self.keys[-1:], more)

    def _add(self, keys: Sequence[str], count: int) -> None:
        if self.in_redis:
            cache.add_to_window(keys, self.slice_number, count)  # type: ignore[attr-defined]  # of BreakerRedisCache
        elif keys:
            RateCount.add([f"{key}:{self.slice_number}" for key in keys], count)


def enforce_limit(request: HttpRequest, name: str, *extra: str) -> Counted:
    """Count this request against the limit `name` of its visitor, of each of `extra` (say a reference) and of
    its client.

    Raises TooMany when one of them is at its limit; a refused request counts for nobody, so Retry-After keeps
    its word. An empty limit is switched off.
    """
    setting = settings.RATE_LIMITS[name]
    if not setting:
        return Counted()
    client = network_key(request) if name in _BY_NETWORK else client_key(request)
    return _count_or_refuse(name, setting, [*_visitor(request), *extra, client])


def limit_subject(name: str, subject: str, setting: str) -> Counted:
    """Count one more of `name` for the subject alone against the limit `setting`.

    Raises TooMany; an empty limit is switched off.
    """
    return _count_or_refuse(name, setting, [subject]) if setting else Counted()


def _count_or_refuse(name: str, setting: str, subjects: Sequence[str]) -> Counted:
    limit = parse_limit(setting)
    counted, counts = _count(limit, [_key(name, subject) for subject in subjects])
    if counts:
        RATE_LIMITED.labels(name).inc()
        raise too_many(limit.wait(counts, time.time()))
    return counted


def is_over(name: str, subject: str) -> bool:
    """Count something that happened against the limit `name` of `subject`.

    True when that is more than the limit.
    """
    setting = settings.RATE_LIMITS[name]
    return bool(setting and _count(parse_limit(setting), [_key(name, subject)])[1])


def too_many(seconds: int) -> TooMany:
    if seconds < 120:
        wait = ngettext(
            "Please try again in %(count)d second.", "Please try again in %(count)d seconds.", seconds
        ) % {"count": seconds}
    else:
        minutes = ceil(seconds / 60)
        wait = ngettext(
            "Please try again in %(count)d minute.", "Please try again in %(count)d minutes.", minutes
        ) % {"count": minutes}
    return TooMany(_("Too many attempts.") + " " + wait, retry_after=seconds)


def _key(name: str, subject: str) -> str:
    return f"limit:{name}:{sha256(subject)[:24]}"


def _visitor(request: HttpRequest) -> list[str]:
    """The visitor's own key, if the browser has a session.

    Who has none must not get one, nor an answer that depends on it.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return []
    visitor = request.session.get(VISITOR)
    return [f"visitor {visitor}"] if visitor else []


def _count(limit: Limit, keys: Sequence[str]) -> tuple[Counted, dict[int, int]]:
    """Count for every key or, if one is full, for none: then the counts of that one, by slice."""
    number = int(time.time() / limit.slice)
    slices = range(number - SLICES, number + 1)
    expires = limit.seconds + limit.slice
    if hasattr(cache, "count_in_window"):
        full = cache.count_in_window(keys, slices, limit.allowed, ceil(expires))
        if full is not None:
            return Counted(tuple(keys), number, in_redis=True), full
    expires_at = timezone.now() + timedelta(seconds=expires)
    full = RateCount.count_in_window(keys, slices, limit.allowed, expires_at=expires_at)
    return Counted(tuple(keys), number), full
