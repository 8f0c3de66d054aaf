"""Who changed what of the reference data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bookings.models import AuditEntry, User


def note_change(
    subject: str,
    title: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    actor: User,
    now: datetime,
) -> None:
    """Nothing where nothing changed. Within the transaction of the change."""
    if before != after:
        AuditEntry.objects.create(
            at=now, actor=actor, subject=subject, title=title[:250], before=before, after=after
        )


def latest_changes(subject: str, *, most: int = 20) -> list[AuditEntry]:
    """Of this subject, the newest first."""
    return list(AuditEntry.objects.filter(subject=subject).select_related("actor")[:most])
