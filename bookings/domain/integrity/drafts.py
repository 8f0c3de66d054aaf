"""What must always be true of drafts of the timetable. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bookings.models import DraftChange, TimetableDraft


def published_drafts_are_in_the_audit(now: datetime) -> Iterator[object]:
    """Whoever published something can be told what it was."""
    steps = DraftChange.objects.exclude(data=None)
    drafts = TimetableDraft.objects.filter(published_at__isnull=False, pk__in=steps.values("draft"))
    yield from drafts.filter(audit=None).values_list("pk", flat=True)
