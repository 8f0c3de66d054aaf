"""What managers have set, from the memory of this process, so that reading a setting costs no query."""

import time
from collections.abc import Mapping
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError

from bookings.cache.reference_data import known_version
from bookings.models import CompanySetting

_memory: tuple[str, float, Mapping[str, str]] = ("", 0.0, {})  # version, until when it counts, the values


def stored_settings() -> Mapping[str, str]:
    """Values as they were entered, by name; empty for a default that somebody went back to.

    Read anew when the version of the reference data is another than it was, and at the latest after
    COMPANY_SETTINGS_SECONDS, for requests that read no reference data. 0: nothing is read, ever.
    """
    global _memory
    version, until, values = _memory
    seconds = settings.COMPANY_SETTINGS_SECONDS
    if not seconds:
        return {}
    current, now = known_version(), time.monotonic()
    if now < until and (not current or current == version):
        return values
    with suppress(DatabaseError):  # what was read last counts on
        values = dict(CompanySetting.objects.values_list("name", "value"))
    _memory = (current or version, now + seconds, values)
    return values


def forget_stored_settings() -> None:
    """Read anew at the next question, in this process."""
    global _memory
    _memory = ("", 0.0, {})
