"""What gateways tell of payments: kept as it came, acted upon in the queue, asked for where nothing came."""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.errors import Busy, NotFound
from bookings.database.compiled import compiled, compiled_update, insert_rows
from bookings.database.transactions import database_now, lone_statement, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.exchange_requests import give_request_time, schedules_held
from bookings.domain.sales.gateway_refunds import UNASKED, note_refund
from bookings.domain.sales.gateways import (
    ForgedNotification,
    PaymentState,
    RawNotification,
    VerifiedNotification,
    gateway_called,
)
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.payments import CHECK_AFTER, ReceivedPayment, give_time, settle
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import GatewayNotification, PaymentAttempt, StaffTask

logger = logging.getLogger("bookings.payments")
_TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
_LONGEST_SILENCE: Final = timedelta(hours=1)  # of a gateway, before a person is told
_LONGEST_DOUBT: Final = timedelta(hours=6)  # whether a notification is true, before a person decides
_ASKED_AFTER: Final = timedelta(days=2)  # an attempt of which nothing was heard
_Attempt = PaymentAttempt.Status
_State = GatewayNotification.State
# From which states of an attempt each word moves it on: they come late, twice and in any order
_MOVES: Final = {
    PaymentState.PENDING: (_Attempt.PENDING, (_Attempt.STARTED, _Attempt.ABANDONED, _Attempt.SUPERSEDED)),
    PaymentState.FAILED: (_Attempt.FAILED, (_Attempt.STARTED, _Attempt.PENDING, _Attempt.ABANDONED)),
    PaymentState.CANCELLED: (_Attempt.ABANDONED, (_Attempt.STARTED, _Attempt.PENDING)),
}


def receive_notification(gateway: str, raw: RawNotification, *, now: datetime | None = None) -> None:
    """Verify what a gateway says and keep it.

    Acting on it comes later. Raises ForgedNotification for anything that is not in order.
    """
    adapter = gateway_called(gateway)
    notification = adapter.verify(raw)
    attempts = _attempts(notification.attempt_token, gateway)
    if not attempts:
        raise NotFound(_("We could not find this payment."))
    # A gateway may tell of one payment several times, in several states; each state is kept once.
    key = {"gateway": gateway, "external_id": f"{notification.external_id}:{notification.state}"[:80]}
    try:
        with lone_statement():
            row = GatewayNotification(
                **key,
                attempt=attempts[0],
                body=raw.body.decode(),
                headers={name: raw.headers.get(name, "") for name in adapter.kept_headers},
                peer=raw.peer,
                received_at=now or raw.received_at,
            )
            insert_rows([row])
    except IntegrityError:
        row = GatewayNotification.objects.get(**key)
    if row.acted_at is None:
        queue.enqueue_after_commit("act_on_notification", row.pk)


@compiled
def _attempts(token: str, gateway: str) -> QuerySet[PaymentAttempt]:
    return PaymentAttempt.objects.filter(token=token, gateway=gateway)


@compiled
def _notifications(pk: int) -> QuerySet[GatewayNotification]:
    return GatewayNotification.objects.select_related("attempt").filter(pk=pk)


@compiled_update
def _mark_done(
    pk: int, acted_at: datetime, state: str, outcome: str
) -> tuple[QuerySet[GatewayNotification], dict[str, Any]]:
    values = {"acted_at": acted_at, "state": state, "outcome": outcome}
    return GatewayNotification.objects.filter(pk=pk, acted_at=None), values


def act_on_notification(notification_id: int, *, now: datetime | None = None) -> str:
    """Book what a stored notification says, once. Returns the outcome.

    What the gateway does not confirm is asked again later, and left to a person after _LONGEST_DOUBT. Raises
    OSError when the gateway does not answer.
    """
    row = _notifications(notification_id)[0]
    if row.acted_at is not None:
        return row.outcome
    gateway = gateway_called(row.gateway)
    raw = RawNotification(row.body.encode(), row.headers, row.peer, row.received_at)
    try:
        notification = gateway.verify(raw)
    except ForgedNotification:  # it was in order when it came: our key or the adapter is another now
        return _give_up(row, _State.REFUSED, "no longer in order", now or timezone.now())
    if notification.state == PaymentState.UNKNOWN:
        return _give_up(row, _State.REFUSED, "a state that we do not know", now or timezone.now())
    has_effect = notification.state in (PaymentState.PAID, PaymentState.PENDING)
    if has_effect and not gateway.confirm(notification, raw):  # outside of any transaction: it is slow
        return _doubt(row, now or timezone.now())
    if notification.is_of_refund:
        outcome = note_refund(row.attempt, notification, now or timezone.now())
        if outcome == UNASKED:
            return _give_up(row, _State.REFUSED, outcome, now or timezone.now())
    else:
        outcome = _act(row.attempt, notification, now)
    _mark_done(row.pk, now or timezone.now(), _State.ACTED.value, outcome)
    logger.info("notification %s: %s", row.pk, outcome)
    return outcome


def _act(attempt: PaymentAttempt, notification: VerifiedNotification, now: datetime | None) -> str:
    """Do what a gateway said of an attempt, by a notification or when it was asked. Returns the outcome."""
    if notification.is_paid:
        received = ReceivedPayment(
            attempt.gateway, notification.external_id, notification.amount, attempt=attempt
        )
        return settle(attempt.order_id, received, now=now)
    if notification.state == PaymentState.PENDING:
        return _wait_for_bank(attempt, now)
    if notification.state not in _MOVES:
        return "ignored"
    status, before = _MOVES[notification.state]
    moved = PaymentAttempt.objects.filter(pk=attempt.pk, status__in=before).update(status=status)
    return notification.state.value if moved else "ignored"


def book_missed_payment(
    attempt: PaymentAttempt, notification: VerifiedNotification, *, now: datetime | None = None
) -> str:
    """Do what a gateway's statement says of an attempt whose notification never came. Returns the outcome.

    Raises Busy.
    """
    outcome = _act(attempt, notification, now)
    logger.warning("attempt %s, found in a statement: %s", attempt.pk, outcome)
    return outcome


def _wait_for_bank(attempt: PaymentAttempt, now: datetime | None) -> str:
    """Keep the seats while the bank decides, for PENDING_MINUTES at most and not past the departure."""
    request_id = attempt.exchange_request_id
    with short_transaction():
        locked = lock_order(attempt.order_id, also=schedules_held(request_id) if request_id else ())
        order, now = locked.order, now or locked.now
        status, before = _MOVES[PaymentState.PENDING]
        moved = PaymentAttempt.objects.filter(pk=attempt.pk, status__in=before).update(
            status=status, next_check=now + CHECK_AFTER
        )
        until = attempt.created_at + timedelta(minutes=company_settings.pending_minutes)
        if moved and request_id:
            boarding = [schedule.departure_time for schedule in locked.schedules.values()]
            give_request_time(request_id, min([until, *boarding]))
        elif moved and order.is_open(now):
            give_time(order, min([until, *(booking.boards_at for booking in locked.bookings)]))
        refresh(locked.schedules)
    return "pending" if moved else "ignored"


def _doubt(row: GatewayNotification, now: datetime) -> str:
    """Ask again when it is twice as old as now, or leave it to a person."""
    outcome, age = "not confirmed by the gateway", now - row.received_at
    if age >= _LONGEST_DOUBT:
        return _give_up(row, _State.UNCONFIRMED, outcome, now)
    GatewayNotification.objects.filter(pk=row.pk, acted_at=None).update(
        state=_State.UNCONFIRMED, outcome=outcome, next_try=now + max(age, _TRY_AGAIN_AFTER)
    )
    logger.warning("notification %s waits: %s", row.pk, outcome)
    return outcome


def _give_up(row: GatewayNotification, state: GatewayNotification.State, outcome: str, now: datetime) -> str:
    with short_transaction():
        _mark_done(row.pk, now, state.value, outcome)
        _tell_staff(row, outcome, now)
    logger.warning("notification %s: %s", row.pk, outcome)
    return outcome


def _tell_staff(row: GatewayNotification, why: str, now: datetime) -> None:
    open_task(
        StaffTask.Kind.UNCONFIRMED_PAYMENT,
        row.attempt.order,
        subject=f"notification:{row.pk}",
        detail=_("%(gateway)s tells of payment %(id)s: %(why)s")
        % {"gateway": row.gateway, "id": row.external_id, "why": why},
        now=now,
    )


def act_on_waiting(*, now: datetime | None = None) -> int:
    """Act on every notification that the queue lost or that is to be asked of again. Returns how many there
    were.
    """
    moment = now or timezone.now()
    waiting = list(
        GatewayNotification.objects.filter(acted_at=None)
        .exclude(next_try__gt=moment)
        .order_by("received_at")
        .values_list("pk", flat=True)[:500]
    )
    for notification_id in waiting:
        try:
            act_on_notification(notification_id, now=now)
        except Busy:
            logger.warning("notification %s waits: busy", notification_id)
        except Exception:  # one that cannot be acted upon must not keep back everybody else's money
            logger.exception("notification %s waits: it cannot be acted upon", notification_id)
            _note_silence(notification_id, moment)
    return len(waiting)


def _note_silence(notification_id: int, now: datetime) -> None:
    row = GatewayNotification.objects.select_related("attempt__order").get(pk=notification_id)
    if now - row.received_at >= _LONGEST_SILENCE:
        with short_transaction():
            _tell_staff(row, _("the gateway does not answer"), now)


def ask_after_attempts(*, now: datetime | None = None) -> int:
    """Ask the gateways what became of attempts of which nothing was heard: lost notifications are found so.

    Each is asked again when it is twice as old, for two days. Returns how many were due.
    """
    now = now or database_now()
    due = list(PaymentAttempt.objects.filter(next_check__lte=now).order_by("next_check")[:100])
    for attempt in due:
        age = now - attempt.created_at
        again = now + max(age, CHECK_AFTER) if age < _ASKED_AFTER else None
        PaymentAttempt.objects.filter(pk=attempt.pk).update(next_check=again)
        try:
            notification = gateway_called(attempt.gateway).status(attempt)
            if notification is not None:
                outcome = _act(attempt, notification, now)
                logger.info("attempt %s, asked after: %s", attempt.pk, outcome)
        except (Busy, OSError) as error:
            logger.warning("attempt %s waits: %s", attempt.pk, type(error).__name__)
        except Exception:  # one that cannot be asked after must not keep back the others
            logger.exception("attempt %s waits: it cannot be asked after", attempt.pk)
    return len(due)
