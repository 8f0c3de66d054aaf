"""The one request that leads to an address which a stranger chose."""

import socket
import time
from typing import Any

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.messaging.webhooks.http import NotDelivered, Poster, check_url, is_public
from bookings.tests.domain.partners.receiver import HOST, receiver


def refused(poster: Poster, url: str) -> str:
    with pytest.raises(NotDelivered) as error:
        poster.post(url, b"{}", {})
    return str(error.value)


def test_a_message_arrives_under_the_name_that_was_asked_for() -> None:
    with receiver() as server:
        server.poster().post(server.url, b'{"a":1}', {"webhook-id": "msg_1"})

    (got,) = server.got
    assert (got.path, got.text) == ("/hooks?from=falcon", '{"a":1}')
    assert (got.headers["host"], got.headers["webhook-id"]) == (f"{HOST}:{server.port}", "msg_1")
    assert server.asked == [HOST]


def test_another_name_on_the_certificate_is_refused_before_a_word_is_said() -> None:
    with receiver("other.partner.test") as server:
        assert "certificate verify failed" in refused(server.poster(), server.url)

    assert server.got == []


def test_a_certificate_that_nobody_trusts_is_refused() -> None:
    with receiver() as server:
        assert "certificate verify failed" in refused(
            Poster(resolve=server.resolve, allowed=lambda _address: True), server.url
        )


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 500, 503])
def test_only_2xx_counts_and_nobody_is_led_elsewhere(status: int) -> None:
    with receiver() as elsewhere, receiver() as server:
        server.status, server.location = status, elsewhere.url
        assert refused(server.poster(), server.url) == f"answered {status}"

    assert (len(server.got), elsewhere.got) == (1, [])


@pytest.mark.parametrize("mood", [{"pause": 10}, {"drip": 0.05}])
def test_who_does_not_answer_in_time_is_cut_off(mood: dict[str, float]) -> None:
    with receiver() as server:
        vars(server).update(mood)
        started = time.monotonic()
        assert refused(server.poster(seconds=0.4), server.url) == "no answer within 0.4 s"

    assert time.monotonic() - started < 5


def test_a_server_that_says_nothing_at_all_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://{HOST}:{silent.getsockname()[1]}/"
        poster = Poster(
            resolve=lambda _host, _port: ["127.0.0.1"], allowed=lambda _address: True, seconds=0.3
        )
        assert refused(poster, url) == "no answer within 0.3 s"


def test_a_resolver_that_hangs_is_left_behind() -> None:
    started = time.monotonic()

    words = refused(
        Poster(resolve=lambda _host, _port: time.sleep(10) or [], seconds=0.2), f"https://{HOST}/"
    )

    assert words == f"the name {HOST} cannot be resolved"
    assert time.monotonic() - started < 5


def test_the_name_is_resolved_at_every_try_and_what_it_then_means_is_checked() -> None:
    """A name that was public once and is not now: the second look must not be the first one's answer."""
    with receiver() as server:
        answers = [["127.0.0.1"], ["10.0.0.7"], ["127.0.0.1", "10.0.0.7"]]
        poster = server.poster(resolve=lambda _host, _port: answers.pop(0))
        poster.post(server.url, b"{}", {})
        assert refused(poster, server.url) == f"{HOST} is not on the public internet"
        assert refused(poster, server.url) == f"{HOST} is not on the public internet"

    assert len(server.got) == 1


def test_this_machine_is_not_reached_in_earnest() -> None:
    with receiver() as server:
        assert refused(Poster(resolve=server.resolve), server.url) == f"{HOST} is not on the public internet"
        assert (
            refused(Poster(), f"https://localhost:{server.port}/")
            == "localhost is not on the public internet"
        )

    assert server.got == []


def test_by_an_explicit_setting_a_program_on_this_machine_can_be_tried(settings: Any) -> None:
    settings.WEBHOOKS_TO_THIS_HOST = True
    with receiver(tls=False) as server:
        Poster().post(f"http://127.0.0.1:{server.port}/", b"{}", {})

    assert len(server.got) == 1
    settings.WEBHOOKS_TO_THIS_HOST = False
    assert refused(Poster(), f"http://127.0.0.1:{server.port}/") == "The address must begin with https://."


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1",
        "127.8.8.8", "169.254.169.254", "172.16.0.1", "192.0.0.1",
        "192.168.1.1", "192.88.99.1", "198.18.0.1", "203.0.113.5",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:1::1", "2001:db8::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "", "example.org", "0177.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_for_the_public(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["8.8.8.8", "196.25.1.1", "2001:4860:4860::8888"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address) is True


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/", "http://127.0.0.1:8000/",
        "ftp://partner.example/", "//partner.example/", "https://", "https:///x", "",
        "https://user:secret@partner.example/", "https://partner.example/#x", "https://partner.example:0/", "https://partner.example:99999/",
        "https://partner.example/a b", "https://partner.example/\r\nX: y",
        "https://pärtner.example/", "https://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_no_webhook_may_lead_to(url: str) -> None:
    with pytest.raises(RuleBroken):
        check_url(url)
