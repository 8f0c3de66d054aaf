"""Sends what sales wrote down.

A crash at any point leads to a second try with the same Message-ID, never to silence.
"""

from __future__ import annotations

import logging
import random
import smtplib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from urllib.error import HTTPError

from django.core.mail import get_connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from bookings.database.compiled import compiled, compiled_update
from bookings.database.transactions import database_now
from bookings.domain.disruptions.incidents import keep_back
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.messaging.mail.message import Mail
from bookings.domain.sales.gateways.demo import deliver_notification
from bookings.models import OutboxMessage, StaffTask

logger = logging.getLogger("bookings.outbox")

# Longer than a whole conversation with a server that lets every step wait for EMAIL_TIMEOUT.
LEASE: Final = timedelta(minutes=2)
# Half an hour of refusals costs a message at most ten more minutes; then patience, and in the end a person.
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 8, 8, 8, 8, 15, 30, 60, 60))
# A partner may have a bad day and night: 31 hours.
WEBHOOK_PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40, 60, 120, 240, 360, 480, 540)
)
PROBE_EVERY: Final = timedelta(seconds=20)
SERVER_MISSED_AFTER: Final = timedelta(minutes=4)
_SERVER: Final = "mail server"
_AT_ONCE: Final = 500


class CarrierAway(Exception):
    """The server itself does not answer, whatever the message: leave the rest for later."""


class Carrier(Protocol):
    def due(self, now: datetime) -> list[int]:
        """Ids of the messages that are to be delivered now, in order."""
        ...

    def load(self, message_id: int) -> OutboxMessage: ...

    def deliver(self, message: OutboxMessage, now: datetime) -> None: ...

    def close(self) -> None: ...


# Kept with a message that is done although nothing was sent.
NO_ADDRESS: Final = "no address"
NOT_DUE: Final = "not due"


@dataclass
class SendReport:
    sent: int = 0
    postponed: int = 0
    given_up: int = 0
    server_away: bool = False


class NothingToSend(Exception):
    """The message is done, and went to nobody. Says why."""


class MailCarrier:
    """One connection for a whole batch, opened with its first mail."""

    def __init__(self) -> None:
        self._connection: Any = None

    def due(self, now: datetime) -> list[int]:
        return keep_back([message_id for (message_id,) in _due_mails(now)], now=now)

    def load(self, message_id: int) -> OutboxMessage:
        return _messages(message_id)[0]

    def deliver(self, message: OutboxMessage, now: datetime) -> None:
        mail = build_mail(message, now=now)
        if mail is None:
            is_mute = not (message.recipient or (message.order and message.order.email))
            raise NothingToSend(NO_ADDRESS if is_mute else NOT_DUE)
        try:
            if self._connection is None:
                connection = get_connection()
                connection.open()
                self._connection = connection
            mail.connection = self._connection
            mail.send()
            _note_provider_id(message, mail)
        except OSError as error:  # smtplib's errors are OSErrors too
            if _refuses_only_this(error):
                raise
            self.close()
            raise CarrierAway from error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                logger.info("the mail server hung up first")


def _note_provider_id(message: OutboxMessage, mail: Mail) -> None:
    """By which a mail provider will tell of it; plain SMTP has none."""
    status = getattr(mail, "anymail_status", None)
    provider_id = getattr(status, "message_id", None)
    if isinstance(provider_id, str):
        OutboxMessage.objects.filter(pk=message.pk).update(provider_id=provider_id[:120])


def _refuses_only_this(error: OSError) -> bool:
    """Whether the server lives and merely does not take this message."""
    if (
        400 <= getattr(error, "status_code", 0) < 500
    ):  # of a mail provider's API: not busy, and our key is right
        return error.status_code not in (401, 403, 408, 429)  # type: ignore[attr-defined]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code != 421 for code, _text in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code != 421


class GatewayCarrier:
    """The demo gateway's notifications of itself: posts to our own callback."""

    def due(self, now: datetime) -> list[int]:
        return [message_id for (message_id,) in _due_notifications(now)]

    def load(self, message_id: int) -> OutboxMessage:
        return _messages(message_id)[0]

    def deliver(self, message: OutboxMessage, now: datetime) -> None:
        try:
            deliver_notification(message)
        except HTTPError:
            raise
        except OSError as error:
            raise CarrierAway from error

    def close(self) -> None:
        pass


class _MailRoom:
    """Keeps one process from sending its queue to a hung mail server with all of its workers at once."""

    def __init__(self) -> None:
        self.door = threading.Lock()
        self.requested_again = threading.Event()
        self.closed_until: datetime | None = None


mail_room: Final = _MailRoom()


def send_due(*, now: datetime | None = None) -> SendReport:
    """Send all that is due but webhooks.

    Claimed by a lease, so that of two senders one sends. Safe to run at any time and in any number.
    """
    clock, report = _clock(now), SendReport()
    send_batch(GatewayCarrier(), clock, report)
    _send_mails(clock, report)
    return report


def send_demo_notifications() -> None:
    """As `send_due`, of what the customers of the demo gateway have decided alone."""
    send_batch(GatewayCarrier(), _clock(), SendReport())


def send_mails() -> None:
    """As `send_due`, of mails alone."""
    _send_mails(_clock(), SendReport())


def _send_mails(clock: Callable[[], datetime], report: SendReport) -> None:
    mail_room.requested_again.set()
    while mail_room.requested_again.is_set() and mail_room.door.acquire(blocking=False):
        try:
            mail_room.requested_again.clear()
            _send_mail_batch(clock, report)
        finally:
            mail_room.door.release()


def _clock(now: datetime | None = None) -> Callable[[], datetime]:
    """It is `now`, or what the database's clock says.

    That is asked once: from then on it is ours, by as much as they differ.
    """
    if now:
        return lambda: now
    ahead = database_now() - timezone.now()
    return lambda: timezone.now() + ahead


def _send_mail_batch(clock: Callable[[], datetime], report: SendReport) -> None:
    if mail_room.closed_until and clock() < mail_room.closed_until:
        report.server_away = True
        return
    report.server_away = send_batch(MailCarrier(), clock, report)
    mail_room.closed_until = clock() + PROBE_EVERY if report.server_away else None


def send_batch(
    carrier: Carrier,
    clock: Callable[[], datetime],
    report: SendReport,
    *,
    until: Callable[[], bool] = lambda: False,
) -> bool:
    """Send what is due, each message on its own, or `until` it is enough.

    True if it stopped because the server is away.
    """
    try:
        for message_id in carrier.due(clock()):
            if until():
                break
            if not _claim(message_id, clock()):
                continue
            message = carrier.load(message_id)
            try:
                carrier.deliver(message, clock())
            except NothingToSend as reason:
                _mark_sent(message, clock(), note=str(reason))
            except CarrierAway as away:
                _give_back(message, away.__cause__, clock())
                return True
            except Exception as error:  # noqa: BLE001 - one message that cannot be built or sent must not stop the others
                _postpone(message, error, clock(), report)
            else:
                _mark_sent(message, clock())
                report.sent += 1
        return False
    finally:
        carrier.close()


def due_messages(now: datetime) -> QuerySet[OutboxMessage]:
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return OutboxMessage.objects.filter(free, sent_at=None, failed_at=None, next_try__lte=now)


@compiled
def _due_mails(now: datetime) -> QuerySet[OutboxMessage, tuple[int]]:
    mails = due_messages(now).exclude(kind__in=OutboxMessage.NO_MAIL)
    return mails.order_by("next_try", "pk").values_list("pk")[:_AT_ONCE]


@compiled
def _due_notifications(now: datetime) -> QuerySet[OutboxMessage, tuple[int]]:
    notifications = due_messages(now).filter(kind=OutboxMessage.Kind.DEMO_PAYMENT)
    return notifications.order_by("next_try", "pk").values_list("pk")[:_AT_ONCE]


@compiled
def _messages(pk: int) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.select_related("order").filter(pk=pk)


def _claim(message_id: int, now: datetime) -> bool:
    """Take the lease, if nobody else has it.

    A try counts from here, so that a message that kills its sender ends some day.
    """
    return _lease(message_id, now, now + LEASE) == 1


@compiled_update
def _lease(pk: int, now: datetime, lease_until: datetime) -> tuple[QuerySet[OutboxMessage], dict[str, Any]]:
    return due_messages(now).filter(pk=pk), {"lease_until": lease_until, "attempts": F("attempts") + 1}


@compiled_update
def _finish(pk: int, sent_at: datetime, note: str) -> tuple[QuerySet[OutboxMessage], dict[str, Any]]:
    return OutboxMessage.objects.filter(pk=pk, sent_at=None), {
        "sent_at": sent_at,
        "lease_until": None,
        "last_error": note,
    }


def _mark_sent(message: OutboxMessage, now: datetime, *, note: str = "") -> None:
    """With a `note` it is done although nothing was sent."""
    _finish(message.pk, now, note)
    if message.attempts > 1:
        _close_task(f"message:{message.pk}", now)
    if (
        message.last_error and message.kind not in OutboxMessage.NO_MAIL
    ):  # it was kept waiting by a server that is back
        _close_task(_SERVER, now)


def _give_back(message: OutboxMessage, error: BaseException | None, now: datetime) -> None:
    """The server was never asked about this message.

    It costs no try, and another message will be the next probe.
    """
    leased = OutboxMessage.objects.filter(pk=message.pk, lease_until=message.lease_until)
    leased.update(
        lease_until=None,
        next_try=now + _jitter(PAUSES[0]),
        attempts=F("attempts") - 1,
        last_error=_short_text(error),
    )
    logger.warning("server away: %s", type(error).__name__)
    if message.kind not in OutboxMessage.NO_MAIL and now - message.created_at > SERVER_MISSED_AFTER:
        _open_task(_SERVER, None, _short_text(error), now)


def _postpone(message: OutboxMessage, error: Exception, now: datetime, report: SendReport) -> None:
    """Try later, and in the end not again. A person hears of it at once if it looks lasting."""
    lasts = not _is_temporary(error)
    pauses = WEBHOOK_PAUSES if message.kind == OutboxMessage.Kind.WEBHOOK else PAUSES
    gives_up = message.attempts > len(pauses)
    pause = _jitter(pauses[min(message.attempts, len(pauses)) - 1])
    leased = OutboxMessage.objects.filter(pk=message.pk, lease_until=message.lease_until)
    leased.update(
        lease_until=None,
        next_try=now + pause,
        last_error=_short_text(error),
        failed_at=now if gives_up else None,
    )
    report.given_up += gives_up
    report.postponed += not gives_up
    # Without its words, which may hold an address.
    logger.warning(
        "message %s, try %s: %s",
        message.pk,
        message.attempts,
        type(error).__name__,
        exc_info=lasts and not _is_smtp(error),
    )
    if gives_up or lasts:
        _open_task(
            f"message:{message.pk}", message, f"{message.get_kind_display()}: {_short_text(error)}", now
        )


def _is_smtp(error: Exception) -> bool:
    return isinstance(error, smtplib.SMTPException)


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code < 500
    return isinstance(error, OSError)


def _short_text(error: BaseException | None) -> str:
    """What the server said, for staff."""
    text: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, text = error.smtp_code, error.smtp_error
    else:
        return f"{type(error).__name__}: {error}"[:200]
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {said}"[:200]


def _jitter(pause: timedelta) -> timedelta:
    return pause * random.uniform(0.8, 1.2)


def _open_task(subject: str, message: OutboxMessage | None, detail: str, now: datetime) -> None:
    kind, order = _task_kind(message), message.order if message else None
    task = StaffTask(kind=kind, order=order, subject=subject, detail=detail, created_at=now)
    StaffTask.objects.bulk_create([task], ignore_conflicts=True)  # one open task is enough


def _task_kind(message: OutboxMessage | None) -> str:
    is_webhook = message is not None and message.kind == OutboxMessage.Kind.WEBHOOK
    return StaffTask.Kind.WEBHOOK_FAILED if is_webhook else StaffTask.Kind.MAIL_FAILED


def _close_task(subject: str, now: datetime) -> None:
    kinds = (StaffTask.Kind.MAIL_FAILED, StaffTask.Kind.WEBHOOK_FAILED)
    StaffTask.objects.filter(kind__in=kinds, subject=subject, done_at=None).update(done_at=now)
