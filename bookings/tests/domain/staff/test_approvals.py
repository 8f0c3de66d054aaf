"""A second person signs: who may, with what, and how guessing ends."""

from math import ceil
from typing import Any

import pytest

from bookings.base.errors import RuleBroken, TooMany
from bookings.domain.staff.approvals import approve
from bookings.models import User
from bookings.tests.make import app_code, make_branch, make_second_factor, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"


@pytest.fixture
def nomsa() -> User:
    return make_user(username="nomsa", password=PASSWORD)


@pytest.fixture
def pieter() -> User:
    return make_user(
        username="pieter",
        role=User.Role.SUPERVISOR,
        password=PASSWORD,
        first_name="Pieter",
        last_name="Visagie",
    )


def test_a_supervisor_of_the_branch_or_any_manager_signs(nomsa: User, pieter: User) -> None:
    priya = make_user(
        username="priya", role=User.Role.MANAGER, password=PASSWORD, branch=make_branch("Durban")
    )

    assert approve("pieter ", PASSWORD, "", for_user=nomsa, branch=nomsa.branch) == pieter
    assert approve("priya", PASSWORD, "", for_user=nomsa, branch=nomsa.branch) == priya


def test_nobody_signs_for_themselves(pieter: User) -> None:
    with pytest.raises(RuleBroken, match="you cannot approve your own action"):
        approve("pieter", PASSWORD, "", for_user=pieter)


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "auditor"])
def test_other_roles_may_not_sign(nomsa: User, role: str) -> None:
    make_user(username="other", role=role, password=PASSWORD)

    with pytest.raises(RuleBroken, match="may not approve this"):
        approve("other", PASSWORD, "", for_user=nomsa)


def test_a_supervisor_signs_for_their_own_branch_only(nomsa: User, pieter: User) -> None:
    with pytest.raises(RuleBroken, match="Pieter Visagie may not approve this"):
        approve("pieter", PASSWORD, "", for_user=nomsa, branch=make_branch("Durban"))


@pytest.mark.parametrize(("username", "password"), [("pieter", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_gets_one_answer(
    nomsa: User, pieter: User, username: str, password: str
) -> None:
    with pytest.raises(RuleBroken, match="user name or password"):
        approve(username, password, "", for_user=nomsa)


def test_a_disabled_supervisor_signs_nothing(nomsa: User, pieter: User) -> None:
    User.objects.filter(pk=pieter.pk).update(is_active=False)

    with pytest.raises(RuleBroken, match="user name or password"):
        approve("pieter", PASSWORD, "", for_user=nomsa)


def test_who_has_a_second_factor_signs_with_it_each_time_anew(nomsa: User, pieter: User) -> None:
    make_second_factor(pieter)
    code = app_code(pieter)

    assert approve("pieter", PASSWORD, code, for_user=nomsa) == pieter
    with pytest.raises(RuleBroken, match="already been used"):
        approve("pieter", PASSWORD, code, for_user=nomsa)


def test_where_it_is_forced_nobody_signs_without_a_second_factor(
    nomsa: User, pieter: User, settings: Any
) -> None:
    settings.SECOND_FACTOR_FORCED = True

    with pytest.raises(RuleBroken, match=r"must set up a second factor .* choose Your account"):
        approve("pieter", PASSWORD, "", for_user=nomsa)


def test_guessing_a_signature_ends_after_five_tries(nomsa: User, pieter: User) -> None:
    for _try in range(5):
        with pytest.raises(RuleBroken, match="user name or password"):
            approve("pieter", "wrong", "", for_user=nomsa)

    with pytest.raises(TooMany) as refused:
        approve("pieter", PASSWORD, "", for_user=nomsa)
    assert 0 < refused.value.retry_after <= 900
    assert f"wait {ceil(refused.value.retry_after / 60)} minute" in refused.value.message
    assert approve("pieter", PASSWORD, "", for_user=make_user()) == pieter  # at another till, work goes on
