from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from bookings.database import session_store
from bookings.tests.make import make_second_factor, make_user
from bookings.web.middleware import client_address
from bookings.web.visitor import network_key


def seen_as(*, peer: str, forwarded: str = "") -> str:
    request = RequestFactory().get(
        "/", REMOTE_ADDR=peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    )
    seen: list[HttpRequest] = []

    client_address(lambda each: seen.append(each) or HttpResponse())(request)

    return seen[0].META["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: the header is anybody's
        (1, "203.0.113.7", "198.51.100.1", "203.0.113.7"),  # the peer is not our proxy
        (1, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # what stands further left was forged
        (2, "10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "10.0.0.1", "198.51.100.1", "10.0.0.1"),
        (1, "10.0.0.1", "<script>", "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_the_clients_address_is_what_our_outermost_proxy_saw(
    settings: Any, proxies: int, peer: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_NETS = proxies, ["10.0.0.0/8"]

    assert seen_as(peer=peer, forwarded=forwarded) == address


def test_a_thousand_forged_headers_are_one_client(settings: Any) -> None:
    settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_NETS = 1, ["10.0.0.0/8"]

    assert {seen_as(peer="203.0.113.7", forwarded=f"198.51.100.{n % 250}, {n}") for n in range(1000)} == {
        "203.0.113.7"
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.99", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_a_network_is_a_household_not_an_address(one: str, other: str, same: bool) -> None:
    keys = [network_key(RequestFactory().get("/", REMOTE_ADDR=address)) for address in (one, other)]

    assert (keys[0] == keys[1]) is same
    assert one not in keys[0]


@pytest.mark.parametrize("has_session", [False, True])
def test_a_session_that_cannot_be_written_is_a_database_that_is_away(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, has_session: bool
) -> None:
    """It fails outside of every view, and is "interrupted" to Django if there is one already."""
    user = make_user(role="manager", password="a-long-enough-pass")
    make_second_factor(user)
    form = {"username": user.username, "password": "a-long-enough-pass"}
    if has_session:
        client.post("/office/login/", form)
    client.raise_request_exception = False

    def fails(*_args: object, **_options: object) -> None:
        raise OperationalError("database or disk is full")

    for write in ("insert_rows", "_change"):
        monkeypatch.setattr(session_store, write, fails)
    answer = client.post("/office/login/", form)

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "Back in a moment" in answer.content.decode()
