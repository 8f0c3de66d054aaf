"""The accounts of the staff: made, changed, closed by a manager, and what their owners may do meanwhile."""

import re
from typing import Any

import pytest
from django.test import Client

from bookings.domain.operations.tasks import open_tasks
from bookings.models import Branch, StaffEvent, StaffTask, User
from bookings.tests.make import app_code, make_branch, make_second_factor, make_shift, make_user
from bookings.tests.office.conftest import StaffClient, sign_in

PASSWORD = "a-long-enough-pass"
LOGIN = "/office/login/"


@pytest.fixture
def manager(db: None) -> StaffClient:
    return sign_in(
        make_user(role=User.Role.MANAGER, first_name="Priya", last_name="Naidoo", password=PASSWORD)
    )


def profile(branch: Branch | None = None, **changes: Any) -> dict[str, Any]:
    fields = {
        "first_name": "Lerato",
        "last_name": "Molefe",
        "email": "",
        "role": "clerk",
        "branch": branch.pk if branch else "",
    }
    return fields | {"submission": "form-1"} | changes


def initial_password_in(response: Any) -> str:
    return re.search(r'initial-password">([\w-]+)<', response.content.decode())[1]


def make_account(manager: StaffClient, **changes: Any) -> tuple[User, str]:
    fields = profile(manager.user.branch, username="lerato", password=PASSWORD, **changes)
    return User.objects.filter(username="lerato").first(), initial_password_in(
        manager.post("/office/staff/new/", fields)
    )


def what(user: User) -> list[str]:
    return list(StaffEvent.objects.filter(user=user).order_by("pk").values_list("what", flat=True))


def test_a_new_user_can_do_nothing_but_choose_a_password(manager: StaffClient, client: Client) -> None:
    _nobody, password = make_account(manager)
    client.post(LOGIN, {"username": "lerato", "password": password})

    page = client.get("/office/sell/", follow=True)
    same = client.post(
        "/office/account/", {"password": password, "new_password": password, "again": password}
    )
    client.post(
        "/office/account/",
        {"password": password, "new_password": "an-unusual-one", "again": "an-unusual-one"},
    )

    assert page.redirect_chain == [("/office/account/", 302)]
    assert "Your password was given to you by somebody else" in page.content.decode()
    assert same.status_code == 422
    assert "choose one that only you know" in same.content.decode()
    assert client.get("/office/").status_code == 200
    user = User.objects.get(username="lerato")
    assert (user.role, user.branch, user.is_staff, user.has_initial_password) == (
        "clerk",
        manager.user.branch,
        False,
        False,
    )
    assert what(user) == [f"account created: Lerato Molefe, clerk, {user.branch}", "chose a new password"]
    assert StaffEvent.objects.filter(user=user).values_list("actor", flat=True).last() == manager.user.pk


def test_the_form_sent_twice_makes_one_user_and_tells_the_password_once(manager: StaffClient) -> None:
    make_account(manager)

    again = manager.post(
        "/office/staff/new/", profile(manager.user.branch, username="lerato", password=PASSWORD), follow=True
    )

    assert User.objects.filter(username="lerato").count() == 1
    assert "initial-password" not in again.content.decode()
    assert "was done before" in again.content.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "wrong"}, "password is incorrect"),
        ({"username": "LERATO"}, "There is already a user LERATO"),
        ({"username": "a b"}, "Enter a valid username"),
        ({"first_name": "\u0007"}, "characters that cannot be printed"),
        ({"role": "king"}, "Select a valid choice"),
        ({"branch": "999"}, "Select a valid choice"),
    ],
)
def test_a_new_user_that_cannot_be_is_refused_in_words(
    manager: StaffClient, changes: dict[str, str], says: str
) -> None:
    make_user(username="lerato")

    response = manager.post("/office/staff/new/", profile(username="thabo", password=PASSWORD) | changes)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert User.objects.count() == 2


def test_a_new_role_and_branch_count_at_the_next_request(manager: StaffClient) -> None:
    user = make_user(username="lerato", first_name="Lerato", last_name="Molefe")
    theirs, durban = sign_in(user), make_branch("Durban")

    answer = manager.post(
        f"/office/staff/{user.pk}/", profile(durban, role="supervisor", seen="0"), follow=True
    )

    assert "Saved." in answer.content.decode()
    assert "Durban" in theirs.get("/office/").content.decode()
    assert theirs.get("/office/shifts/").status_code == 200
    assert what(user) == ["role: clerk → supervisor; branch: Johannesburg → Durban"]


def test_of_two_who_change_one_account_the_second_is_told(manager: StaffClient) -> None:
    user = make_user(first_name="Lerato", last_name="Molefe")
    manager.post(
        f"/office/staff/{user.pk}/", profile(user.branch, role="dispatcher", seen="0", submission="one")
    )

    late = manager.post(
        f"/office/staff/{user.pk}/", profile(user.branch, role="auditor", seen="0", submission="two")
    )

    assert late.status_code == 409
    assert "has just changed this account" in late.content.decode()
    assert User.objects.get(pk=user.pk).role == "dispatcher"


def test_with_an_open_till_nobody_goes_to_another_branch(manager: StaffClient) -> None:
    user = make_user()
    make_shift(user)

    answer = manager.post(f"/office/staff/{user.pk}/", profile(make_branch("Durban"), seen="0"))

    assert answer.status_code == 422
    assert "till is still open" in answer.content.decode()


def test_closing_an_account_ends_its_sessions_for_good(manager: StaffClient) -> None:
    user = make_user(username="lerato", password=PASSWORD)
    theirs = sign_in(user)
    asked = manager.get(f"/office/staff/{user.pk}/close/").content.decode()

    manager.post(f"/office/staff/{user.pk}/close/", {"reason": "left the company", "submission": "one"})

    assert "Close this account?" in asked
    assert theirs.get("/office/").status_code == 302
    assert theirs.post(LOGIN, {"username": "lerato", "password": PASSWORD}).status_code == 422
    opened = manager.post(
        f"/office/staff/{user.pk}/open/", {"reason": "came back", "password": PASSWORD, "submission": "two"}
    )
    assert theirs.get("/office/").status_code == 302
    assert (
        theirs.post(LOGIN, {"username": "lerato", "password": initial_password_in(opened)}).status_code == 302
    )
    events = (
        StaffEvent.objects.filter(user=user).order_by("pk").values_list("what", "reason", "actor__first_name")
    )
    assert list(events) == [
        ("account closed; sessions ended", "left the company", "Priya"),
        ("account opened again", "came back", "Priya"),
    ]


def test_a_new_initial_password_ends_the_sessions_and_signs_nothing(manager: StaffClient) -> None:
    user = make_user(role=User.Role.SUPERVISOR, username="pieter", password=PASSWORD)
    theirs = sign_in(user)

    password = initial_password_in(
        manager.post(
            f"/office/staff/{user.pk}/password/",
            {"reason": "forgotten", "password": PASSWORD, "submission": "one"},
        )
    )

    assert theirs.get("/office/").status_code == 302
    assert User.objects.get(pk=user.pk).check_password(password)
    assert User.objects.get(pk=user.pk).has_initial_password


def test_a_lost_phone_is_forgotten(manager: StaffClient) -> None:
    user = make_user(role=User.Role.SUPERVISOR, password=PASSWORD)
    make_second_factor(user)
    make_second_factor(manager.user)
    form = {"reason": "phone stolen", "password": PASSWORD, "submission": "one"}

    no_code = manager.post(f"/office/staff/{user.pk}/second-factor/", form | {"code": "000000"})
    manager.post(f"/office/staff/{user.pk}/second-factor/", form | {"code": app_code(manager.user)})

    assert no_code.status_code in {422, 429}
    assert user.totpdevice_set.count() == 0
    assert what(user) == ["second factor switched off"]
    task = StaffTask.objects.get(kind="second_factor_reset", done_at=None)
    assert user.display_name in task.detail
    assert manager.user.display_name in task.detail
    assert "second factor reset" in manager.get("/office/tasks/").content.decode()
    assert open_tasks(make_user(), now=task.created_at).rows == ()


@pytest.mark.parametrize("step", ["password", "second-factor", "close", "open"])
def test_nobody_does_it_to_their_own_account(manager: StaffClient, step: str) -> None:
    answer = manager.post(
        f"/office/staff/{manager.user.pk}/{step}/",
        {"reason": "why not", "password": PASSWORD, "submission": "one"},
    )

    assert answer.status_code in {409, 422}
    assert "You cannot do this to your own account" in answer.content.decode()
    assert User.objects.get(pk=manager.user.pk).is_active


def test_nobody_changes_their_own_role_but_their_name(manager: StaffClient) -> None:
    own = f"/office/staff/{manager.user.pk}/"

    refused = manager.post(own, profile(manager.user.branch, role="auditor", seen="0"))
    manager.post(own, profile(manager.user.branch, role="manager", seen="0", submission="two"))

    assert refused.status_code == 422
    assert User.objects.get(pk=manager.user.pk).get_full_name() == "Lerato Molefe"


def test_whoever_runs_the_servers_keeps_the_superuser(manager: StaffClient) -> None:
    root = make_user(username="root", is_superuser=True, password=PASSWORD)

    answer = manager.post(f"/office/staff/{root.pk}/close/", {"reason": "mine now", "submission": "one"})

    assert answer.status_code == 422
    assert User.objects.get(pk=root.pk).is_active
    assert 'name="first_name"' not in manager.get(f"/office/staff/{root.pk}/").content.decode()


@pytest.mark.parametrize("people", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    manager: StaffClient, people: int, django_assert_num_queries: Any
) -> None:
    for number in range(people):
        make_user(first_name=f"Ann {number}", last_name="Abel")

    with django_assert_num_queries(6):
        page = manager.get("/office/staff/?q=ab")

    assert [person.first_name for person in page.context["people"]] == [
        f"Ann {number}" for number in range(people)
    ]


def test_an_auditor_reads_and_changes_nothing(auditor: StaffClient) -> None:
    user = make_user(first_name="Lerato")

    page = auditor.get(f"/office/staff/{user.pk}/").content.decode()

    assert "Lerato" in page
    assert "Close the account" not in page
    assert auditor.post(f"/office/staff/{user.pk}/", profile(seen="0")).status_code == 403
