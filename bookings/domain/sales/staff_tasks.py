"""What sales leaves to a person."""

from datetime import datetime

from bookings.models import Order, StaffTask


def open_task(kind: str, order: Order | None, *, subject: str, detail: str, now: datetime) -> None:
    """Within the caller's transaction. While one of this kind and subject is open, no second one is."""
    StaffTask.objects.bulk_create(
        [StaffTask(kind=kind, order=order, subject=subject, detail=detail, created_at=now)],
        ignore_conflicts=True,
    )
