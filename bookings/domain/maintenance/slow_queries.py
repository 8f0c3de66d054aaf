"""Slow statements of all processes, kept together so that a page can show them where the database itself
keeps no such list.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import F
from django.db.models.functions import Greatest

from bookings.base.codes import sha256
from bookings.database.query_log import SlowStatement, take_slow_queries
from bookings.database.transactions import database_now
from bookings.models import SlowQuery

MOST_STORED: Final = 200


def keep_slow_queries(noted: Iterable[SlowStatement] | None = None, *, now: datetime | None = None) -> None:
    """Add what was slow in this process since the last time to what all of them have seen."""
    for statement in take_slow_queries() if noted is None else noted:
        at = now or database_now()
        key = sha256(f"{statement.place} {statement.sql}")
        fresh = SlowQuery(key=key, place=statement.place[-200:], sql=statement.sql, last_at=at)
        SlowQuery.objects.bulk_create([fresh], ignore_conflicts=True)
        SlowQuery.objects.filter(pk=key).update(
            times=F("times") + statement.times,
            total_ms=F("total_ms") + statement.total_ms,
            longest_ms=Greatest(F("longest_ms"), statement.longest_ms),
            last_at=at,
        )


def forget_slow_queries() -> int:
    """Drop all but the latest."""
    oldest = (
        SlowQuery.objects.order_by("-last_at")
        .values_list("last_at", flat=True)[MOST_STORED - 1 : MOST_STORED]
        .first()
    )
    return SlowQuery.objects.filter(last_at__lt=oldest).delete()[0] if oldest else 0
