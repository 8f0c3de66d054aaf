"""A second person signs, on the clerk's screen, with their own password and code."""

import time
from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import Refusal, TooMany
from bookings.domain.staff.second_factor import has_second_factor, is_code, is_needed
from bookings.models import Branch, User
from bookings.models.operations import RateCount

DECIDERS: Final = frozenset({User.Role.SUPERVISOR, User.Role.MANAGER})  # who approves what a clerk may not do alone
_WRONG_TRIES: Final = 5
_WINDOW: Final = 900  # seconds


def approve(username: str, password: str, code: str, *, for_user: User, branch: Branch | None = None) -> User:
    """The other person who approves what `for_user` is doing: a supervisor (of `branch`, if it is said) or any manager.

    Call it before a transaction begins: a wrong try is counted, and the count must outlive the refusal.
    """
    username = username.strip()
    if username == for_user.username:
        raise Refusal(_("Somebody else must approve this: nobody signs for themselves."))
    _refuse_guessing(username, for_user)
    person = User.objects.filter(username=username, is_active=True).first()
    if not _is_password(person, password):
        _count_wrong(username, for_user)
        raise Refusal(_("The approving person's name and password do not belong together."))
    if person.role not in DECIDERS or (branch and person.role != User.Role.MANAGER and person.branch_id != branch.pk):
        raise Refusal(_("%(name)s may not approve this. Ask a supervisor of this branch, or a manager.") % {"name": _name(person)})
    if person.has_initial_password:
        raise Refusal(_("%(name)s must choose a password of their own before approving anything.") % {"name": _name(person)})
    _check_code(person, code, for_user)
    return person


def check_own(user: User, password: str, code: str) -> None:
    """Whether it is still this user who sits there: their password, and a code if they have a second factor."""
    _refuse_guessing(user.username, user)
    if not _is_password(user, password):
        _count_wrong(user.username, user)
        raise Refusal(_("This is not your password."))
    _check_code(user, code, user)


def _check_code(person: User, code: str, for_user: User) -> None:
    if has_second_factor(person):
        if not is_code(person, code):
            _count_wrong(person.username, for_user)
            raise Refusal(_("The code is not right, or was used before. Wait for the app's next one."))
    elif is_needed(person) and person != for_user:
        raise Refusal(_("%(name)s must set up a second factor before approving anything.") % {"name": _name(person)})


def _is_password(person: User | None, password: str) -> bool:
    """As slow for a name that nobody has, so that the time tells nothing."""
    if person is None:
        make_password(password)
        return False
    return check_password(password, person.password)


def _name(person: User) -> str:
    return person.get_full_name() or person.username


def _key(username: str, for_user: User) -> tuple[str, int]:
    window, passed = divmod(int(time.time()), _WINDOW)
    return f"signature:{window}:{for_user.pk}:{sha256(username)[:24]}", _WINDOW - passed


def _refuse_guessing(username: str, for_user: User) -> None:
    key, left = _key(username, for_user)
    if RateCount.objects.filter(key=key, count__gte=_WRONG_TRIES).exists():
        raise TooMany(_("There were too many wrong signatures. Please wait a quarter of an hour."), retry_after=left)


def _count_wrong(username: str, for_user: User) -> None:
    key, left = _key(username, for_user)
    RateCount.count_up(key, timezone.now() + timedelta(seconds=left))
