"""How the mails are doing: what waits, what was given up, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from bookings.models import OutboxMessage

_TOO_LONG: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class MailState:
    """How the outbox is doing, for staff and for the health page."""

    waiting: int
    failed: int
    oldest: timedelta  # how long the longest waits that no server was yet asked to take

    @property
    def is_late(self) -> bool:
        return self.oldest > _TOO_LONG


def mail_state(now: datetime) -> MailState:
    unsent = OutboxMessage.objects.filter(sent_at=None).exclude(
        kind=OutboxMessage.Kind.WEBHOOK
    )  # a partner's server is not ours
    totals = unsent.aggregate(
        waiting=Count("pk", filter=Q(failed_at=None)),
        failed=Count("pk", filter=Q(failed_at__isnull=False)),
        oldest=Min(
            "created_at", filter=Q(failed_at=None, attempts=0)
        ),  # a refused address is a task, no state of affairs
    )
    return MailState(
        totals["waiting"], totals["failed"], now - totals["oldest"] if totals["oldest"] else timedelta(0)
    )
