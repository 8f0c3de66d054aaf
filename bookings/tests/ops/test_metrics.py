import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.base.metrics import HOLDS
from bookings.domain.maintenance.heartbeat import beat
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.messages import queue_message
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import OutboxMessage
from bookings.tests.make import make_order
from bookings.tests.passenger.buying import departure_ahead, hold_by, paid_by, seats_page
from bookings.tests.races.service import service

LINE = re.compile(r"^(\w+)(?:\{(.*)\})? ([-\d.e+]+)$", re.M)


def values(text: str) -> dict[str, float]:
    """The numbers by name and labels: `falcon_holds_total channel=web`."""
    return {
        f"{name} {labels.replace(chr(34), '')}".strip(): float(value)
        for name, labels, value in LINE.findall(text)
    }


def scrape(client: Client) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return values(answer.content.decode())


@pytest.mark.django_db(transaction=True)
def test_what_happens_is_counted(client: Client) -> None:
    schedule = departure_ahead()
    before = scrape(client)
    paid_by(client, schedule, "1A")
    hold_by(client, schedule, "1C")
    client.post(seats_page(schedule, passengers=1), {"seats": ["1A"]})  # taken
    for _time in range(2):
        cache.get("nothing")
    cache.set("something", 1)
    cache.get("something")
    beat("queue")
    message = queue_message(OutboxMessage.Kind.LINK, order := make_order(), order, now=timezone.now())
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=None)

    after = scrape(client)

    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    assert grown["falcon_holds_total channel=web"] == 2
    assert grown["falcon_sales_total channel=web"] == 1
    assert grown["falcon_refusals_total kind=SeatTaken"] == 1
    assert grown["falcon_cache_reads_total result=hit"] >= 1
    assert grown["falcon_cache_reads_total result=miss"] >= 2
    departure = "method=POST,route=passenger:departure"
    assert grown[f"falcon_request_seconds_count {departure},status=3xx"] == 2
    assert grown[f"falcon_request_seconds_count {departure},status=4xx"] == 1
    assert grown["falcon_queries_total route=passenger:departure"] > 20
    assert grown["falcon_query_seconds_total route=passenger:departure"] > 0
    assert after["falcon_mail_waiting"] >= 1
    assert 0 <= after["falcon_mail_oldest_age_seconds"] < 60
    assert 0 <= after["falcon_queue_heartbeat_age_seconds"] < 60
    assert after["falcon_queue_length"] >= 0
    assert (after["falcon_database_up"], after["falcon_database_connections"] >= 1) == (1, True)


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_counted_as_held() -> None:
    segment = get_segment(SegmentRef(departure_ahead().pk, "johannesburg", "cape-town"))
    before = HOLDS.labels("web")._value.get()

    with transaction.atomic():
        hold_seats(segment, ["1A"], HoldRequest("ann"))
        transaction.set_rollback(True)

    assert HOLDS.labels("web")._value.get() == before
    hold_seats(segment, ["1A"], HoldRequest("ann"))
    assert HOLDS.labels("web")._value.get() == before + 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("peer", "headers", "may"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("203.0.113.7", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),  # our own nginx, on behalf of anybody
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, False),
        ("203.0.113.7", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("10.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
    ],
)
def test_only_neighbours_read_the_metrics(
    client: Client, settings: Any, peer: str, headers: dict[str, str], may: bool
) -> None:
    settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_NETS = 1, ["10.0.0.0/8"]

    answer = client.get("/metrics", REMOTE_ADDR=peer, headers=headers)

    assert (answer.status_code, b"falcon_" in answer.content) == ((200, True) if may else (404, False))


@pytest.mark.django_db(transaction=True)
def test_the_networks_that_may_read_are_a_setting(client: Client, settings: Any) -> None:
    settings.METRICS_NETS = ["10.1.0.0/16"]

    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


def test_workers_count_together(tmp_path: Path) -> None:
    """Whichever worker is asked tells what all of them did."""
    for name in ("none", "metrics"):
        (tmp_path / name).mkdir()
    options = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
    }
    with service(tmp_path, static=tmp_path / "none", queue=False, **options) as site:
        for _time in range(30):
            httpx.get(f"{site.url}/health/live/")
        pids = {path.name.partition("_")[2] for path in (tmp_path / "metrics").glob("histogram_*.db")}

        counts = []
        for _time in range(6):
            counted = values(httpx.get(f"{site.url}/metrics").text)
            counts.append(counted["falcon_request_seconds_count method=GET,route=live,status=2xx"])

    assert len(pids) >= 2
    assert set(counts) == {counts[0]}
    assert counts[0] >= 30


def test_methods_that_are_made_up_fill_no_memory(tmp_path: Path) -> None:
    script = (
        "from bookings.base import metrics as m; "
        "[m.count_request('r', f'M{n}', 200, 1, 1, 1) for n in range(999)]; print(len(m._routes))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "falcon_web.settings", "LOCAL_DIR": str(tmp_path)}

    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "0"
