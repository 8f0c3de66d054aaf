"""Notes that the queue is alive."""

from datetime import datetime

from bookings.database.transactions import database_now
from bookings.models import Heartbeat


def beat(name: str, *, now: datetime | None = None) -> None:
    """Note that a background part is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now or database_now()})
