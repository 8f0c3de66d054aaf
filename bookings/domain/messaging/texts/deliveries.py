"""What providers tell of messages: kept as it came, acted upon in the queue, in whatever order it comes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from bookings import queue
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.messaging.texts.providers import ForgedCallback, TextDelivery, provider_called
from bookings.domain.messaging.texts.stops import follow_reply
from bookings.models import ProviderCallback, TextMessage

logger = logging.getLogger("bookings.outbox")
_State: Final = TextMessage.State
_UNKNOWN_FOR: Final = timedelta(hours=1)  # a callback may come before the answer that has its number
_TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
_KEPT: Final = timedelta(days=30)
_AT_ONCE: Final = 500
# A later word of a lower rank changes nothing: what arrived has arrived, even if "failed" comes after it
RANKS: Final = {
    _State.QUEUED: 0,
    _State.CANCELLED: 0,
    _State.SENT: 1,
    _State.FAILED: 2,
    _State.DELIVERED: 3,
    _State.READ: 4,
}


def receive_callback(
    provider: str, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
) -> None:
    """Verify what a provider says and keep it, once; acting on it comes later. Raises ForgedCallback for
    anything that is not in order, NotFound for a provider that we do not have.
    """
    adapter, _channel = provider_called(provider)
    adapter.verify_callback(headers, body)
    moment = now or database_now()
    row = ProviderCallback(
        provider=provider,
        digest=hashlib.sha256(body).hexdigest(),
        body=body.decode(),
        headers={name: headers.get(name, "") for name in adapter.kept_headers},
        received_at=moment,
        next_try=moment,
    )
    ProviderCallback.objects.bulk_create([row], ignore_conflicts=True)
    queue.enqueue_after_commit("act_on_callbacks")


def act_on_callbacks(*, now: datetime | None = None) -> int:
    """Act on every callback that waits. Returns how many there were."""
    moment = now or database_now()
    waiting = ProviderCallback.objects.filter(acted_at=None, next_try__lte=moment).order_by("next_try", "pk")
    rows = list(waiting[:_AT_ONCE])
    for row in rows:
        try:
            _act(row, moment)
        except Exception:  # one that cannot be acted upon must not keep back the others
            logger.exception("callback %s waits: it cannot be acted upon", row.pk)
            _wait(row, moment)
    return len(rows)


def _act(row: ProviderCallback, now: datetime) -> None:
    adapter, channel = provider_called(row.provider)
    try:
        contents = adapter.verify_callback(row.headers, row.body.encode())
    except ForgedCallback:  # it was in order when it came: our key is another now
        _done(row, "no longer in order", now)
        return
    outcomes = [
        note_delivery(channel, item, now=now)
        if isinstance(item, TextDelivery)
        else follow_reply(item.number, item.text, at=item.at)
        for item in contents
    ]
    if "" in outcomes and now - row.received_at < _UNKNOWN_FOR:
        _wait(row, now)
        return
    _done(row, " ".join(outcome or "unknown" for outcome in outcomes)[:80], now)


def _wait(row: ProviderCallback, now: datetime) -> None:
    own = ProviderCallback.objects.filter(pk=row.pk, acted_at=None)
    if now - row.received_at >= _UNKNOWN_FOR:
        own.update(acted_at=now, outcome="given up")
        return
    own.update(next_try=now + _TRY_AGAIN_AFTER)


def _done(row: ProviderCallback, outcome: str, now: datetime) -> None:
    ProviderCallback.objects.filter(pk=row.pk, acted_at=None).update(acted_at=now, outcome=outcome)


def note_delivery(channel: str, delivery: TextDelivery, *, now: datetime) -> str:
    """Note how far a message is, whatever was known of it before. Returns the state it has; empty for a
    message that nobody knows.
    """
    with short_transaction():
        message = _messages(channel, delivery).select_for_update(no_key=True).first()
        if message is None:
            return ""
        values: dict[str, Any] = {}
        if not message.provider_id:
            values |= {"provider_id": delivery.provider_id[:128], "is_unsure": False, "lease_until": None}
        values |= _moments(message, delivery)
        if RANKS[delivery.state] > RANKS[_State(message.state)]:
            values["state"] = delivery.state
        after = values.get("state", message.state)
        if after in TextMessage.ARRIVED:
            values["fall_back_at"] = None
        elif values.get("state") == _State.FAILED and message.may_fall_back:
            values |= {"fall_back_at": min(now, message.fall_back_at or now)}
        if delivery.error and after == _State.FAILED:
            values |= {"error": delivery.error[:200], "is_permanent": delivery.is_permanent}
        TextMessage.objects.filter(pk=message.pk).update(**values)
        if values.get("fall_back_at") is not None:
            queue.enqueue_after_commit("send_text_messages")
    return str(after)


def _messages(channel: str, delivery: TextDelivery) -> QuerySet[TextMessage]:
    by = Q(provider_id=delivery.provider_id)
    if delivery.client_id:
        by |= Q(provider_id="", client_id=delivery.client_id)
    return TextMessage.objects.filter(by, channel=channel)


def _moments(message: TextMessage, delivery: TextDelivery) -> dict[str, Any]:
    """When it reached each state: the earliest that was told."""
    column = {
        _State.SENT: "sent_at",
        _State.DELIVERED: "delivered_at",
        _State.READ: "read_at",
        _State.FAILED: "failed_at",
    }.get(delivery.state, "")
    if not column:
        return {}
    known = getattr(message, column)
    return {column: delivery.at if known is None else min(known, delivery.at)}


def forget_callbacks(*, now: datetime) -> int:
    """Delete what providers told more than a month ago."""
    return ProviderCallback.objects.filter(received_at__lt=now - _KEPT).delete()[0]
