"""Customers who keep buying while things break, and their own book of what they were promised."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from django.utils import timezone

from bookings.domain.messaging.outbox import mail_room, send_due
from bookings.domain.sales.notifications import act_on_waiting
from bookings.models import GatewayNotification, OutboxMessage
from bookings.tests.make import make_schedule
from bookings.tests.races.buyer import Buyer, Refused
from bookings.tests.races.crowd import SCALE
from bookings.tests.races.service import Service

_PAUSE: Final = 0.05 if SCALE else 0.3  # between purchases, so that the suite's other tests get on as well


@dataclass
class Diary:
    """What the customers were told."""

    placed: list[str] = field(
        default_factory=list
    )  # tokens of orders whose address they were given after paying
    refused: Counter[int] = field(default_factory=Counter)
    unknown: int = 0  # the line broke: it may have happened or not
    broken: list[str] = field(default_factory=list)  # by what
    slowest: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  # of every request

    @property
    def errors(self) -> int:
        """Answers that say that something broke, other than "back in a moment"."""
        return sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)


def coaches(number: int = 8) -> list[int]:
    """Departures of the coming days, of usual size.

    The map of a huge coach would be all that these tests are busy with.
    """
    return [
        make_schedule(seats=44, departs=timezone.now() + timedelta(days=3, hours=hour)).pk
        for hour in range(number)
    ]


def shop_once(url: str, schedules: Sequence[int], diary: Diary, *, others: tuple[str, ...] = ()) -> None:
    buyer = Buyer(url, timeout=20, others=others)
    try:
        buyer.buy(random.choice(schedules), "johannesburg", "cape-town")
        diary.placed.append(buyer.order.strip("/").split("/")[-2])
        diary.slowest.append(buyer.slowest)
    except Refused as refusal:
        diary.refused[refusal.status] += 1
    except (httpx.HTTPError, KeyError) as error:  # KeyError: the page that came was no form
        diary.unknown += 1
        diary.broken.append(repr(error))
        time.sleep(0.3)
    finally:
        diary.statuses += buyer.statuses
        buyer.close()


@contextmanager
def shoppers(
    url: str, schedules: Sequence[int], *, number: int = 3, others: tuple[str, ...] = ()
) -> Iterator[Diary]:
    diary, stop = Diary(), threading.Event()

    def keep_buying() -> None:
        while not stop.is_set():
            shop_once(url, schedules, diary, others=others)
            time.sleep(_PAUSE)

    threads = [threading.Thread(target=keep_buying) for _number in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield diary
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def catch_up(settings: Any, site: Service, *, wait: float = 8) -> None:
    """Let the queue bring home what was interrupted.

    After `wait` seconds do what its sweeps would do once all leases are over.
    """
    until = time.monotonic() + wait
    while time.monotonic() < until and _unfinished():
        time.sleep(0.5)
    site.kill("queue")  # two senders, of which one lives ten minutes later, would send twice
    settings.SITE_URL = site.url
    for _round in range(3):
        mail_room.closed_until = None
        send_due(now=_later())
        act_on_waiting()


def _unfinished() -> bool:
    waiting = OutboxMessage.objects.filter(sent_at=None, failed_at=None)
    return waiting.exists() or GatewayNotification.objects.filter(acted_at=None).exists()


def _later() -> datetime:
    return timezone.now() + timedelta(minutes=10)
