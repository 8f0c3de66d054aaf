"""What members of staff did that changes nothing: signed in, took a file along."""

from datetime import datetime

from bookings.database.transactions import database_now
from bookings.models import OfficeEvent, User


def note_office_event(user: User, kind: str, detail: str = "", *, now: datetime | None = None) -> None:
    """Keep that the user did it."""
    OfficeEvent.objects.create(user=user, kind=kind, detail=detail[:200], at=now or database_now())
