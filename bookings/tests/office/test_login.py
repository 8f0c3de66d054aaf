"""Signing in and out: who gets in, where to, and how guessing ends."""

import pytest
from django.test import Client

from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"
LOGIN = "/office/login/"


def test_somebody_unknown_is_led_to_the_login_and_back(client: Client) -> None:
    make_user(username="nomsa", password=PASSWORD)

    turned_away = client.get("/office/")
    signed_in = client.post(turned_away.url, {"username": "nomsa", "password": PASSWORD, "next": "/office/?a=1"})

    assert turned_away.url == f"{LOGIN}?next=/office/"
    assert signed_in.url == "/office/?a=1"
    assert client.get("/office/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"])
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
