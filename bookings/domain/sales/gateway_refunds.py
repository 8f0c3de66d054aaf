"""Sending owed refunds back through the gateways that took the money, each once, whatever gets lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final, cast

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.bank_details import (
    account_of,
    ask_for_bank_details,
    forget_bank_details,
    waits_for_details,
)
from bookings.domain.sales.chargebacks import live_chargeback
from bookings.domain.sales.gateways import (
    AccountGateway,
    PaymentState,
    RefundAnswer,
    VerifiedNotification,
    gateway_called,
)
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.refund_state import came_by_voucher
from bookings.domain.sales.refunds import is_refundable_online, is_transfer, refunds_to_send
from bookings.domain.sales.staff_tasks import open_task
from bookings.domain.sales.voucher_refunds import restore_voucher
from bookings.models import (
    Account,
    LedgerEntry,
    Payment,
    PaymentAttempt,
    Posting,
    Refund,
    RefundAttempt,
    StaffTask,
    User,
    Webhook,
)

logger = logging.getLogger("bookings.refunds")
ANSWER_TIME: Final = timedelta(minutes=5)  # longer than any gateway takes to answer, or our patience with it
_LONGEST_WAIT: Final = timedelta(hours=6)
_TRIES_UNTIL_TASK: Final = 6  # about three hours without a word
OWED_TOO_LONG: Final = timedelta(days=1)
UNASKED: Final = "a refund that we did not ask for"
_Status = RefundAttempt.Status


def pay_refund(refund_id: int, *, now: datetime | None = None) -> bool:
    """Send a refund back through the gateway that took the money, or on the voucher, once. False when it is
    not paid (yet); a StaffTask says so where a person must.

    The attempt is written before the gateway is asked, so of two workers one asks. Where the answer got lost,
    or the worker died, the gateway is looked up after ANSWER_TIME, and asked again under the same key only if
    it knows nothing. Where only a bank account will do, the customer is asked for it.
    """
    now = now or database_now()
    refund = Refund.objects.select_related("order", "payment__chargeback").get(pk=refund_id)
    if refund.status == Refund.Status.PAID:
        return True
    if came_by_voucher(refund):
        if restore_voucher(refund, now=now):
            finish_refund(refund, now)
        return True
    if refund.payment is None or live_chargeback(refund.payment) or not is_refundable_online(refund):
        _leave_to_staff(refund, now)
        return False
    if waits_for_details(refund, now=now):
        return False
    attempt = _claim(refund, refund.payment, now)
    if attempt is None:
        return False
    try:
        answer = _ask(attempt, now)
    except OSError as error:  # it may have been heard or not
        _note_silence(attempt, error, now)
        return False
    if answer.wants_account:
        _ask_customer(attempt, answer, now)
        return False
    return _note_answer(attempt, answer, now)


def _claim(refund: Refund, payment: Payment, now: datetime) -> RefundAttempt | None:
    """The attempt to make now: a new one, or an open one that is due. None if somebody else is at it."""
    try:
        with short_transaction():
            locked = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
            attempt = refund.attempts.filter(status__in=RefundAttempt.OPEN).first()
            if attempt is None and locked.status == Refund.Status.OWED:
                attempt = RefundAttempt.objects.create(
                    refund=refund,
                    payment=payment,
                    key=f"refund-{refund.pk}",
                    amount=refund.amount,
                    asked_at=now,
                    next_try=now + ANSWER_TIME,
                )
                Refund.objects.filter(pk=refund.pk).update(status=Refund.Status.PAYING, asked_at=now)
            elif attempt is None or attempt.next_try > now:
                return None
            else:
                attempt.tries += 1
                attempt.next_try = now + min(ANSWER_TIME * 2**attempt.tries, _LONGEST_WAIT)
                attempt.save(update_fields=["tries", "next_try"])
    except IntegrityError:  # another refund of this payment is on its way: this one follows it
        return None
    attempt.refund = refund
    return attempt


def _ask(attempt: RefundAttempt, now: datetime) -> RefundAnswer:
    """What the gateway says: of an attempt made before it is asked first whether it knows of it."""
    gateway = gateway_called(attempt.payment.method)
    known = gateway.refund_status(attempt) if attempt.tries > 1 else None
    if known is None and attempt.status == _Status.ACCEPTED:  # promised, so never asked for twice
        return RefundAnswer(_Status.ACCEPTED, attempt.external_id)
    if known:
        return known
    account = account_of(attempt.refund, now=now)
    if account:
        return cast(AccountGateway, gateway).refund_to_account(attempt, account)
    return gateway.refund(attempt)


def _ask_customer(attempt: RefundAttempt, answer: RefundAnswer, now: datetime) -> None:
    """Nothing was done, so the attempt has not been; the next one is made once the account is known."""
    with short_transaction():
        if RefundAttempt.objects.filter(pk=attempt.pk, status__in=RefundAttempt.OPEN).delete()[0]:
            Refund.objects.filter(pk=attempt.refund_id).update(status=Refund.Status.OWED)
            ask_for_bank_details(attempt.refund, answer.banks, now=now)


def note_refund(paid_by: PaymentAttempt, notification: VerifiedNotification, now: datetime) -> str:
    """Do what a gateway told of a refund of this attempt's payment. Returns the outcome.

    It may come before the answer to our request, twice, or instead of an answer that got lost.
    """
    attempts = RefundAttempt.objects.filter(
        refund__order=paid_by.order_id, payment__attempt=paid_by, amount=notification.amount
    )
    attempt = (
        attempts.filter(external_id=notification.external_id).first()
        or attempts.filter(external_id="", status__in=RefundAttempt.OPEN).first()
    )
    is_paid = notification.state == PaymentState.REFUNDED
    status = _Status.SETTLED if is_paid else _Status.REFUSED
    if attempt is None or (attempt.status not in RefundAttempt.OPEN and attempt.status != status):
        return UNASKED
    _note_answer(attempt, RefundAnswer(status, notification.external_id, notification.reason), now)
    return notification.state.value


def _note_silence(attempt: RefundAttempt, error: OSError, now: datetime) -> None:
    logger.warning("%s waits: the gateway does not answer (%s)", attempt.key, type(error).__name__)
    with short_transaction():
        RefundAttempt.objects.filter(pk=attempt.pk, status=_Status.ASKED).update(status=_Status.UNKNOWN)
        RefundAttempt.objects.filter(pk=attempt.pk).update(
            last_error=f"{type(error).__name__}: {error}"[:200]
        )
        if attempt.tries >= _TRIES_UNTIL_TASK:
            _open_task(attempt.refund, _("the gateway has not answered for hours"), now)


def _note_answer(attempt: RefundAttempt, answer: RefundAnswer, now: datetime) -> bool:
    with short_transaction():
        refund = Refund.objects.select_for_update(no_key=True).get(pk=attempt.refund_id)
        noted = RefundAttempt.objects.filter(pk=attempt.pk, status__in=RefundAttempt.OPEN).update(
            status=answer.status,
            external_id=answer.external_id[:80] or attempt.external_id,
            last_error=answer.reason[:200],
        )
        if noted and answer.status == _Status.SETTLED:
            _note_paid(attempt, now)
        elif noted and answer.status == _Status.REFUSED:
            Refund.objects.filter(pk=refund.pk).update(status=Refund.Status.OWED)
            _open_task(attempt.refund, answer.reason or _("the gateway cannot pay it"), now)
    return answer.status == _Status.SETTLED


def _note_paid(attempt: RefundAttempt, now: datetime) -> None:
    refund = attempt.refund
    Refund.objects.filter(pk=refund.pk).update(
        status=Refund.Status.PAID,
        paid_at=now,
        method=attempt.payment.method,
        reference=attempt.external_id[:40],
    )
    amounts = {Account.REFUNDS_OWED: refund.amount, Account.GATEWAY: -refund.amount}
    LedgerEntry.objects.post(
        Posting(f"refund:{refund.pk}", amounts, at=now, order=refund.order, gateway=attempt.payment.method)
    )
    notify_partner(refund.order, Webhook.Event.REFUNDED, refund, at=now)
    finish_refund(refund, now)


def finish_refund(refund: Refund, now: datetime, *, by: User | None = None) -> None:
    """What is paid is no task any more, and nobody needs to know the account that it went to."""
    forget_bank_details(refund, now)
    tasks = StaffTask.objects.filter(
        kind=StaffTask.Kind.REFUND_DUE, subject=f"refund:{refund.pk}", done_at=None
    )
    tasks.update(done_at=now, done_by=by)


def _leave_to_staff(refund: Refund, now: datetime) -> None:
    with short_transaction():
        if is_transfer(refund):
            ask_for_bank_details(refund, now=now)
        _open_task(refund, "", now)


def _open_task(refund: Refund, why: str, now: datetime) -> None:
    detail = _("%(amount)s to pay back") % {"amount": format_zar(refund.amount)}
    open_task(
        StaffTask.Kind.REFUND_DUE,
        refund.order,
        subject=f"refund:{refund.pk}",
        detail=f"{detail} ({why})" if why else detail,
        now=now,
    )


def pay_waiting_refunds(*, now: datetime | None = None) -> int:
    """Pay what the queue lost, ask again where no answer came, and ask after what was promised. Returns how
    many were due.
    """
    now = now or database_now()
    waiting = refunds_to_send().exclude(attempts__status__in=RefundAttempt.OPEN, attempts__next_try__gt=now)
    waiting = waiting.exclude(bank_details__isnull=False, bank_details__given_at=None)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:200])
    for refund_id in ids:
        try:
            pay_refund(refund_id, now=now)
        except Exception:  # one that cannot be paid must not keep back everybody else's money
            logger.exception("refund %s waits: it cannot be paid", refund_id)
    return len(ids)


def watch_owed_refunds(*, now: datetime | None = None) -> int:
    """Open a task for each refund that has been owed for more than a day and has none. Returns how many."""
    now = now or database_now()
    owed = Refund.objects.filter(status__in=Refund.OPEN, created_at__lte=now - OWED_TOO_LONG)
    watched = StaffTask.objects.filter(kind=StaffTask.Kind.REFUND_DUE, done_at=None, order__isnull=False)
    subjects = set(watched.values_list("subject", flat=True))
    late = [
        refund
        for refund in owed.select_related("order").order_by("pk")
        if f"refund:{refund.pk}" not in subjects
    ]
    for refund in late:
        with short_transaction():
            _open_task(refund, _("owed for more than a day"), now)
    return len(late)
