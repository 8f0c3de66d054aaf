import os
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from huey import PriorityRedisExpireHuey
from huey.api import TaskWrapper
from redis import ConnectionPool

from bookings import queue, tasks
from bookings.domain.sales.messages import queue_message
from bookings.models import Heartbeat, Hold, Order, OutboxMessage, RateCount, SaleStatus, Submission
from bookings.tests.domain.messaging.sink import use_server
from bookings.tests.make import NOW, make_booking, make_order
from bookings.tests.servers import free_port, redis_server


@pytest.mark.django_db
def test_sweep_does_all_that_was_lost() -> None:
    now = timezone.now()
    booking = make_booking(now=now)
    queue_message("confirmation", booking.order, booking.order, now=now)
    unpaid = make_order(
        status=SaleStatus.PENDING, placed_at=now - timedelta(days=1), pay_by=now - timedelta(hours=1)
    )

    tasks.sweep.call_local()

    unpaid.refresh_from_db()
    assert [message.to for message in mail.outbox] == [["thandi@example.com"]]
    assert unpaid.status == SaleStatus.EXPIRED
    assert timezone.now() - Heartbeat.objects.get(name="queue").at < timedelta(minutes=1)


def test_step_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done = []

    tasks.run_each(lambda: done.append(1), lambda: 1 / 0, lambda: done.append(2))

    assert done == [1, 2]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db
def test_message_that_commits_is_sent_by_its_task(django_capture_on_commit_callbacks: Any) -> None:
    booking = make_booking()

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        queue_message("link", booking.order, booking.order, now=timezone.now())

    assert [message.subject for message in mail.outbox] == [
        f"Your link to booking {booking.booking_reference}"
    ]


@pytest.mark.django_db
def test_sale_goes_through_while_the_mail_server_is_away(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    use_server(settings, free_port())
    booking = make_booking()

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        queue_message("link", booking.order, booking.order, now=timezone.now())

    assert OutboxMessage.objects.filter(sent_at=None, failed_at=None).count() == 1


@pytest.mark.django_db
def test_nightly_cleans_what_is_out_of_date_and_nothing_else() -> None:
    now = timezone.now()
    for days, name in ((8, "old"), (1, "new")):
        at = now - timedelta(days=days)
        Submission.objects.create(scope="x", token=name, content_hash="", created_at=at)
        Hold.objects.create(token=name, owner="x", created_at=at, expires_at=at)
    sold = Hold.objects.create(token="sold", owner="x", created_at=NOW, expires_at=now - timedelta(days=8))
    Order.objects.filter(pk=make_order().pk).update(hold=sold)
    RateCount.objects.create(key="old", expires_at=now - timedelta(hours=1))
    RateCount.objects.create(key="new", expires_at=now + timedelta(hours=1))

    tasks.nightly.call_local()

    assert list(Submission.objects.values_list("token", flat=True)) == ["new"]
    assert set(Hold.objects.values_list("token", flat=True)) == {"new", "sold"}
    assert list(RateCount.objects.values_list("key", flat=True)) == ["new"]


def task_of_queue_at(address: str) -> TaskWrapper:
    pool = ConnectionPool.from_url(address, socket_timeout=3, socket_connect_timeout=0.3)
    return PriorityRedisExpireHuey("sent", connection_pool=pool, immediate=False, results=False).task()(
        os.getpid
    )


def send_many(task: TaskWrapper, times: int) -> float:
    started = time.monotonic()
    for _time in range(times):
        queue.send(task)
    return time.monotonic() - started


def wait_for(task: TaskWrapper, waiting: int) -> None:
    ends = time.monotonic() + 30
    while len(task.huey) != waiting and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(task.huey) == waiting


@pytest.mark.redis
@pytest.mark.usefixtures("queued")
def test_task_sent_to_a_dead_redis_is_not_felt() -> None:
    task = task_of_queue_at(f"redis://127.0.0.1:{free_port()}/0")

    took = send_many(task, 300)

    assert took < 1


@pytest.mark.redis
@pytest.mark.usefixtures("queued")
def test_task_sent_to_a_frozen_redis_is_not_felt_and_arrives_later() -> None:
    with redis_server() as server:
        task = task_of_queue_at(server.url)
        send_many(task, 1)
        wait_for(task, 1)
        server.freeze()

        took = send_many(task, 5)

        server.thaw()
        assert took < 3  # what one would wait
        wait_for(task, 6)
