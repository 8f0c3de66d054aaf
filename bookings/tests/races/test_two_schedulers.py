"""Two consumers may both run the scheduler.

Whatever is due at the minute is done once, so a host that dies takes no duty with it.
"""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.messages import queue_message
from bookings.models import Order, OutboxMessage, Payment, SaleStatus, Schedule, Service
from bookings.tests.domain.messaging.sink import mail_server
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import make_booking, make_order, make_schedule
from bookings.tests.races.crowd import many
from bookings.tests.races.service import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
_SWEEP = """
import sys, django
django.setup()
from bookings import queue, tasks
queue.enqueue = lambda name, *args: None
print("ready", flush=True)
sys.stdin.readline()
for _time in range(2):
    tasks.sweep.call_local()
    tasks.nightly.call_local()
"""


def test_two_schedulers_do_what_is_due_once(settings: Any, tmp_path: Path) -> None:
    now, times = timezone.now(), many(2, 20)
    coach = make_schedule(seats=4 * (times + 8), departs=now + timedelta(days=3))
    for number in range(times):
        booking = make_booking(schedule=coach, now=now)
        queue_message("confirmation", booking.order, booking.order, now=now)
        make_order(
            status=SaleStatus.PENDING, placed_at=now - timedelta(days=1), pay_by=now - timedelta(hours=1)
        )
        make_order(
            status=SaleStatus.PENDING,
            pays_later=True,
            placed_at=now - timedelta(hours=10),
            pay_by=now + timedelta(hours=1),
        )
        paid_notification(ordered(coach, f"{number + 5}A", owner=f"o{number}", now=now), now=now)
    Service.objects.create(
        route=coach.route,
        departs_min=600,
        layout=coach.layout,
        price_zar=500,
        starts_on=timezone.localdate(),
        weekdays=0b1111111,
    )

    with mail_server(settings) as sink:
        _sweep_at_once(2, tmp_path, f"smtp://127.0.0.1:{settings.EMAIL_PORT}")

    assert Payment.objects.exclude(attempt=None).count() == times
    assert Order.objects.filter(status=SaleStatus.EXPIRED).count() == times
    assert OutboxMessage.objects.filter(kind="pay_reminder").count() == times
    sent = Counter(mail["Message-ID"] for mail in sink.mails)
    assert set(sent.values()) == {1}
    assert len(sent) == 2 * times  # a reminder of an order without bookings has nothing to say
    made = list(Schedule.objects.exclude(service=None).values_list("service_date", flat=True))
    assert len(made) == len(set(made)) == 60
    assert violations(now=timezone.now()) == []


def _sweep_at_once(processes: int, folder: Path, mail: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "EMAIL_URL": mail,
        "LOCAL_DIR": str(folder),
        "REDIS_URL": "",
    }
    environment |= {
        "DJANGO_SETTINGS_MODULE": "falcon_web.settings",
        "ENVIRONMENT": "demo",
        "SECRET_KEY": site_settings.SECRET_KEY,
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _SWEEP],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _number in range(processes)
    ]
    for each in running:
        assert each.stdout.readline() == "ready\n", each.stderr.read()
    for each in running:
        each.stdin.write("now\n")
        each.stdin.flush()
    for each in running:
        each.problems = each.communicate(timeout=120)[1]
    for each in running:
        assert (each.returncode, "Traceback" in each.problems) == (0, False), each.problems
