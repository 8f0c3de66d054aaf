"""Passwords and codes that are asked for again within a session, and the limit against guessing them."""

import time
from datetime import timedelta
from math import ceil
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.codes import sha256
from bookings.base.errors import Refusal, TooMany
from bookings.domain.staff.second_factor import has_second_factor, is_needed, is_valid_code
from bookings.models import User
from bookings.models.operations import RateCount

_MOST_WRONG: Final = 5
_WINDOW: Final = 900  # seconds


def is_password_of(person: User | None, password: str) -> bool:
    """Takes as long for a name that nobody has, so that the time does not tell which names there are."""
    if person is None:
        make_password(password)
        return False
    return check_password(password, person.password)


def check_code(person: User, code: str, *, typed_by: User) -> None:
    """Raises Refusal unless `code` is the second factor of `person`, or they have none and need none.

    A wrong one is counted against the session of `typed_by`.
    """
    if has_second_factor(person):
        if not is_valid_code(person, code):
            count_wrong(person.username, typed_by)
            raise Refusal(
                _("The code is incorrect or has already been used. Wait for the next one in the app.")
            )
    elif is_needed(person) and person != typed_by:
        raise Refusal(
            _(
                "%(name)s must set up a second factor before approving anything: sign in and choose Your "
                "account, Second factor."
            )
            % {"name": person.display_name}
        )


def refuse_guessing(username: str, typed_by: User) -> None:
    """Raises TooMany after five wrong passwords or codes for this name, typed by this user, in a quarter of
    an hour.
    """
    key, left = _window_key(username, typed_by)
    if RateCount.objects.filter(key=key, count__gte=_MOST_WRONG).exists():
        minutes = ceil(left / 60)
        message = ngettext(
            "Too many failed approvals. Please wait %(minutes)d minute.",
            "Too many failed approvals. Please wait %(minutes)d minutes.",
            minutes,
        )
        raise TooMany(message % {"minutes": minutes}, retry_after=left)


def count_wrong(username: str, typed_by: User) -> None:
    """To be called outside of a transaction: the count must outlive the refusal."""
    key, left = _window_key(username, typed_by)
    RateCount.count_up(key, timezone.now() + timedelta(seconds=left))


def _window_key(username: str, typed_by: User) -> tuple[str, int]:
    """Where wrong tries are counted, and the seconds until that window ends."""
    window, passed = divmod(int(time.time()), _WINDOW)
    return f"signature:{window}:{typed_by.pk}:{sha256(username)[:24]}", _WINDOW - passed
