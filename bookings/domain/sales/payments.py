"""Money in. Only a verified notification (or staff) marks anything paid.

The browser's return changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict
from bookings.database.compiled import compiled_update, insert_rows
from bookings.database.transactions import short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.confirmation import confirm_order, take_seats_again
from bookings.domain.sales.exchange_requests import place_payment, schedules_held
from bookings.domain.sales.expiry import drop_expired, expire_order
from bookings.domain.sales.gateways import chosen_gateway, gateway_called
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.messages import notify_partner, write_message
from bookings.domain.sales.orders import LockedOrder, check_running, lock_order
from bookings.domain.sales.refunds import owe_back
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    ExchangeRequest,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Posting,
    SaleStatus,
    Shift,
    StaffTask,
    User,
    Webhook,
)

CHECK_AFTER: Final = timedelta(minutes=3)  # without any word of an attempt the gateway is asked
PART_PAID: Final = "part paid"


def lock_payable_order(order_id: int, *, now: datetime | None) -> tuple[LockedOrder, list[PaymentAttempt]]:
    """The order, held as `lock_order` holds it, with its attempts so far. Raises Conflict when nothing can be
    paid on it any more, or the bank has not decided yet.
    """
    locked = lock_order(order_id)
    if not locked.order.is_open(now or locked.now) or locked.owed <= 0:
        raise Conflict(_("There is nothing to pay on this order any more."))
    check_running(locked.schedules.values())
    if locked.is_left:
        raise Conflict(_("This coach has already left your stop."))
    attempts = list(locked.order.attempts.order_by("pk"))
    if any(attempt.status == PaymentAttempt.Status.PENDING for attempt in attempts):
        raise Conflict(_("Your bank is still confirming this; do not pay again."))
    return locked, attempts


def start_payment(order_id: int, *, gateway: str = "", now: datetime | None = None) -> str:
    """Open an attempt to pay what is owed through `gateway`, or the first that is offered, and return the
    address to send the browser to. Raises Conflict when nothing can be paid, or not so.

    The first attempt of an order gives it PAYMENT_MINUTES from now if less is left.
    """
    gateway = chosen_gateway(gateway)
    with short_transaction():
        locked, attempts = lock_payable_order(order_id, now=now)
        order, owed, now = locked.order, locked.owed, now or locked.now
        started = [attempt for attempt in attempts if attempt.status == PaymentAttempt.Status.STARTED]
        for attempt in started:
            if attempt.amount == owed and attempt.gateway == gateway:
                return payment_address(attempt)
        if started:
            supersede_attempts(started, owed)
        if not attempts:
            give_time(order, now + timedelta(minutes=company_settings.payment_minutes))
        refresh(locked.schedules)
        return open_attempt(order, owed, gateway=gateway, now=now)


def supersede_attempts(attempts: list[PaymentAttempt], owed: Decimal) -> None:
    """Note that what was asked by those of these that wait for the customer is no longer what is owed."""
    started = [attempt for attempt in attempts if attempt.status == PaymentAttempt.Status.STARTED]
    outdated = [attempt.pk for attempt in started if attempt.amount != owed]
    PaymentAttempt.objects.filter(pk__in=outdated).update(status=PaymentAttempt.Status.SUPERSEDED)


def open_attempt(
    order: Order, owed: Decimal, *, gateway: str, request: ExchangeRequest | None = None, now: datetime
) -> str:
    """Write a new attempt, to pay the order or a change of it, and return where to pay. The caller holds the
    order.
    """
    attempt = PaymentAttempt(
        order=order,
        exchange_request=request,
        gateway=gateway,
        token=random_token(),
        amount=owed,
        created_at=now,
        next_check=now + CHECK_AFTER,
    )
    insert_rows([attempt])  # first: an adapter may name its number
    return payment_address(attempt)


def payment_address(attempt: PaymentAttempt) -> str:
    """Where to send the browser to pay: to the gateway, or to our own page that hands it over.

    That page asks the gateway, or posts a form to it, once the attempt is committed.
    """
    gateway = gateway_called(attempt.gateway)
    return gateway.hand_over(attempt).address if gateway.is_direct else f"/payments/{attempt.token}/"


def give_time(order: Order, until: datetime) -> None:
    """Keep the seats of an unpaid order until this moment, if that is later. The caller holds the order."""
    if order.pay_by is None or until > order.pay_by:
        Order.objects.filter(pk=order.pk).update(pay_by=until)
        claims.extend_order(order, until)


def _end_time(order: Order, now: datetime) -> None:
    """Nothing can be confirmed on a departure that was withdrawn: its money is that of an order too late."""
    order.pay_by = now
    Order.objects.filter(pk=order.pk).update(pay_by=now)
    claims.extend_order(order, now)


@compiled_update
def _mark_attempt_paid(pk: int) -> tuple[QuerySet[PaymentAttempt], dict[str, Any]]:
    values = {"status": PaymentAttempt.Status.PAID, "next_check": None}
    return PaymentAttempt.objects.filter(pk=pk), values


@dataclass(frozen=True)
class ReceivedPayment:
    """Money that came: by which attempt to pay, or into which till, whose clerk is the actor.

    `reference` is that of the terminal's slip or the transfer, `given` the cash that was handed over. The
    rest of a payment that `is_part` follows in the same transaction. `approver` has seen the money of a
    transfer.
    """

    method: str
    external_id: str
    amount: Decimal
    attempt: PaymentAttempt | None = None
    shift: Shift | None = None
    reference: str = ""
    given: Decimal | None = None
    is_part: bool = False
    approver: User | None = None


def settle(order_id: int, received: ReceivedPayment, *, now: datetime | None = None) -> str:
    """Book a payment that came, once per (method, external id), and confirm the order if it is paid and its
    seats are there.

    Money is always booked. Too little, too much, or too late for the seats: a StaffTask, and what is too much
    is owed back.
    """
    amount, shift = received.amount, received.shift
    try:
        with short_transaction():
            request_id = received.attempt.exchange_request_id if received.attempt else None
            locked = lock_order(order_id, also=schedules_held(request_id) if request_id else ())
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
                approver=received.approver,
            )
            insert_rows([payment])
            taken = {account_of(received.method): amount, Account.RECEIVABLE: -amount}
            actor = shift.clerk if shift else None
            LedgerEntry.objects.post(
                Posting(
                    f"payment:{payment.pk}",
                    taken,
                    at=now,
                    order=order,
                    shift=shift,
                    actor=actor,
                    gateway=received.method,
                )
            )
            notify_partner(order, Webhook.Event.PAID, payment, at=now)
            if received.attempt:
                _mark_attempt_paid(received.attempt.pk)
            outcome = PART_PAID
            if request_id:
                outcome = place_payment(order, payment, request_id, now=now)
            elif not received.is_part:
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

    A tender's own, the partners', that of vouchers, or that of the payment gateways.
    """
    if method == VOUCHER:
        return Account.VOUCHER_LIABILITY
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
        if bookings:
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
        owe_back(order, is_told=outcome == "seats gone" and bool(bookings), now=now)
    return outcome
