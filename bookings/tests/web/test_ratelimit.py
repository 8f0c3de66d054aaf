import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from bookings.base.errors import TooMany
from bookings.base.metrics import RATE_LIMITED
from bookings.cache.backends import BreakerRedisCache
from bookings.domain.maintenance.cleanup import clean_rate_counts
from bookings.models import OutboxMessage, RateCount
from bookings.tests.make import make_booking, make_user
from bookings.tests.passenger.buying import departure_ahead, seats_page
from bookings.tests.servers import redis_server
from bookings.web.middleware import client_address
from bookings.web.ratelimit import SLICES, Limit, enforce_limit, is_over, parse_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def limit(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "3/15m", "hold": "3/m"}


class Clock:
    def __init__(self, at: float) -> None:
        self.at = at

    def time(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time as the limits read it, at the beginning of a slice of a minute."""
    standing = Clock(float(int(time.time()) // 60 * 60))
    monkeypatch.setattr("bookings.web.ratelimit.time", standing)
    return standing


@pytest.fixture
def redis_is_away() -> Iterator[None]:
    kind = type(caches["default"])
    kind._closed_again_at = float("inf")  # what the breaker does while Redis is away
    yield
    kind._closed_again_at = 0.0


def post_from(name: str, address: str, *extra: str, **headers: str) -> None:
    enforce_limit(RequestFactory().post("/", REMOTE_ADDR=address, **headers), name, *extra)


def refused(*args: str, name: str = "find", address: str = "203.0.113.7", **headers: str) -> bool:
    try:
        post_from(name, address, *args, **headers)
    except TooMany:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "limit"), [("10/m", (10, 60)), ("5/15m", (5, 900)), ("1/s", (1, 1)), ("100/2h", (100, 7200))]
)
def test_a_limit_is_read_from_its_setting(text: str, limit: tuple[int, int]) -> None:
    assert parse_limit(text) == Limit(*limit)


@pytest.mark.parametrize("text", ["10", "ten/m", "10/d", "10/m "])
def test_a_limit_that_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a limit"):
        parse_limit(text)


@pytest.mark.database
def test_a_client_is_refused_past_its_limit_and_told_when_to_come_back(limit: None) -> None:
    before = RATE_LIMITED.labels("find")._value.get()
    assert [refused() for _each in range(3)] == [False] * 3

    with pytest.raises(TooMany) as refusal:
        post_from("find", "203.0.113.7")

    assert 0 < refusal.value.retry_after <= 900 + 150
    assert not refused(address="198.51.100.1")
    assert RATE_LIMITED.labels("find")._value.get() == before + 1


@pytest.mark.database
@pytest.mark.parametrize("store", ["database", pytest.param("Redis", marks=pytest.mark.redis)])
def test_no_span_of_its_time_lets_more_through_than_the_limit(
    limit: None, clock: Clock, store: str, request: Any
) -> None:
    """At the edge of a fixed window twice as many would pass. Somebody tries each second, for ten minutes."""
    if store == "database":
        request.getfixturevalue("redis_is_away")
    passed = []

    for _second in range(0, 600, 2):
        if not refused(name="hold"):
            passed.append(clock.at)
        clock.at += 2

    busiest = max(sum(start <= at < start + 60 for at in passed) for start in passed)
    assert busiest == 3
    assert len(passed) >= 3 * 600 / (60 * (SLICES + 1) / SLICES) - 3


@pytest.mark.database
def test_retry_after_keeps_its_word_and_refused_tries_cost_nothing(limit: None, clock: Clock) -> None:
    for _each in range(3):
        post_from("hold", "203.0.113.7")
        clock.at += 7
    written = RateCount.objects.count()
    with pytest.raises(TooMany) as refusal:
        post_from("hold", "203.0.113.7")
    for _each in range(20):
        assert refused(name="hold")
    assert RateCount.objects.count() == written

    clock.at += refusal.value.retry_after - 1
    assert refused(name="hold")
    clock.at += 1

    assert not refused(name="hold")


@pytest.mark.database
def test_a_reference_is_protected_from_many_clients(limit: None) -> None:
    answers = [refused("ABCD1234", address=f"198.51.{n}.1") for n in range(5)]

    assert answers == [False, False, False, True, True]


@pytest.mark.database
def test_who_is_refused_by_one_subject_uses_up_no_others(limit: None) -> None:
    for n in range(3):
        post_from("find", f"198.51.{n}.1", "ABCD1234")

    for _each in range(5):
        assert refused("ABCD1234", address="203.0.113.7")

    assert [refused(address="203.0.113.7") for _each in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("name", "addresses", "is_one"),
    [
        ("find", ["203.0.113.7", "203.0.113.8"], True),  # guessers own networks
        ("hold", ["203.0.113.7", "203.0.113.8"], False),  # and thousands of phones share one
        ("hold", ["203.0.113.7", "::ffff:203.0.113.7"], True),
        ("hold", ["::ffff:203.0.113.7", "::ffff:203.0.113.8"], False),
        ("hold", ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], True),
        ("hold", ["2001:db8:1:2::1", "2001:db8:1:3::1"], False),
        ("hold", ["fe80::1%eth0", "fe80::2%eth1"], True),
        ("hold", ["", "unix:"], True),
    ],
)
def test_who_counts_as_one_client(limit: None, name: str, addresses: list[str], is_one: bool) -> None:
    for _each in range(3):
        post_from(name, addresses[0])

    assert refused(name=name, address=addresses[1]) is is_one


def test_an_empty_limit_is_switched_off(settings: Any, django_assert_num_queries: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": ""}

    with django_assert_num_queries(0):
        assert not any(refused() for _each in range(50))


def test_a_thousand_forged_headers_are_one_client(settings: Any, limit: None) -> None:
    settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_NETS = 1, ["10.0.0.0/8"]
    passed = []

    def view(request: HttpRequest) -> HttpResponse:
        enforce_limit(request, "hold")
        passed.append(request)
        return HttpResponse()

    def ask(n: int, peer: str, more: str = "") -> None:
        address = f"198.51.{n // 250}.{n % 250}"
        headers = {
            "X-Forwarded-For": address + more,
            "X-Real-IP": address,
            "Forwarded": f"for={address}",
            "Client-IP": address,
        }
        try:
            client_address(view)(RequestFactory().post("/", REMOTE_ADDR=peer, headers=headers))
        except TooMany:
            return

    for n in range(1000):
        ask(n, "203.0.113.7")
    assert len(passed) == 3
    for n in range(1000):
        ask(n, "10.0.0.1", more=", 203.0.113.9")  # through our proxy, which wrote the last
    assert len(passed) == 6
    for n in range(5):
        ask(n, "10.0.0.1")
    assert len(passed) == 11


def test_a_visitor_is_counted_across_networks(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "hold": "2/m"}
    page = seats_page(departure_ahead(), passengers=1)

    statuses = [
        client.post(page, {"seats": ["1A"]}, REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(4)
    ]

    # The first request had no session yet, so only its address was counted.
    assert statuses == [302, 302, 302, 429]
    assert Client().post(page, {"seats": ["1B"]}, REMOTE_ADDR="203.0.113.50").status_code == 302


def test_a_refused_form_is_kept_on_a_page_that_says_when(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "hold": "1/m"}
    page = seats_page(departure_ahead(), passengers=2)
    client.post(page, {"seats": ["1A", "1B"]})

    answer = client.post(page, {"seats": ["1C", "1D"], "note": '"><script>', "csrfmiddlewaretoken": "old"})

    html = answer.content.decode()
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 70
    assert re.search(r"Please try again in \d+ seconds?\.", html)
    assert re.findall(r'name="seats" value="(\w+)"', html) == ["1C", "1D"]
    assert "<script>" not in html.replace("<script src", "")
    assert html.count('name="csrfmiddlewaretoken"') == 1
    assert "no-store" in answer["Cache-Control"]


def test_within_htmx_the_refusal_is_a_fragment_and_the_page_keeps_what_was_typed(
    client: Client, settings: Any
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "hold": "1/m"}
    page = seats_page(departure_ahead(), passengers=2)
    client.post(page, {"seats": ["1A", "1B"]})

    answer = client.post(
        page, {"seats": ["1C", "1D"]}, headers={"HX-Request": "true", "HX-Target": "seat-map"}
    )

    assert answer.status_code == 429
    assert (answer["HX-Retarget"], "<html" in answer.content.decode()) == ("#problem", False)
    assert int(answer["Retry-After"]) > 0


def test_a_refused_login_keeps_the_name_and_never_the_password(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "1/m"}
    make_user(username="nomsa", password="correct horse")
    client.post("/office/login/", {"username": "nomsa", "password": "wrong"})

    answer = client.post("/office/login/", {"username": "nomsa", "password": "correct horse"})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    html = answer.content.decode()
    assert 'value="nomsa"' in html
    assert "correct horse" not in html
    assert "_auth_user_id" not in client.session


def test_each_limit_of_the_site_is_enforced(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "booking": "1/m", "find": "1/m", "resend": "1/m"}
    booking = make_booking()
    browser = client.session
    browser["orders"] = [booking.order_id]
    browser.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = browser.session_key

    def twice(address: str, **form: str) -> list[int]:
        return [client.post(address, form).status_code for _time in range(2)]

    assert twice("/bookings/", reference="ABCD1234", proof="x") == [404, 429]
    assert twice(f"/bookings/{booking.booking_reference}/resend/") == [302, 429]
    assert twice("/checkout/unknown/", action="place")[1] in (404, 429)


def test_finding_counts_only_what_was_not_found(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "3/15m"}
    booking = make_booking()
    right = {"reference": booking.booking_reference, "proof": "Nkosi"}

    assert [client.post("/bookings/", right).status_code for _each in range(5)] == [200] * 5
    wrong = [client.post("/bookings/", {"reference": f"AAAA000{n}", "proof": "Nkosi"}) for n in range(4)]

    assert [each.status_code for each in wrong] == [404, 404, 404, 429]
    assert client.post("/bookings/", right).status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.1").post("/bookings/", right).status_code == 200


def test_mails_with_a_link_are_limited_by_reference_too(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "10/15m", "resend": "2/15m"}
    booking = make_booking()
    form = {"reference": booking.booking_reference, "proof": "Nkosi", "action": "mail"}

    answers = [Client(REMOTE_ADDR=f"198.51.{n}.1").post("/bookings/", form).status_code for n in range(4)]

    assert answers == [200, 200, 429, 429]
    assert OutboxMessage.objects.filter(kind="link").count() <= 2


def test_while_everybody_guesses_each_network_is_slowed_and_the_owner_let_in(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "10/15m", "find_all": "20/m"}
    booking = make_booking()

    def tries(network: int, **form: str) -> list[int]:
        guesser = Client(REMOTE_ADDR=f"198.51.{network}.1")
        return [
            guesser.post("/bookings/", {"reference": f"AAAA{network:02}{n:02}", "proof": "Nkosi"}).status_code
            for n in range(12)
        ]

    answers = [tries(network).count(404) for network in range(5)]

    assert answers == [10, 10, 2, 2, 2]
    owner = Client(REMOTE_ADDR="203.0.113.7")
    assert (
        owner.post("/bookings/", {"reference": booking.booking_reference, "proof": "Nkosi"}).status_code
        == 200
    )


@pytest.mark.database
def test_every_failure_to_find_looks_the_same(client: Client) -> None:
    reference = make_booking().booking_reference
    tries = [
        (reference, "Wrong"),
        ("ABCD1234", "Nkosi"),
        (reference, "not@example.com"),
        ("ABCD1234", "nobody@example.com"),
    ]

    answers = [client.post("/bookings/", {"reference": code, "proof": proof}) for code, proof in tries]

    assert {answer.status_code for answer in answers} == {404}

    def body(index: int) -> str:
        html = answers[index].content.decode()
        for own in (*tries[index], answers[index]["X-Request-ID"]):
            html = html.replace(own, "*")
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)

    assert len({body(index) for index in range(4)}) == 1


@pytest.mark.database
def test_failures_of_everybody_are_counted_together(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find_all": "2/m"}

    assert [is_over("find_all", "everybody") for _each in range(4)] == [False, False, True, True]


@pytest.mark.database
def test_counts_that_are_over_are_cleaned() -> None:
    now = timezone.now()
    RateCount.objects.bulk_create(
        RateCount(key=f"k{n}", count=1, expires_at=now + timedelta(minutes=1 if n < 3 else -1))
        for n in range(6003)
    )

    assert clean_rate_counts(now=now) == 6000
    assert RateCount.objects.count() == 3


@pytest.mark.redis
def test_with_redis_the_counts_are_there_and_without_it_in_the_database(limit: None) -> None:
    post_from("find", "203.0.113.7")
    assert RateCount.objects.count() == 0

    type(caches["default"])._closed_again_at = float("inf")  # what the breaker does while Redis is away
    try:
        assert [refused() for _each in range(4)] == [False, False, False, True]
    finally:
        type(caches["default"])._closed_again_at = 0.0
    assert RateCount.objects.count() == 1


@pytest.mark.redis
def test_counts_in_redis_go_by_themselves(limit: None) -> None:
    post_from("hold", "203.0.113.7", "somebody")

    redis = cache.client.get_client()
    left = [redis.ttl(key) for key in redis.keys("*limit:hold*")]
    assert left
    assert all(50 < seconds <= 70 for seconds in left)


@pytest.mark.redis
def test_a_frozen_redis_delays_a_request_once(
    limit: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(BreakerRedisCache, "_closed_again_at", 0.0)
    monkeypatch.setattr("bookings.cache.backends.OPEN_SECONDS", 600.0)  # longer than a busy machine takes
    with redis_server() as server:
        options = {
            "CONNECTION_POOL_KWARGS": {"max_connections": 5},
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
        }
        away = BreakerRedisCache(f"{server.url}/1", {"OPTIONS": options})
        monkeypatch.setattr("bookings.web.ratelimit.cache", away)
        post_from("find", "203.0.113.7")
        server.freeze()
        caplog.clear()

        answers = [refused("ABCD1234", "another") for _each in range(4)]

        asked = [message for message in caplog.messages if message.startswith("cache unavailable")]
        assert len(asked) == 1  # one of the four waited, however long the others took
        assert answers == [False, False, False, True]
