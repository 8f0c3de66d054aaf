"""Where members of staff are signed in: each session is listed under its user, who may end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.database.transactions import database_now
from bookings.models import StaffEvent, StaffSession, User

# In the session's data, as seconds since 1970
SINCE: Final = "signed_in_at"
USED: Final = "used_at"
_AGENT_LENGTH: Final = 300


@dataclass(frozen=True)
class OwnSession:
    id: int
    agent: str  # as the browser calls itself
    address: str
    signed_in_at: datetime
    used_at: datetime
    is_current: bool


def has_run_out(since: float, used: float, now: float) -> bool:
    """Whether a session that began at `since` and was last used at `used` is over, all in seconds."""
    longest, idle = settings.STAFF_SESSION_HOURS * 3600, settings.STAFF_IDLE_MINUTES * 60
    return bool(now - since > longest or now - used > idle)


def note_session(user: User, session_key: str, *, agent: str, address: str) -> None:
    """List a session under its user; one that is listed already stays as it is."""
    row = StaffSession(
        user=user,
        session_key=session_key,
        agent=agent[:_AGENT_LENGTH],
        address=address[:45],
        signed_in_at=database_now(),
    )
    StaffSession.objects.bulk_create([row], ignore_conflicts=True)


def list_own_sessions(user: User, current_key: str, *, now: datetime) -> list[OwnSession]:
    """The sessions by which the user is signed in, the current one first, then the last used: two queries."""
    rows = {row.session_key: row for row in StaffSession.objects.filter(user=user)}
    sessions: list[OwnSession] = []
    for session in Session.objects.filter(session_key__in=rows, expire_date__gt=now):
        data, row = session.get_decoded(), rows[session.session_key]
        since, used = data.get(SINCE, 0), data.get(USED, 0)
        is_current = row.session_key == current_key
        is_own = data.get("_auth_user_id") == str(user.pk) and _is_of_password(user, data)
        if is_current or (is_own and not has_run_out(since, used, now.timestamp())):
            began, last = datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(used, UTC)
            sessions.append(OwnSession(row.pk, row.agent, row.address, began, last, is_current))
    return sorted(sessions, key=lambda own: (own.is_current, own.used_at), reverse=True)


def end_session(user: User, session_id: int, *, current_key: str) -> None:
    """End one of the user's other sessions at once; one that is over already stays so.

    Raises Conflict for the current one.
    """
    row = StaffSession.objects.filter(user=user, pk=session_id).first()
    if row is None:
        return
    if row.session_key == current_key:
        raise Conflict(_("This is the session that you are using: sign out instead."))
    with transaction.atomic():
        engine: Any = import_module(settings.SESSION_ENGINE)
        engine.SessionStore().delete(row.session_key)
        row.delete()
        StaffEvent.objects.record(user, _("ended another session"), actor=user, at=database_now())


def forget_dead_sessions() -> int:
    """Take what has ended off the lists. Returns how many."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    return StaffSession.objects.filter(~Exists(alive)).delete()[0]


def _is_of_password(user: User, data: dict[str, Any]) -> bool:
    """Whether the password is still the one that was signed in with."""
    given = data.get("_auth_user_hash")
    return given in {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
