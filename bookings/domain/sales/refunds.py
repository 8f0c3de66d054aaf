"""Money back: what is owed to a customer, and paying it the way it came."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.money import format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.gateways import gateway_called
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.partner_accounts import credit_partner, is_on_account
from bookings.domain.sales.payments import open_task
from bookings.models import (
    Account,
    Booking,
    LedgerEntry,
    Posting,
    Refund,
    StaffTask,
    Webhook,
)

logger = logging.getLogger("bookings.refunds")
ANSWER_TIME: Final = timedelta(minutes=5)  # longer than any gateway takes to answer, or our patience with it
RETURNS_BY_ITSELF: Final = (
    Q(cause__startswith="cancel:") | Q(cause__startswith="exchange:") | Q(cause__startswith="seat:")
)


def owe_refund(booking: Booking, cause: str, amount: Decimal, *, now: datetime) -> Refund:
    """The row of a refund that was posted. What a partner sold on account is credited to it at once, whoever
    cancels;

    the queue pays the rest if it came through a gateway and nobody else has paid it by then.
    """
    refund = Refund.objects.create(
        order=booking.order, booking=booking, cause=cause, amount=amount, created_at=now
    )
    if is_on_account(refund):
        credit_partner(refund, now=now)
    else:
        queue.enqueue_after_commit("pay_refund", refund.pk)
    return refund


def pay_refund(refund_id: int, *, now: datetime | None = None) -> bool:
    """Send a refund back the way the money came, once. False when it is not paid (yet), with a StaffTask if
    the gateway cannot.

    The claim is taken before the gateway is asked, so of two workers one asks. One that dies in between
    leaves the refund as `paying`: no counter pays it, and after ANSWER_TIME the gateway is asked again under
    the same key, which it pays once.
    """
    now = now or database_now()
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    if refund.status == Refund.Status.PAID:
        return True
    payment = refund.order.payments.order_by("pk").first()
    if payment is None or not payment.attempt_id or payment.amount < refund.amount:
        return _leave_to_staff(refund, now)
    if not _askable(now).filter(pk=refund.pk).update(status=Refund.Status.PAYING, asked_at=now):
        return False
    try:
        sent = gateway_called(payment.method).refund(
            payment.external_id, refund.amount, key=f"refund-{refund.pk}"
        )
    except OSError as error:  # it may have been heard or not
        logger.warning("refund %s waits: the gateway does not answer (%s)", refund.pk, type(error).__name__)
        return False
    return _note_paid(refund, now) if sent else _leave_to_staff(refund, now)


def _askable(now: datetime) -> QuerySet[Refund]:
    abandoned = Q(status=Refund.Status.PAYING, asked_at__lte=now - ANSWER_TIME)
    return Refund.objects.filter(Q(status=Refund.Status.OWED) | abandoned)


def _note_paid(refund: Refund, now: datetime) -> bool:
    with short_transaction():
        if Refund.objects.filter(pk=refund.pk, status=Refund.Status.PAYING).update(
            status=Refund.Status.PAID, paid_at=now
        ):
            amounts = {Account.REFUNDS_OWED: refund.amount, Account.GATEWAY: -refund.amount}
            LedgerEntry.objects.post(Posting(f"refund:{refund.pk}", amounts, at=now, order=refund.order))
            notify_partner(refund.order, Webhook.Event.REFUNDED, refund, at=now)
    return True


def _leave_to_staff(refund: Refund, now: datetime) -> bool:
    with short_transaction():
        Refund.objects.filter(pk=refund.pk, status=Refund.Status.PAYING).update(status=Refund.Status.OWED)
        open_task(
            StaffTask.Kind.REFUND_DUE,
            refund.order,
            subject=f"refund:{refund.pk}",
            detail=_("%(amount)s to pay back") % {"amount": format_zar(refund.amount)},
            now=now,
        )
    return False


def pay_waiting_refunds(*, now: datetime | None = None) -> int:
    """Pay the refunds of cancellations and changes that the queue lost.

    Refunds of odd payments wait for a person.
    """
    given_up = StaffTask.objects.filter(kind=StaffTask.Kind.REFUND_DUE).values("order")
    waiting = _askable(now or database_now()).filter(RETURNS_BY_ITSELF).exclude(order__in=given_up)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:200])
    for refund_id in ids:
        pay_refund(refund_id, now=now)
    return len(ids)
