"""What members of staff do to their own account: another password, an end to their other sessions."""

import logging

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.database.transactions import database_now
from bookings.models import StaffEvent, User

logger = logging.getLogger("bookings.accounts")


def change_password(user: User, password: str) -> None:
    """Set a password of the user's own choice; sessions at other browsers end, as they are tied to the hash.

    Raises Refusal if it is the initial password that somebody else gave them.
    """
    if user.has_initial_password and user.check_password(password):
        raise Refusal(_("Somebody else gave you this password. Choose a new one that only you know."))
    with transaction.atomic():
        user.set_password(password)
        user.has_initial_password = False
        user.save(update_fields=["password", "has_initial_password"])
        StaffEvent.objects.record(user, _("chose a new password"), actor=user, at=database_now())


def end_other_sessions(user: User, password: str) -> None:
    """Hash the same password anew, which ends every session but this one.

    `password` has been checked to be the user's own.
    """
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        StaffEvent.objects.record(user, _("signed out everywhere else"), actor=user, at=database_now())


def save_session(session: SessionBase) -> None:
    """Save the time of last use, if the database can write.

    A page that only reads must not fail because of it.
    """
    try:
        session.save()
    except UpdateError as error:
        if not isinstance(error.__context__, OperationalError):
            return  # it has ended meanwhile, which Django itself says
        logger.warning("the use of a session was not written down: the database cannot write")
    session.modified = False
