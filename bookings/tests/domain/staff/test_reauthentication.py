import pytest

from bookings.base.errors import RuleBroken, TooMany
from bookings.domain.staff.reauthentication import reauthenticate
from bookings.models import User
from bookings.tests.make import make_user

PASSWORD = "a-long-enough-pass"


@pytest.mark.django_db
def test_guessing_ones_own_password_ends_too() -> None:
    nomsa: User = make_user(username="nomsa", password=PASSWORD)
    reauthenticate(nomsa, PASSWORD, "")
    for _try in range(5):
        with pytest.raises(RuleBroken, match="password is incorrect"):
            reauthenticate(nomsa, "wrong", "")

    with pytest.raises(TooMany):
        reauthenticate(nomsa, PASSWORD, "")
