"""Limits of requests per client, counted in Redis when there is one, else (or while it is away) in the database."""

import re
import time
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import TooMany
from bookings.models.operations import RateCount
from bookings.web.visitor import network_key

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def parse_limit(text: str) -> tuple[int, int]:
    """ "10/m" is 10 in 60 seconds, "5/15m" 5 in 900."""
    match = re.fullmatch(r"(\d+)/(\d*)([smh])", text)
    if not match:
        raise ValueError(f"{text!r} is not a limit such as 10/m or 5/15m.")
    count, times, unit = match.groups()
    return int(count), int(times or 1) * _UNITS[unit]


def enforce_limit(request: HttpRequest, name: str, *extra: str) -> None:
    """Count this request against the limit `name` of the client's network, and against each of `extra` (say a reference).

    Raises TooMany when one of them is over. An empty limit is switched off.
    """
    for subject in (network_key(request), *extra):
        limit_subject(name, subject, settings.RATE_LIMITS[name])


def limit_subject(name: str, subject: str, limit: str) -> None:
    """Count one more of `name` for the subject alone against `limit`. Raises TooMany; an empty limit is switched off."""
    if not limit:
        return
    allowed, seconds = parse_limit(limit)
    window, passed = divmod(int(time.time()), seconds)
    key = f"limit:{name}:{window}:{sha256(subject)[:24]}"
    if _count(key, seconds) > allowed:
        raise TooMany(_("That was very often in a short time. Please wait a little and try again."), retry_after=seconds - passed)


def _count(key: str, seconds: int) -> int:
    if settings.REDIS_URL:
        cache.add(key, 0, timeout=seconds)
        try:
            counted = cache.incr(key)
        except ValueError:  # evicted between the two calls
            counted = None
        if counted is not None:
            return counted
    return RateCount.count_up(key, timezone.now() + timedelta(seconds=seconds))
