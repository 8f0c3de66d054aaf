"""A payment gateway that is slow or away.

Only the queue waits for it; customers read that we are confirming, never that it failed.
"""

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.gateways.demo import PAID, DemoGateway, customer_decides, notification_body
from bookings.domain.sales.notifications import act_on_waiting
from bookings.models import GatewayNotification, Order, PaymentAttempt
from bookings.tests.domain.messaging.sink import hanging_server
from bookings.tests.passenger.buying import departure_ahead, order_by
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.crowd import SCALE, figure, many, p95
from bookings.tests.races.service import service
from bookings.tests.races.shoppers import catch_up, coaches

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
WAY = ("johannesburg", "cape-town")
WAITING = "We are confirming your payment"


def test_a_notification_is_answered_before_the_gateway_is_asked_and_acted_upon_when_it_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_by(client, departure_ahead())
    attempt = PaymentAttempt.objects.get()
    customer_decides(attempt.token, pays=True)
    asked: list[int] = []

    def away(_self: object, _told: object, _delivery: object) -> bool:
        asked.append(1)
        raise TimeoutError

    monkeypatch.setattr(DemoGateway, "confirm", away)
    body = notification_body(attempt, PAID)
    answer = client.post("/payments/demo/notify/", body, content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, asked) == (200, [])
    assert act_on_waiting() == 1
    assert asked == [1]
    page = client.get(f"/orders/{order.token}/status/").content.decode()
    assert WAITING in page
    assert GatewayNotification.objects.filter(acted_at=None).count() == 1
    monkeypatch.undo()
    assert act_on_waiting() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert violations(now=timezone.now()) == []


def test_a_gateway_that_hangs_harms_no_search_and_no_booking(
    settings: Any, tmp_path: Path, static_files: Path
) -> None:
    """The demo gateway's notification comes from our queue: here it finds nobody who listens."""
    (tmp_path / "site").mkdir()
    schedules, times, searches = coaches(), many(2, 20), []
    with (
        hanging_server() as deaf,
        service(
            tmp_path / "site", static=static_files, workers=1, SITE_URL=f"http://127.0.0.1:{deaf}"
        ) as site,
    ):
        tokens = []
        for number in range(times):
            buyer = Buyer(site.url)
            buyer.buy(schedules[number % len(schedules)], *WAY)
            assert WAITING in buyer.get(buyer.order).text
            tokens.append(buyer.order.strip("/").split("/")[-2])
            for _search in range(5):
                started = time.monotonic()
                buyer.search(*WAY, timezone.localdate().isoformat())
                searches.append(time.monotonic() - started)
            buyer.close()
        assert Order.objects.filter(token__in=tokens, status="pending").count() == times
        catch_up(settings, site, wait=0)

        assert Order.objects.filter(token__in=tokens, status="confirmed").count() == times
    assert violations(now=timezone.now()) == []
    figure("HTTP: payment gateway hangs", bookings=times, search_p95_s=round(p95(searches), 2), lost=0)
    assert p95(searches) <= (1 if SCALE else 5)  # who waited for the gateway, waited for its 10 s
