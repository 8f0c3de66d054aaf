"""A limit holds over all workers of the real server, wherever it is counted."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from django.utils import timezone

from bookings.models import RateCount
from bookings.tests.races.crowd import crowd, figure, many
from bookings.tests.races.service import Service, service
from bookings.tests.servers import redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
ALLOWED = 7


def guess(site: Service, people: int) -> Counter[int]:
    """What people get who search for a booking at the same time, all from this address.

    Each forges another one.
    """

    def one(number: int) -> int:
        forged = f"198.51.{number // 250}.{number % 250}"
        with httpx.Client(
            base_url=site.url, headers={"X-Forwarded-For": forged, "X-Real-IP": forged}, timeout=30
        ) as browser:
            browser.get("/bookings/")
            form = {
                "reference": f"AAAA{number:04}",
                "proof": "Nkosi",
                "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            }
            return browser.post("/bookings/", data=form).status_code

    with ThreadPoolExecutor(max_workers=8) as pool:
        return Counter(pool.map(one, range(people)))


def workers(site: Service) -> int:
    return len(psutil.Process(site._running["web"].pid).children())


def test_two_workers_let_exactly_as_many_through_by_the_database(tmp_path: Path, static_files: Path) -> None:
    people = many(24, 500)
    with service(
        tmp_path, static=static_files, queue=False, RATE_LIMIT_FIND=f"{ALLOWED}/2h", RATE_LIMIT_FIND_ALL=""
    ) as site:
        answers = guess(site, people)

        assert workers(site) >= 2
        assert answers == {404: ALLOWED, 429: people - ALLOWED}
        assert (
            sum(RateCount.objects.filter(key__startswith="limit:find").values_list("count", flat=True))
            >= ALLOWED
        )
    figure("HTTP: one limit, two workers", store="database", asked=people, passed=answers[404])


def test_the_database_itself_stops_at_the_limit_when_all_look_first() -> None:
    """Each of the crowd sees room before anybody has counted."""
    soon = timezone.now() + timedelta(minutes=1)

    outcomes = crowd(
        48, lambda number: RateCount.count_in_window(["a", "b"], range(3, 10), ALLOWED, expires_at=soon)
    )

    assert outcomes.count({}) == ALLOWED
    assert RateCount.objects.get(pk="a:9").count == ALLOWED


@pytest.mark.redis
def test_two_workers_let_exactly_as_many_through_by_redis(tmp_path: Path, static_files: Path) -> None:
    people = many(24, 500)
    limits = {"RATE_LIMIT_FIND": f"{ALLOWED}/2h", "RATE_LIMIT_FIND_ALL": ""}
    with (
        redis_server() as redis,
        service(tmp_path, static=static_files, queue=False, REDIS_URL=redis.url, **limits) as site,
    ):
        answers = guess(site, people)

        assert workers(site) >= 2
        assert answers == {404: ALLOWED, 429: people - ALLOWED}
        assert RateCount.objects.count() == 0
    figure("HTTP: one limit, two workers", store="Redis", asked=people, passed=answers[404])
