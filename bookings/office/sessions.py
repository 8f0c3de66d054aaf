"""How long a signed-in session lasts: it ends when nobody uses it, and in any case after a working day."""

import logging
import time
from typing import Final

from django.contrib.auth import user_logged_in
from django.db import OperationalError
from django.dispatch import receiver
from django.http import HttpRequest

from bookings.domain.staff.office_events import note_office_event
from bookings.domain.staff.own_account import save_session
from bookings.domain.staff.own_sessions import SINCE, USED, has_run_out, note_session
from bookings.models import OfficeEvent, User

logger = logging.getLogger("bookings.accounts")
_LISTED: Final = "listed_as"  # the key under which the user's list of sessions knows it
_PROVED: Final = "second_factor"
_NOTED_EVERY: Final = 60  # seconds: a click a minute is written down, not each


@receiver(user_logged_in, dispatch_uid="bookings.office.sessions")
def begin(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    request.session[SINCE] = request.session[USED] = int(time.time())
    request.session[_PROVED] = False
    note_office_event(user, OfficeEvent.Kind.SIGNED_IN)
    _list(request, user)


def has_ended(request: HttpRequest) -> bool:
    return has_run_out(request.session.get(SINCE, 0), request.session.get(USED, 0), time.time())


def note_use(request: HttpRequest) -> None:
    """A page that refreshes itself says so (hx-headers='{"X-Refresh".

    "1"}'): nobody is sitting there because of it.
    """
    now = int(time.time())
    if request.session.get(_LISTED) != request.session.session_key and isinstance(request.user, User):
        _list(request, request.user)  # another password gave it a new key
        save_session(request.session)
    if "X-Refresh" not in request.headers and now - request.session.get(USED, 0) >= _NOTED_EVERY:
        request.session[USED] = now
        save_session(request.session)


def _list(request: HttpRequest, user: User) -> None:
    """A page that only reads must not fail because the database cannot write."""
    key, agent = request.session.session_key, request.META.get("HTTP_USER_AGENT", "")
    if not key:
        return
    try:
        note_session(user, key, agent=agent, address=request.META.get("REMOTE_ADDR", ""))
    except OperationalError:
        logger.warning("a session was not listed: the database cannot write")
    else:
        request.session[_LISTED] = key


def note_second_factor(request: HttpRequest) -> None:
    request.session[_PROVED] = True


def has_second_factor(request: HttpRequest) -> bool:
    """Whether a code was given for this session."""
    return bool(request.session.get(_PROVED))
