"""Thin leaves of the queue: an id in, one call into domain.

This file stands below domain, so that domain can wake the queue; each task imports what it calls when it runs.
The queue may lose any of this: the truth is in the database, and `sweep` picks up what was lost.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from huey import crontab
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task

logger = logging.getLogger("bookings.tasks")
DAYS_AHEAD: Final = 60

_waiting: queue.Queue[tuple[Callable, tuple]] = queue.Queue(maxsize=100)
_messenger: list[threading.Thread] = []
_starting: Final = threading.Lock()


def nudge(task: Callable, *args: Any) -> None:
    """Put a task on the queue. Never raises and never waits: a queue that is away or frozen must not be felt by a sale."""
    if HUEY.immediate:
        _enqueue(task, args)
        return
    with _starting:
        if not _messenger or not _messenger[0].is_alive():  # the first nudge of this process
            _messenger[:] = [threading.Thread(target=_carry, name="nudges", daemon=True)]
            _messenger[0].start()
    try:
        _waiting.put_nowait((task, args))
    except queue.Full:
        logger.warning("nudge dropped, the sweep will do it: the queue does not answer")


def after_commit(task: Callable, *args: Any) -> None:
    transaction.on_commit(lambda: nudge(task, *args), robust=True)


def _carry() -> None:
    while True:
        _enqueue(*_waiting.get())
        _waiting.task_done()


def _enqueue(task: Callable, args: tuple) -> None:
    try:
        task(*args)
    except Exception as error:  # noqa: BLE001 - whatever the queue's storage raises, the sweep does the work
        logger.warning("nudge lost, the sweep will do it: %s", type(error).__name__)


@db_task()
def send_mail_queue() -> None:
    from bookings.domain.tickets.outbox import send_due  # domain stands above this file

    send_due()


@db_task()
def send_webhooks() -> None:
    from bookings.domain.partners.delivering import send_webhooks  # domain stands above this file

    send_webhooks()


@db_periodic_task(crontab(minute="*"))
def sweep_webhooks() -> None:
    """Apart from `sweep`, so that partners who keep us waiting keep no mail waiting."""
    from bookings.domain.partners.delivering import send_webhooks  # domain stands above this file

    run_each(send_webhooks)


@db_task()
def act_on_notification(notification_id: int) -> None:
    from bookings.domain.sales.payments import act_on_notification  # domain stands above this file

    act_on_notification(notification_id)


@db_task()
def pay_refund(refund_id: int) -> None:
    from bookings.domain.sales.refunds import pay_refund  # domain stands above this file

    pay_refund(refund_id)


@db_task()
def publish_feed() -> None:
    from bookings.domain.search.publishing import publish_feed  # domain stands above this file

    publish_feed()


@db_periodic_task(crontab(minute="5,35"))
def renew_feed() -> None:
    """A departure that was cancelled or added reaches journey planners within the half hour."""
    from bookings.domain.search.publishing import publish_feed  # domain stands above this file

    run_each(publish_feed)


@db_periodic_task(crontab(minute="*"))
def sweep() -> None:
    """Each minute: whatever is due, whether or not a nudge was lost."""
    # Domain stands above this file.
    from bookings.domain.reports.cleaning import clean_rate_counts
    from bookings.domain.reports.heartbeat import beat
    from bookings.domain.reports.slow_queries import keep_slow_queries
    from bookings.domain.sales.expiry import expire_unpaid
    from bookings.domain.sales.payments import act_on_waiting
    from bookings.domain.sales.refunds import pay_waiting_refunds
    from bookings.domain.sales.reminders import queue_pay_reminders
    from bookings.domain.tickets.outbox import send_due

    run_each(
        lambda: beat("queue"),
        act_on_waiting,
        expire_unpaid,
        queue_pay_reminders,
        pay_waiting_refunds,
        keep_slow_queries,
        clean_rate_counts,
        send_due,  # last, as a mail server may keep it waiting
    )


@db_periodic_task(crontab(hour="23", minute="20"))  # in UTC: 01:20 in Johannesburg
def nightly() -> None:
    # Domain stands above this file.
    from bookings.domain.reports.cleaning import clean_old_rows
    from bookings.domain.timetable.generate import generate_departures

    run_each(lambda: generate_departures(days=DAYS_AHEAD), clean_old_rows)


def run_each(*steps: Callable[[], Any]) -> None:
    for step in steps:
        try:
            step()
        except Exception:  # the edge of the queue: one step that fails must not stop the others
            logger.exception("a step of the queue failed; it will be tried again")
