"""Money in. Only a verified notification (or staff) marks anything paid.

The browser's return changes nothing.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.codes import random_token
from bookings.base.errors import Busy, Conflict, NotFound
from bookings.database.compiled import compiled, compiled_update, insert_rows
from bookings.database.transactions import lone_statement, short_transaction
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.confirmation import confirm_order, take_seats_again
from bookings.domain.sales.expiry import drop_expired, expire_order
from bookings.domain.sales.gateways import gateway_called
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.messages import notify_partner, write_message
from bookings.domain.sales.orders import check_running, lock_order
from bookings.domain.sales.refunds import owe_back
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import (
    Account,
    Booking,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Posting,
    SaleStatus,
    Shift,
    StaffTask,
    Webhook,
)

logger = logging.getLogger("bookings.payments")


def start_payment(order_id: int, *, now: datetime | None = None) -> str:
    """Open an attempt to pay what is owed, and return the address to send the browser to. Raises Conflict
    when nothing can be paid.

    The first attempt of an order gives it PAYMENT_MINUTES from now if less is left.
    """
    with short_transaction():
        locked = lock_order(order_id)
        order, owed, now = locked.order, locked.owed, now or locked.now
        if not order.is_open(now) or owed <= 0:
            raise Conflict(_("There is nothing to pay on this order any more."))
        check_running(locked.schedules.values())
        if locked.is_left:
            raise Conflict(_("This coach has already left your stop."))
        attempt = order.attempts.filter(
            status=PaymentAttempt.Status.STARTED, amount=owed, gateway=settings.PAYMENT_GATEWAY
        ).first()
        if attempt is None:
            if not order.attempts.exists():
                _give_time(order, now + timedelta(minutes=settings.PAYMENT_MINUTES))
            refresh(locked.schedules)
            return open_attempt(order, owed, now)
    return gateway_called(attempt.gateway).payment_address(attempt)


def open_attempt(order: Order, owed: Decimal, now: datetime) -> str:
    """Write a new attempt and return where to pay. The caller holds the order."""
    gateway = gateway_called(settings.PAYMENT_GATEWAY)
    attempt = PaymentAttempt(
        order=order, gateway=gateway.name, token=random_token(), amount=owed, created_at=now
    )
    insert_rows([attempt])
    return gateway.payment_address(attempt)


def _give_time(order: Order, until: datetime) -> None:
    if order.pay_by is None or until > order.pay_by:
        Order.objects.filter(pk=order.pk).update(pay_by=until)
        claims.extend_order(order, until)


def _end_time(order: Order, now: datetime) -> None:
    """Nothing can be confirmed on a departure that was withdrawn: its money is that of an order too late."""
    order.pay_by = now
    Order.objects.filter(pk=order.pk).update(pay_by=now)
    claims.extend_order(order, now)


def receive_notification(gateway: str, body: bytes, *, now: datetime | None = None) -> None:
    """Verify what a gateway says and keep it.

    Acting on it comes later. Raises ForgedNotification for anything that is not in order.
    """
    notification = gateway_called(gateway).verify(body)
    attempts = _attempts(notification.attempt_token, gateway)
    if not attempts:
        raise NotFound(_("We could not find this payment."))
    # A gateway may tell of one payment several times, in several states; each state is kept once.
    key = {"gateway": gateway, "external_id": f"{notification.external_id}:{notification.status}"[:80]}
    try:
        with lone_statement():
            received_at = now or timezone.now()
            row = GatewayNotification(**key, attempt=attempts[0], body=body.decode(), received_at=received_at)
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
def _mark_acted(
    pk: int, acted_at: datetime, outcome: str
) -> tuple[QuerySet[GatewayNotification], dict[str, Any]]:
    return GatewayNotification.objects.filter(pk=pk, acted_at=None), {
        "acted_at": acted_at,
        "outcome": outcome,
    }


@compiled_update
def _mark_attempt_paid(pk: int) -> tuple[QuerySet[PaymentAttempt], dict[str, Any]]:
    return PaymentAttempt.objects.filter(pk=pk), {"status": PaymentAttempt.Status.PAID}


def act_on_notification(notification_id: int, *, now: datetime | None = None) -> str:
    """Book what a stored notification says, once. Returns the outcome."""
    row = _notifications(notification_id)[0]
    if row.acted_at is not None:
        return row.outcome
    gateway = gateway_called(row.gateway)
    notification = gateway.verify(row.body.encode())
    if notification.is_paid and not gateway.confirms(
        notification
    ):  # asked outside of any transaction, as the gateway may be slow
        outcome = "not confirmed by the gateway"
    elif notification.is_paid:
        outcome = settle(
            row.attempt.order_id,
            ReceivedPayment(row.gateway, notification.external_id, notification.amount, attempt=row.attempt),
            now=now,
        )
    else:
        changed = PaymentAttempt.objects.filter(pk=row.attempt_id, status=PaymentAttempt.Status.STARTED)
        outcome = "declined" if changed.update(status=PaymentAttempt.Status.DECLINED) else "ignored"
    _mark_acted(row.pk, now or timezone.now(), outcome)
    logger.info("notification %s: %s", row.pk, outcome)
    return outcome


def act_on_waiting(*, now: datetime | None = None) -> int:
    """Act on every notification that the queue lost. Returns how many there were."""
    waiting = list(
        GatewayNotification.objects.filter(acted_at=None)
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
    return len(waiting)


@dataclass(frozen=True)
class ReceivedPayment:
    """Money that came: by which attempt to pay, or into which till, whose clerk is the actor.

    `reference` is that of the terminal's slip or the transfer, `given` the cash that was handed over.
    """

    method: str
    external_id: str
    amount: Decimal
    attempt: PaymentAttempt | None = None
    shift: Shift | None = None
    reference: str = ""
    given: Decimal | None = None


def settle(order_id: int, received: ReceivedPayment, *, now: datetime | None = None) -> str:
    """Book a payment that came, once per (method, external id), and confirm the order if it is paid and its
    seats are there.

    Money is always booked. Too little, too much, or too late for the seats: a StaffTask, and what is too much
    is owed back.
    """
    amount, shift = received.amount, received.shift
    try:
        with short_transaction():
            locked = lock_order(order_id)
            order, bookings, now = locked.order, locked.bookings, now or locked.now
            owed = locked.owed
            _check_open(shift)
            is_withdrawn = any(row.is_withdrawn for row in locked.schedules.values())
            if order.is_open(now) and (is_withdrawn or locked.is_left):
                _end_time(order, now)
            if not order.is_open(now):  # one whose claims somebody else dropped is expired already
                drop_expired(list(locked.schedules), now=now)
                expire_order(order.pk, now=now)
                order.refresh_from_db()
                bookings, owed = list(order.bookings.order_by("pk")), owed_on(order)
            payment = Payment(
                order=order,
                attempt=received.attempt,
                method=received.method,
                external_id=received.external_id,
                amount=amount,
                paid_at=now,
                shift=shift,
                reference=received.reference,
                given=received.given,
            )
            insert_rows([payment])
            taken = {account_of(received.method): amount, Account.RECEIVABLE: -amount}
            actor = shift.clerk if shift else None
            LedgerEntry.objects.post(
                Posting(f"payment:{payment.pk}", taken, at=now, order=order, shift=shift, actor=actor)
            )
            notify_partner(order, Webhook.Event.PAID, payment, at=now)
            if received.attempt:
                _mark_attempt_paid(received.attempt.pk)
            outcome = _place_money(order, bookings, payment, owed - amount, now)
            refresh(locked.schedules)
            return outcome
    except IntegrityError:  # the unique constraint knows whether this payment is here already
        if Payment.objects.filter(method=received.method, external_id=received.external_id).exists():
            return "duplicate"
        raise


def _check_open(shift: Shift | None) -> None:
    """Lock the till that takes the money, the last lock before the ledger, so that it is not closed
    meanwhile.
    """
    if (
        shift
        and not Shift.objects.select_for_update(no_key=True).filter(pk=shift.pk, closed_at=None).exists()
    ):
        raise Conflict(_("This shift is closed. Corrections belong in your next shift."))


def account_of(method: str) -> Account:
    """The account in which money of this method lies.

    A tender's own, the partners', or that of the payment gateways.
    """
    return (
        Account(method)
        if method in (Account.CASH, Account.CARD, Account.EFT, Account.PARTNER)
        else Account.GATEWAY
    )


def _place_money(
    order: Order, bookings: list[Booking], payment: Payment, owed: Decimal, now: datetime
) -> str:
    """Decide what a booked payment does for its order and its `bookings`; with it so much is `owed` still."""
    outcome, excess = "confirmed", True
    if order.status == SaleStatus.PENDING:
        if owed > 0:
            open_task(
                StaffTask.Kind.WRONG_AMOUNT,
                order,
                subject=f"payment:{payment.pk}",
                detail=f"{payment.amount} paid, {owed} still owed",
                now=now,
            )
            outcome = "too little"
        else:
            excess = owed < 0
            confirm_order(order, bookings, now=now, shift=payment.shift)
    elif order.status == SaleStatus.EXPIRED and take_seats_again(order, now=now):
        confirm_order(order, bookings, now=now, shift=payment.shift)
        outcome = "confirmed late"
    elif order.status == SaleStatus.EXPIRED:
        open_task(
            StaffTask.Kind.MONEY_WITHOUT_SEATS,
            order,
            subject=f"payment:{payment.pk}",
            detail=f"{payment.amount} came after the seats were gone",
            now=now,
        )
        write_message(OutboxMessage.Kind.SEATS_GONE, order, payment, now=now)
        outcome = "seats gone"
    elif order.status == SaleStatus.CONFIRMED and owed == 0:
        outcome = "balance paid"  # of a change to a booking that was paid before
    else:
        open_task(
            StaffTask.Kind.DOUBLE_PAYMENT,
            order,
            subject=f"payment:{payment.pk}",
            detail=f"{payment.amount} came for an order already settled",
            now=now,
        )
        outcome = "paid twice"
    if payment.attempt and payment.amount > payment.attempt.amount:
        open_task(
            StaffTask.Kind.WRONG_AMOUNT,
            order,
            subject=f"payment:{payment.pk}",
            detail=f"{payment.amount} paid, {payment.attempt.amount} asked",
            now=now,
        )
    if excess:  # or it may be
        owe_back(order, is_told=outcome == "seats gone", now=now)
    return outcome
