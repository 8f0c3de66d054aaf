"""Signing in and out: who gets in, where to, and how guessing ends."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client

from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"
LOGIN = "/office/login/"


def test_somebody_unknown_is_led_to_the_login_and_back(client: Client) -> None:
    make_user(username="nomsa", password=PASSWORD)

    turned_away = client.get("/office/")
    signed_in = client.post(
        turned_away.url, {"username": "nomsa", "password": PASSWORD, "next": "/office/?a=1"}
    )

    assert turned_away.url == f"{LOGIN}?next=/office/"
    assert signed_in.url == "/office/?a=1"
    assert client.get("/office/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_signing_in_leads_only_to_our_own_pages(client: Client, elsewhere: str) -> None:
    make_user(username="nomsa", password=PASSWORD)

    response = client.post(LOGIN, {"username": "nomsa", "password": PASSWORD, "next": elsewhere})

    assert response.url == "/office/"


def test_a_guesser_is_told_to_wait_and_others_are_not(client: Client) -> None:
    make_user(username="nomsa", password=PASSWORD)
    make_user(username="pieter", password=PASSWORD)
    guess = {"username": "nomsa", "password": "wrong"}

    answers = [client.post(LOGIN, guess).status_code for _try in range(9)]
    locked = client.post(LOGIN, {"username": "nomsa", "password": PASSWORD})

    assert answers[:6] == [422] * 6
    assert answers[6:] == [429] * 3
    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "wait 15 minutes" in locked.content.decode()
    elsewhere = client.post(LOGIN, {"username": "nomsa", "password": PASSWORD}, REMOTE_ADDR="10.0.0.9")
    assert elsewhere.status_code == 302
    client.post("/office/logout/")
    assert client.post(LOGIN, {"username": "pieter", "password": PASSWORD}).status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(clerk: StaffClient) -> None:
    assert clerk.get("/office/logout/").status_code == 405

    clerk.post("/office/logout/")

    assert clerk.get("/office/").url.startswith(LOGIN)


def test_a_network_of_ipv6_is_one_guesser(client: Client) -> None:
    make_user(username="nomsa", password=PASSWORD)
    guess = {"username": "nomsa", "password": "wrong"}
    for number in range(7):
        client.post(LOGIN, guess, REMOTE_ADDR=f"2001:db8:1:2::{number}")

    assert client.post(LOGIN, guess, REMOTE_ADDR="2001:db8:1:2::99").status_code == 429
    assert client.post(LOGIN, guess, REMOTE_ADDR="2001:db8:1:3::1").status_code == 422


def test_one_password_tried_on_many_names_ends_too(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "3/15m"}

    answers = [
        client.post(LOGIN, {"username": f"user-{number}", "password": "wrong"}).status_code
        for number in range(4)
    ]

    assert answers == [422, 422, 422, 429]


def test_a_wrong_name_a_wrong_password_and_a_disabled_user_get_one_answer(client: Client) -> None:
    make_user(username="nomsa", password=PASSWORD)
    make_user(username="gone", password=PASSWORD, is_active=False)

    answers = [
        client.post(LOGIN, {"username": username, "password": password}).context["form"].non_field_errors()
        for username, password in [("nomsa", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)]
    ]

    assert answers[0] == answers[1] == answers[2]


def test_after_a_wrong_password_the_cursor_waits_for_another(client: Client) -> None:
    fields = client.post(LOGIN, {"username": "nomsa", "password": "wrong"}).context["form"].fields

    assert [name for name, field in fields.items() if field.widget.attrs.get("autofocus")] == ["password"]


def test_a_guess_leaves_no_password_and_no_name_behind(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _try in range(8):
        client.post(LOGIN, {"username": "nomsa-dlamini", "password": "secret-guess"})

    rows = " ".join(map(str, AccessAttempt.objects.values_list("get_data", "post_data", "path_info")))
    assert "secret-guess" not in rows
    assert "secret-guess" not in caplog.text
    assert "nomsa-dlamini" not in caplog.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "x" * 5000, "password": "y" * 5000},
        {"username": "a\x00b", "password": "c"},
        {"next": "\x00"},
    ],
)
def test_odd_forms_are_refused_in_words(client: Client, form: dict) -> None:
    assert client.post(LOGIN, form).status_code == 422


@pytest.mark.parametrize("step", ["", "code/"])
def test_a_second_login_tab_of_somebody_signed_in_is_led_on(step: str) -> None:
    make_user(username="nomsa", password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOGIN)
    login = {
        "username": "nomsa",
        "password": PASSWORD,
        "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
    }
    first = browser.post(LOGIN, login)

    second = browser.post(LOGIN + step, {**login, "next": "/office/departures/"}, follow=True)

    assert first.status_code == 302
    assert second.redirect_chain[-1] == ("/office/departures/", 302)
    assert second.status_code == 200


def test_a_login_that_was_open_for_too_long_is_refused_to_somebody_not_signed_in() -> None:
    make_user(username="nomsa", password=PASSWORD)

    answer = Client(enforce_csrf_checks=True).post(LOGIN, {"username": "nomsa", "password": PASSWORD})

    assert answer.status_code == 403
