import pytest
from django.test import Client

from bookings.models import User
from bookings.tests.make import make_user


class StaffClient(Client):
    """A browser at which `user` is signed in."""

    user: User


def sign_in(user: User) -> StaffClient:
    client = StaffClient()
    client.user = user
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _still(request: pytest.FixtureRequest) -> None:
    """Lists are of a day. A browser has a clock of its own, which goes on."""
    if "page" not in request.fixturenames:
        request.getfixturevalue("still")


@pytest.fixture
def clerk(db: None) -> StaffClient:
    return sign_in(make_user(role=User.Role.CLERK, first_name="Nomsa", last_name="Dlamini"))


@pytest.fixture
def supervisor(db: None) -> StaffClient:
    return sign_in(make_user(role=User.Role.SUPERVISOR, first_name="Pieter", last_name="Visagie"))


@pytest.fixture
def dispatcher(db: None) -> StaffClient:
    return sign_in(make_user(role=User.Role.DISPATCHER, first_name="Tebogo", last_name="Mokoena"))


@pytest.fixture
def manager(db: None) -> StaffClient:
    return sign_in(make_user(role=User.Role.MANAGER, first_name="Priya", last_name="Naidoo"))


@pytest.fixture
def auditor(db: None) -> StaffClient:
    return sign_in(make_user(role=User.Role.AUDITOR, first_name="Anele", last_name="Jacobs"))
