"""Sends the text messages that sales and disruptions wrote down: each once, whatever gets lost on the way.

A message is marked `is_unsure` before its provider hears of it. Whoever finds it so afterwards asks, and
sends it again only if the provider says that it never got it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F, Q, QuerySet

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.disruptions.incidents import AGAIN, stopped_orders
from bookings.domain.messaging.texts.content import build_text
from bookings.domain.messaging.texts.providers import (
    CannotAsk,
    TextProvider,
    TextRefused,
    TextToSend,
    TryLater,
    provider_for,
)
from bookings.domain.messaging.texts.quiet_hours import next_allowed
from bookings.domain.messaging.texts.stops import is_stopped
from bookings.models import ContactChannel, TextMessage

logger = logging.getLogger("bookings.outbox")

LEASE: Final = timedelta(minutes=2)  # longer than a provider may take to answer
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30, 60))
TOO_LATE: Final = timedelta(hours=12)  # after boarding
_AT_ONCE: Final = 500
_State: Final = TextMessage.State


def send_text_messages(*, now: datetime | None = None) -> int:
    """Send what is due, and by SMS what did not arrive by WhatsApp; returns how many were handed over. Safe
    to run at any time and in any number.
    """
    sent = 0
    clock = now or database_now()
    fall_back(now=clock)
    due = _due(clock).order_by("next_try", "pk")
    for pk in _let_through(list(due.values_list("pk", flat=True)[:_AT_ONCE]), clock):
        moment = now or database_now()
        if _claim(pk, moment):
            sent += _send(pk, moment)
    fall_back(now=now or database_now())
    return sent


def _let_through(ids: list[int], now: datetime) -> list[int]:
    """Without those of an incident, which are looked at again later: one query without one."""
    orders = stopped_orders() if ids else set()
    if not orders:
        return ids
    stopped = set(TextMessage.objects.filter(pk__in=ids, order__in=orders).values_list("pk", flat=True))
    TextMessage.objects.filter(pk__in=stopped).update(next_try=now + AGAIN)
    return [pk for pk in ids if pk not in stopped]


def _due(now: datetime) -> QuerySet[TextMessage]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return TextMessage.objects.filter(free, state=_State.QUEUED, next_try__lte=now)


def _claim(pk: int, now: datetime) -> bool:
    """Take the lease, if nobody else has it; a try counts from here."""
    return _due(now).filter(pk=pk).update(lease_until=now + LEASE, attempts=F("attempts") + 1) == 1


def _send(pk: int, now: datetime) -> bool:
    related = ("order", "booking__schedule", "booking__from_stop__stop")
    message = TextMessage.objects.select_related(*related).get(pk=pk)
    try:
        return _deliver(message, now)
    except TextRefused as refusal:
        _fail(message, str(refusal), now, is_permanent=refusal.is_permanent)
    except Exception as error:  # noqa: BLE001 - one that cannot be built or sent must not stop the others
        _postpone(message, error, now)
    return False


def _deliver(message: TextMessage, now: datetime) -> bool:
    provider = provider_for(message.channel)
    if provider is None:
        raise TextRefused("this channel is switched off")
    if message.is_unsure:
        return _ask(message, provider, now)
    booking = message.booking
    if now > booking.boards_at + TOO_LATE or is_stopped(message.to) or not message.to:
        _settle(message, state=_State.CANCELLED, error="stopped by the passenger, or too late", next_try=now)
        return False
    zone = booking.from_stop.stop.time_zone
    allowed = next_allowed(now, time_zone=zone, boards_at=booking.boards_at)
    if allowed > now:
        _settle(message, next_try=allowed, attempts=message.attempts - 1)
        return False
    text = build_text(message, now=now)
    if text is None:
        _settle(message, state=_State.CANCELLED, error="nothing to say any more", next_try=now)
        return False
    return _hand_over(message, provider, text, now)


def _hand_over(message: TextMessage, provider: TextProvider, text: TextToSend, now: datetime) -> bool:
    """From here on the provider may have it, whatever happens to us."""
    own = TextMessage.objects.filter(pk=message.pk, lease_until=message.lease_until, state=_State.QUEUED)
    if not own.update(is_unsure=True):
        return False  # cancelled or claimed by another meanwhile
    try:
        provider_id = provider.send(text)
    except (TextRefused, TryLater):
        own.update(is_unsure=False)
        raise
    _note_sent(message, provider, provider_id, now)
    return True


def _ask(message: TextMessage, provider: TextProvider, now: datetime) -> bool:
    """What became of a message whose answer got lost."""
    try:
        provider_id = provider.find(message.client_id)
    except CannotAsk:
        _fail(message, "no answer; not sent again, as it may have arrived", now)
        return False
    if provider_id:
        _note_sent(message, provider, provider_id, now)
        return True
    _settle(message, is_unsure=False, next_try=now)  # it never got there
    return False


def _note_sent(message: TextMessage, provider: TextProvider, provider_id: str, now: datetime) -> None:
    """Its callback may have been quicker: then only the number is noted."""
    waits = timedelta(minutes=settings.TEXT_FALLBACK_MINUTES)
    row = TextMessage.objects.filter(pk=message.pk)
    row.update(provider_id=provider_id[:128], is_unsure=False, lease_until=None, error="")
    values: dict[str, Any] = {"state": _State.SENT, "sent_at": now}
    if not provider.tells_delivery:
        values |= {"state": _State.DELIVERED, "delivered_at": now}
    elif message.may_fall_back:
        values["fall_back_at"] = now + waits
    row.filter(state=_State.QUEUED).update(**values)


def _settle(message: TextMessage, **values: Any) -> None:
    own = TextMessage.objects.filter(pk=message.pk, lease_until=message.lease_until, state=_State.QUEUED)
    own.update(lease_until=None, **values)


def _fail(message: TextMessage, reason: str, now: datetime, *, is_permanent: bool = False) -> None:
    again = now if message.may_fall_back else None
    _settle(
        message,
        state=_State.FAILED,
        failed_at=now,
        error=reason[:200],
        is_permanent=is_permanent,
        is_unsure=False,
        fall_back_at=again,
    )
    logger.warning("text message %s failed", message.pk)


def _postpone(message: TextMessage, error: Exception, now: datetime) -> None:
    if message.attempts > len(PAUSES):
        _fail(message, f"given up: {type(error).__name__}", now)
        return
    again = now + PAUSES[message.attempts - 1]
    waits = timedelta(minutes=settings.TEXT_FALLBACK_MINUTES)
    values: dict[str, Any] = {"next_try": again, "error": f"{type(error).__name__}: {error}"[:200]}
    if message.may_fall_back and message.fall_back_at is None:
        values["fall_back_at"] = now + waits
    _settle(message, **values)
    # Without its words, which may hold a number
    logger.warning("text message %s, try %s: %s", message.pk, message.attempts, type(error).__name__)


def fall_back(*, now: datetime) -> int:
    """Write an SMS, once, for each WhatsApp message that failed or is not known to have arrived in time."""
    over = (_State.QUEUED, _State.SENT, _State.FAILED)
    due = TextMessage.objects.filter(fall_back_at__lte=now, state__in=over)
    count = 0
    for message in due.order_by("fall_back_at")[:_AT_ONCE]:
        with short_transaction():
            own = TextMessage.objects.filter(pk=message.pk, fall_back_at__lte=now, state__in=over)
            if not own.update(fall_back_at=None):
                continue
            gives_up = {"state": _State.FAILED, "failed_at": now, "error": "not delivered in time"}
            own.model.objects.filter(pk=message.pk, state=_State.QUEUED).update(**gives_up)
            count += 1
            TextMessage.objects.bulk_create([_as_sms(message, now)], ignore_conflicts=True)
    return count


def _as_sms(message: TextMessage, now: datetime) -> TextMessage:
    same = ("kind", "order_id", "booking_id", "ticket_id", "subject", "about_id", "version", "to")
    facts = {name: getattr(message, name) for name in same}
    return TextMessage(**facts, channel=ContactChannel.SMS, created_at=now, next_try=now)
