"""Sends webhooks, apart from the mails.

A partner whose server hangs keeps nobody else waiting for more than one answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db.models import Exists, Max, OuterRef, Q

from bookings.database.transactions import database_now
from bookings.domain.messaging.outbox import SendReport, due_messages, send_batch
from bookings.domain.messaging.webhooks.http import NotDelivered, Poster
from bookings.domain.messaging.webhooks.payload import event_body, public_id
from bookings.domain.messaging.webhooks.signature import signed_headers
from bookings.models import OutboxMessage

_AT_ONCE: Final = 100  # of one webhook, before the next one's turn
_door: Final = threading.Lock()  # one sender in a process, so that the queue's other workers stay free
_requested_again: Final = threading.Event()


class WebhookCarrier:
    """The messages of one webhook, until one is not taken: what comes after it would hardly be."""

    def __init__(self, poster: Poster, hook_id: int) -> None:
        self._poster, self._hook_id = poster, hook_id
        self.has_failed = False

    def due(self, now: datetime) -> list[int]:
        messages = due_messages(now).filter(_OF_OPEN_WEBHOOKS, _FIRST_OF_ITS_ORDER, webhook=self._hook_id)
        return list(messages.order_by("next_try", "pk").values_list("pk", flat=True)[:_AT_ONCE])

    def load(self, message_id: int) -> OutboxMessage:
        return OutboxMessage.objects.select_related("order", "webhook__partner").get(pk=message_id)

    def deliver(self, message: OutboxMessage, now: datetime) -> None:
        try:
            self._post(message, now)
        except NotDelivered:
            self.has_failed = True
            raise

    def _post(self, message: OutboxMessage, now: datetime) -> None:
        hook = message.webhook
        if hook is None:
            raise ValueError(f"message {message.pk} is for no webhook")
        if not message.body:
            message.body = event_body(message)
            OutboxMessage.objects.filter(pk=message.pk, body="").update(body=message.body)
        keys = [hook.secret] + (
            [hook.old_secret] if hook.old_secret and hook.old_until and now < hook.old_until else []
        )
        headers = {"Content-Type": "application/json", "User-Agent": "Falcon-Webhooks/1"}
        headers |= signed_headers(keys, public_id(message), message.body, now=now)
        self._poster.post(hook.url, message.body.encode(), headers)

    def close(self) -> None:
        pass


def send_webhooks(*, poster: Poster | None = None, now: datetime | None = None) -> SendReport:
    """Tell partners what is due. Safe to run at any time and in any number."""
    clock: Callable[[], datetime] = (lambda: now) if now else database_now
    report, poster = SendReport(), poster or Poster()
    _requested_again.set()
    while _requested_again.is_set() and _door.acquire(blocking=False):
        try:
            _requested_again.clear()
            for hook_id in _hooks_with_work(clock()):
                _send_to(hook_id, poster, clock, report)
        finally:
            _door.release()
    return report


def _hooks_with_work(now: datetime) -> list[int]:
    """Those that have always answered first."""
    due = (
        due_messages(now)
        .filter(_OF_OPEN_WEBHOOKS)
        .order_by()
        .values("webhook")
        .annotate(tries=Max("attempts"))
    )
    return [row["webhook"] for row in due.order_by("tries", "webhook")]


def _send_to(hook_id: int, poster: Poster, clock: Callable[[], datetime], report: SendReport) -> None:
    """Rounds of one message for each order, as what happened to an order is told in its order."""
    carrier, first = WebhookCarrier(poster, hook_id), report.sent
    while not carrier.has_failed:
        before = report.sent
        send_batch(
            carrier, clock, report, until=lambda: carrier.has_failed or report.sent >= first + _AT_ONCE
        )
        if report.sent == before:
            return


_OF_OPEN_WEBHOOKS: Final = Q(
    kind=OutboxMessage.Kind.WEBHOOK, webhook__is_active=True, webhook__partner__is_active=True
)
_FIRST_OF_ITS_ORDER: Final = ~Exists(
    OutboxMessage.objects.filter(
        webhook=OuterRef("webhook"),
        order=OuterRef("order"),
        pk__lt=OuterRef("pk"),
        sent_at=None,
        failed_at=None,
    )
)
