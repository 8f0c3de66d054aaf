"""The second factor at the login and in one's own account."""

import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice

from bookings.base.codes import sha256
from bookings.domain.staff import second_factor
from bookings.domain.staff.second_factor import (
    drop_second_factor,
    find_enrolment,
    has_second_factor,
    is_valid_code,
    recovery_codes_left,
)
from bookings.models import StaffTask, User
from bookings.tests.conftest import TRUE_COST
from bookings.tests.make import app_code, make_second_factor, make_user
from bookings.tests.office.conftest import sign_in

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"
LOGIN, CODE, ACCOUNT = "/office/login/", "/office/login/code/", "/office/account/"
FACTOR = "/office/account/second-factor/"


@pytest.fixture
def priya() -> User:
    return make_user(username="priya", role=User.Role.MANAGER, password=PASSWORD)


def log_in(client: Client, **more: str) -> HttpResponse:
    return client.post(LOGIN, {"username": "priya", "password": PASSWORD, **more})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def enrol(client: Client, user: User) -> list[str]:
    """The recovery codes that are shown at the end."""
    client.post(f"{FACTOR}enrol/", {"password": PASSWORD})
    page = client.post(FACTOR, {"code": app_code(user)}).content.decode()
    return re.findall(r"<li>(\w{5}-\w{5})</li>", page)


def test_an_app_is_set_up_with_the_password_and_a_first_code(priya: User) -> None:
    client = sign_in(priya)
    refused = client.post(f"{FACTOR}enrol/", {"password": "wrong"})
    client.post(f"{FACTOR}enrol/", {"password": PASSWORD})
    page = client.get(FACTOR).content.decode()
    too_early = has_second_factor(priya)
    wrong = client.post(FACTOR, {"code": "abc"})

    codes = re.findall(
        r"<li>(\w{5}-\w{5})</li>", client.post(FACTOR, {"code": app_code(priya)}).content.decode()
    )

    assert (refused.status_code, wrong.status_code, too_early) == (422, 422, False)
    assert "<svg" in page
    assert "style=" not in page
    assert has_second_factor(priya)
    assert len(set(codes)) == recovery_codes_left(priya) == 10
    assert find_enrolment(priya) is None
    assert client.get("/office/").status_code == 200


def test_with_an_app_the_password_alone_opens_nothing(client: Client, priya: User, settings: Any) -> None:
    settings.SECOND_FACTOR_FORCED = True
    make_second_factor(priya)

    half = log_in(client, next="/office/account/")

    assert half.url == CODE
    assert not is_signed_in(client)
    assert client.get("/office/").url.startswith(LOGIN)
    assert client.post(CODE, {"code": "12345"}).status_code == 422
    signed_in = client.post(CODE, {"code": app_code(priya)})
    assert signed_in.url == "/office/account/"
    assert client.get("/office/account/").status_code == 200


def test_a_code_counts_once(client: Client, priya: User) -> None:
    make_second_factor(priya)
    code = app_code(priya)
    log_in(client)
    client.post(CODE, {"code": code})
    client.post("/office/logout/")

    log_in(client)
    again = client.post(CODE, {"code": code})

    assert again.status_code == 422
    assert not is_signed_in(client)


def test_a_recovery_code_stands_in_once_for_the_phone(client: Client, priya: User) -> None:
    code = enrol(sign_in(priya), priya)[0].lower().replace("-", " ")
    log_in(client)
    client.post(CODE, {"code": code})
    first = is_signed_in(client)
    client.post("/office/logout/")
    log_in(client)

    again = client.post(CODE, {"code": code})

    assert first
    assert again.status_code == 422
    assert recovery_codes_left(priya) == 9


def test_wrong_codes_make_the_next_try_wait(client: Client, priya: User) -> None:
    make_second_factor(priya)
    log_in(client)

    answers = [client.post(CODE, {"code": f"00000{number}"}).content.decode() for number in range(3)]

    assert "incorrect" in answers[0]
    assert "Too many wrong codes. Please wait 1 s" in answers[1]


def test_the_second_step_ends_after_five_minutes_and_with_the_user(client: Client, priya: User) -> None:
    make_second_factor(priya)
    log_in(client)
    session = client.session
    session["signing_in"] = {**session["signing_in"], "at": session["signing_in"]["at"] - 301}
    session.save()
    too_late = client.post(CODE, {"code": app_code(priya)})
    log_in(client)
    User.objects.update(is_active=False)

    disabled = client.post(CODE, {"code": app_code(priya)})

    assert (too_late.url, disabled.url) == (LOGIN, LOGIN)
    assert client.get(CODE).url == LOGIN
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("role", "is_forced"), [("manager", True), ("supervisor", True), ("clerk", False), ("auditor", False)]
)
def test_roles_with_money_must_set_it_up_before_anything_else(
    settings: Any, role: str, is_forced: bool
) -> None:
    settings.SECOND_FACTOR_FORCED = True
    user = make_user(role=role, password=PASSWORD, is_staff=True)
    client = sign_in(user)

    for address in ("/office/", ACCOUNT):
        response = client.get(address)
        assert (response.status_code, response.get("Location", "")) == (
            (302, FACTOR) if is_forced else (200, "")
        )
    if is_forced:
        assert client.get("/admin/", follow=True).redirect_chain[-1][0] == FACTOR
        assert "Set it up to continue" in client.get(FACTOR).content.decode()
        assert len(enrol(client, user)) == 10
        assert client.get("/office/").status_code == 200


def test_a_superuser_needs_it_whatever_the_role(settings: Any) -> None:
    settings.SECOND_FACTOR_FORCED = True

    assert (
        sign_in(make_user(is_superuser=True, is_staff=True)).get("/admin/", follow=True).redirect_chain[-1][0]
        == FACTOR
    )


def test_a_session_from_before_the_set_up_needs_a_code(settings: Any, priya: User) -> None:
    settings.SECOND_FACTOR_FORCED = True
    early, other = sign_in(priya), sign_in(priya)
    enrol(other, priya)

    assert early.get("/office/").url == f"{LOGIN}?next=/office/"
    assert not is_signed_in(early)


def test_each_change_asks_for_the_password_and_a_code(settings: Any, priya: User) -> None:
    client = sign_in(priya)
    old_codes = enrol(client, priya)

    for name in ("enrol", "recovery-codes", "drop"):
        assert client.post(f"{FACTOR}{name}/", {"password": PASSWORD, "code": "no-code"}).status_code == 422
        priya.staticdevice_set.update(throttling_failure_count=0)
    page = client.post(
        f"{FACTOR}recovery-codes/", {"password": PASSWORD, "code": app_code(priya)}
    ).content.decode()
    assert old_codes[0] not in page
    settings.SECOND_FACTOR_FORCED = True
    refused = client.post(f"{FACTOR}drop/", {"password": PASSWORD, "code": app_code(priya)})
    settings.SECOND_FACTOR_FORCED = False
    client.post(f"{FACTOR}drop/", {"password": PASSWORD, "code": app_code(priya)})

    assert refused.status_code == 422
    assert not has_second_factor(priya)


def test_a_new_phone_replaces_the_old_one(priya: User) -> None:
    client = sign_in(priya)
    enrol(client, priya)
    key = priya.totpdevice_set.get().key
    client.post(f"{FACTOR}enrol/", {"password": PASSWORD, "code": app_code(priya)})
    still_old = has_second_factor(priya)

    client.post(FACTOR, {"code": app_code(priya)})

    assert still_old
    assert priya.totpdevice_set.get().key != key


def test_who_lost_everything_starts_afresh(priya: User, capsys: pytest.CaptureFixture) -> None:
    make_second_factor(priya)

    call_command("reset_second_factor", "priya")

    assert not has_second_factor(priya)
    assert "password alone" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody")


def test_whoever_switches_it_off_for_themselves_is_not_asked_about_it(priya: User) -> None:
    drop_second_factor(priya, actor=priya)

    assert not StaffTask.objects.exists()


def test_recovery_codes_are_not_stored_as_they_are(priya: User) -> None:
    codes = enrol(sign_in(priya), priya)

    stored = set(priya.staticdevice_set.get().token_set.values_list("token", flat=True))

    bare = {code.replace("-", "") for code in codes}
    assert not stored & bare
    assert not stored & {sha256(code)[:16] for code in bare}  # quick to try out


def test_a_recovery_code_that_was_given_out_is_hashed_as_then(
    priya: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_factor, "_COST", TRUE_COST)
    device = StaticDevice.objects.create(user=priya, name="recovery 0123456789abcdef")
    device.token_set.create(token="OZFmACT5N1uRyeBA")

    assert is_valid_code(priya, "abcde-fghjk")


def test_a_recovery_code_from_before_still_opens(priya: User) -> None:
    device = StaticDevice.objects.create(user=priya, name="recovery")
    device.token_set.create(token=sha256("ABCDEFGHJK")[:16])

    assert is_valid_code(priya, "abcde-fghjk")
    assert not is_valid_code(priya, "abcde-fghjk")
