"""When nobody's telephone should ring."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

QUIET_FROM: Final = 21  # o'clock, at the stop
QUIET_TO: Final = 6
ALWAYS_WITHIN: Final = timedelta(hours=12)  # of the departure


def next_allowed(now: datetime, *, time_zone: str, boards_at: datetime) -> datetime:
    """`now`, or the end of the quiet hours, or when the departure is near enough, whichever is first."""
    if boards_at - now <= ALWAYS_WITHIN:
        return now
    local = now.astimezone(ZoneInfo(time_zone))
    if QUIET_TO <= local.hour < QUIET_FROM:
        return now
    morning = local.replace(hour=QUIET_TO, minute=0, second=0, microsecond=0)
    if local.hour >= QUIET_FROM:
        morning += timedelta(days=1)
    return min(morning.astimezone(now.tzinfo), boards_at - ALWAYS_WITHIN)
