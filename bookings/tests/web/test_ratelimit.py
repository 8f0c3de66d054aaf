from typing import Any

import pytest
from django.core.cache import caches
from django.test import RequestFactory

from bookings.base.errors import TooMany
from bookings.models import RateCount
from bookings.web.ratelimit import enforce_limit, parse_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def limit(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "3/15m"}


def ask(address: str = "203.0.113.7", *extra: str) -> None:
    enforce_limit(RequestFactory().get("/", REMOTE_ADDR=address), "find", *extra)


def refused(*args: str) -> bool:
    try:
        ask(*args)
    except TooMany:
        return True
    return False


@pytest.mark.parametrize(("text", "limit"), [("10/m", (10, 60)), ("5/15m", (5, 900)), ("1/s", (1, 1)), ("100/2h", (100, 7200))])
def test_a_limit_is_read_from_its_setting(text: str, limit: tuple[int, int]) -> None:
    assert parse_limit(text) == limit


@pytest.mark.database
def test_a_client_is_refused_past_its_limit_and_told_when_to_come_back(limit: None) -> None:
    for _allowed in range(3):
        ask()

    with pytest.raises(TooMany) as refusal:
        ask()

    assert 0 < refusal.value.retry_after <= 900
    assert not refused("198.51.100.1")


@pytest.mark.database
def test_a_reference_is_protected_from_many_clients(limit: None) -> None:
    answers = [refused(f"198.51.{n}.1", "ABCD1234") for n in range(5)]

    assert answers == [False, False, False, True, True]


def test_an_empty_limit_is_switched_off(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": ""}

    assert not any(refused() for _each in range(50))


@pytest.mark.redis
def test_with_redis_the_counts_are_there_and_without_it_in_the_database(limit: None) -> None:
    ask()
    assert RateCount.objects.count() == 0

    type(caches["default"])._closed_again_at = float("inf")  # what the breaker does while Redis is away
    try:
        assert [refused() for _each in range(4)] == [False, False, False, True]
    finally:
        type(caches["default"])._closed_again_at = 0.0
    assert RateCount.objects.count() == 1
