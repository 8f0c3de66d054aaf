"""What has served its time and may go. Nothing here is part of a sale's record."""

import logging
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from bookings.database.transactions import database_now
from bookings.domain.maintenance.slow_queries import forget_slow_queries
from bookings.domain.messaging.texts.deliveries import forget_callbacks
from bookings.domain.staff.own_sessions import forget_dead_sessions
from bookings.models import AccessLink, Hold, RateCount, SeatClaim, Submission

logger = logging.getLogger("bookings.cleaning")

SUBMISSION_RETENTION: Final = timedelta(
    days=7
)  # a form that is posted again the next day must still find its result
HOLD_RETENTION: Final = timedelta(days=2)  # names that were typed and never used
FILE_RETENTION: Final = timedelta(days=90)
_AT_ONCE: Final = 5_000


def clean_old_rows(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what is out of date. Returns how much of each."""
    now = now or database_now()
    engine: Any = import_module(settings.SESSION_ENGINE).SessionStore
    engine.clear_expired()
    gone = {
        "submissions": Submission.objects.filter(created_at__lt=now - SUBMISSION_RETENTION).delete()[0],
        "rate counts": clean_rate_counts(now=now),
        "slow queries": forget_slow_queries(),
        "sessions of staff": forget_dead_sessions(),
        "links": AccessLink.objects.filter(expires_at__lt=now).delete()[0],
        "callbacks": forget_callbacks(now=now),
        "holds": _dead_holds(now),
        "files": _old_files(now),
    }
    logger.info("cleaned: %s", gone)
    return gone


def clean_rate_counts(*, now: datetime | None = None) -> int:
    """Counts of the rate limits that are over, in steps that keep nobody waiting.

    A crowd of strangers leaves millions.
    """
    over, gone = RateCount.objects.filter(expires_at__lt=now or database_now()), 0
    while keys := list(over.values_list("pk", flat=True)[:_AT_ONCE]):
        gone += RateCount.objects.filter(pk__in=keys).delete()[0]
    return gone


def _dead_holds(now: datetime) -> int:
    """Holds that ended without an order and keep no seat any more."""
    claims = SeatClaim.objects.filter(hold_trip__hold=OuterRef("pk"))
    dead = Hold.objects.filter(~Exists(claims), Q(order__isnull=True), expires_at__lt=now - HOLD_RETENTION)
    ids = list(dead.order_by("expires_at").values_list("pk", flat=True)[:_AT_ONCE])
    Hold.objects.filter(pk__in=ids).delete()
    return len(ids)


def _old_files(now: datetime) -> int:
    """PDF tickets that nobody has asked for; they are made again when somebody does."""
    before, gone = (now - FILE_RETENTION).timestamp(), 0
    for path in Path(settings.MEDIA_ROOT).glob("tickets/*"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
