"""How long a signed-in session lasts: it ends when nobody uses it, and in any case after a working day."""

import time
from typing import Final

from django.conf import settings
from django.contrib.auth import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from bookings.domain.staff.own_account import save_session

_SINCE: Final = "signed_in_at"
_USED: Final = "used_at"
_PROVED: Final = "second_factor"
_NOTED_EVERY: Final = 60  # seconds: a click a minute is written down, not each


@receiver(user_logged_in, dispatch_uid="bookings.office.sessions")
def begin(sender: object, request: HttpRequest, **kwargs: object) -> None:
    request.session[_SINCE] = request.session[_USED] = int(time.time())
    request.session[_PROVED] = False


def has_ended(request: HttpRequest) -> bool:
    now = time.time()
    since, used = request.session.get(_SINCE, 0), request.session.get(_USED, 0)
    return now - since > settings.STAFF_SESSION_HOURS * 3600 or now - used > settings.STAFF_IDLE_MINUTES * 60


def note_use(request: HttpRequest) -> None:
    """A page that refreshes itself says so (hx-headers='{"X-Refresh".

    "1"}'): nobody is sitting there because of it.
    """
    now = int(time.time())
    if "X-Refresh" not in request.headers and now - request.session.get(_USED, 0) >= _NOTED_EVERY:
        request.session[_USED] = now
        save_session(request.session)


def note_second_factor(request: HttpRequest) -> None:
    request.session[_PROVED] = True


def has_second_factor(request: HttpRequest) -> bool:
    """Whether a code was given for this session."""
    return bool(request.session.get(_PROVED))
