"""A member of staff's own account."""

import logging

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.db import OperationalError, transaction

from bookings.models import User

logger = logging.getLogger("bookings.accounts")


def change_password(user: User, password: str) -> None:
    """Sessions at other browsers end with it: they are tied to the hash."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])


def end_other_sessions(user: User, password: str) -> None:
    """The same password hashed anew. `password` has been checked: it is the user's own."""
    change_password(user, password)


def write_session(session: SessionBase) -> None:
    """Write down what a session has to remember now, if that is possible: it must not cost the page on which nothing else is written."""
    try:
        session.save()
    except UpdateError as error:
        if not isinstance(error.__context__, OperationalError):
            return  # it has ended meanwhile, which Django itself says
        logger.warning("the use of a session was not written down: the database cannot write")
    session.modified = False
