"""Whether it is still the user who sits at the screen.

Their password again, and a code if they have a second factor.
"""

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.staff.credentials import check_code, count_wrong, is_password_of, refuse_guessing
from bookings.models import User


def reauthenticate(user: User, password: str, code: str) -> None:
    """Raises Refusal for a wrong password or code, and TooMany after five.

    Call it before a transaction begins: a wrong try is counted, and the count must outlive the refusal.
    """
    refuse_guessing(user.username, user)
    if not is_password_of(user, password):
        count_wrong(user.username, user)
        raise Refusal(_("Your password is incorrect."))
    check_code(user, code, typed_by=user)
