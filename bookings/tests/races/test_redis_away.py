"""Redis stopped, frozen, emptied while people book: everything goes on."""

import statistics
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.reports.invariants import violations
from bookings.models import Order
from bookings.tests.domain.tickets.sink import mail_server
from bookings.tests.races.crowd import SCALE, figure, many
from bookings.tests.races.service import service
from bookings.tests.races.shoppers import Diary, catch_up, coaches, shop_once
from bookings.tests.servers import redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.redis]


def test_booking_goes_on_while_redis_is_stopped_frozen_or_emptied(settings: Any, tmp_path: Path, static_files: Path) -> None:
    schedules, times = coaches(), many(5, 30)
    folder = tmp_path / "site"
    folder.mkdir()
    all_placed: list[str] = []
    with mail_server(settings) as sink, redis_server() as redis:
        limits = {"RATE_LIMIT_HOLD": "100000/m", "RATE_LIMIT_BOOKING": "100000/m"}  # counted in Redis, never reached
        mail = f"smtp://127.0.0.1:{settings.EMAIL_PORT}"
        with service(folder, static=static_files, REDIS_URL=redis.url, EMAIL_URL=mail, **limits) as site:

            def book() -> float:
                diary = Diary()
                for _time in range(times):
                    shop_once(site.url, schedules, diary)
                assert len(diary.placed) == times, (diary, site.log("web")[-2000:])
                all_placed.extend(diary.placed)
                return statistics.median(diary.slowest)

            usual = book()
            redis.freeze()
            frozen = book()
            redis.thaw()
            redis.flush()
            emptied = book()
            redis.stop()
            stopped = book()
            redis.start()
            assert site.is_alive("queue")
            catch_up(settings, site, wait=100 if SCALE else 8)

        assert Order.objects.filter(status="confirmed").count() == len(all_placed)
        assert len({mail["Message-ID"] for mail in sink.mails}) == len(all_placed)
    assert violations(now=timezone.now()) == []
    added = {"frozen_added_s": frozen - usual, "stopped_added_s": stopped - usual, "emptied_added_s": emptied - usual}
    figure("HTTP: Redis away", bookings=len(all_placed), usual_s=round(usual, 2), **{name: round(took, 2) for name, took in added.items()})
    assert max(added.values()) <= 0.5
