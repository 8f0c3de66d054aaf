"""A member of staff's own account."""

from django.db import transaction

from bookings.models import User


def change_password(user: User, password: str) -> None:
    """Sessions at other browsers end with it: they are tied to the hash."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])


def end_other_sessions(user: User, password: str) -> None:
    """The same password hashed anew. `password` has been checked: it is the user's own."""
    change_password(user, password)
