"""Money of a payment that the customer's bank took back, and sometimes gives to us again."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import short_transaction
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.staff_tasks import open_task
from bookings.domain.sales.voucher_blocks import block_voucher, resume_voucher
from bookings.models import (
    Account,
    Chargeback,
    LedgerEntry,
    OutboxMessage,
    Payment,
    Posting,
    Refund,
    StaffTask,
    StatementLine,
    Total,
)


def charge_back(payment: Payment, line: StatementLine, *, now: datetime) -> Chargeback:
    """Note what a line says that the customer's bank took of a payment: posted, the customer and a person are
    told, and what was owed of it is given back by it. All or nothing; locks the order.

    An IntegrityError: the payment was charged back before.
    """
    with short_transaction():
        order = lock_order(payment.order_id).order
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        chargeback = Chargeback.objects.create(
            payment=locked, amount=-line.gross, at=line.at, noted_at=now, line=line
        )
        amounts = {Account.CHARGEBACKS: chargeback.amount, account_of(locked): -chargeback.amount}
        LedgerEntry.objects.post(
            Posting(f"chargeback:{chargeback.pk}", amounts, at=now, order=order, gateway=locked.method)
        )
        for refund in Refund.objects.select_for_update(no_key=True).filter(
            payment=locked, status=Refund.Status.OWED
        ):
            settle_by_chargeback(refund, chargeback, now=now)
        block_voucher(order, now=now)
        write_message(OutboxMessage.Kind.CHARGEBACK, order, locked, now=now)
        _tell_staff(chargeback, _("%(amount)s was taken back by the customer’s bank"), now)
    return chargeback


def account_of(payment: Payment) -> Account:
    """Where the money lay that the bank took: with the gateway, or settled by the card terminal, whose line
    takes it from the bank.
    """
    return Account.CARD if payment.method == Account.CARD else Account.GATEWAY


def return_chargeback(chargeback: Chargeback, line: StatementLine, *, now: datetime) -> bool:
    """Note that the bank gave it to us again, all of it. False: that is noted already, or the amount is
    another.
    """
    if line.gross != chargeback.amount:
        return False
    with short_transaction():
        order = lock_order(chargeback.payment.order_id).order
        open_rows = Chargeback.objects.filter(pk=chargeback.pk, returned_at=None)
        if not open_rows.update(returned_at=now, returned_line=line):
            return False
        account = account_of(chargeback.payment)
        amounts = {account: chargeback.amount, Account.CHARGEBACKS: -chargeback.amount}
        cause, gateway = f"chargeback-returned:{chargeback.pk}", chargeback.payment.method
        LedgerEntry.objects.post(Posting(cause, amounts, at=now, order=order, gateway=gateway))
        resume_voucher(order, now=now)
        _tell_staff(chargeback, _("%(amount)s came back to us from the customer’s bank"), now)
    return True


def settle_by_chargeback(refund: Refund, chargeback: Chargeback, *, now: datetime) -> bool:
    """Count a refund that is owed as given back by the chargeback of its payment, if that has so much left.

    Within the caller's transaction, which holds the order and the payment.
    """
    settled = Refund.objects.filter(payment=chargeback.payment_id, method=Account.CHARGEBACKS)
    used = settled.aggregate(total=Total("amount"))["total"] or ZERO
    if refund.amount > chargeback.amount - used:
        return False
    Refund.objects.filter(pk=refund.pk).update(
        status=Refund.Status.PAID, paid_at=now, method=Account.CHARGEBACKS
    )
    refund.refresh_from_db()
    amounts = {Account.REFUNDS_OWED: refund.amount, Account.CHARGEBACKS: -refund.amount}
    gateway = chargeback.payment.method
    LedgerEntry.objects.post(
        Posting(f"refund:{refund.pk}", amounts, at=now, order=refund.order, gateway=gateway)
    )
    tasks = StaffTask.objects.filter(kind=StaffTask.Kind.REFUND_DUE, subject=f"refund:{refund.pk}")
    tasks.filter(done_at=None).update(done_at=now)
    return True


def live_chargeback(payment: Payment | None) -> Chargeback | None:
    """That of a payment which was not returned; read the payment with its `chargeback`."""
    chargeback: Chargeback | None = getattr(payment, "chargeback", None)
    return chargeback if chargeback and chargeback.returned_at is None else None


def _tell_staff(chargeback: Chargeback, what: str, now: datetime) -> None:
    open_task(
        StaffTask.Kind.CHARGEBACK,
        chargeback.payment.order,
        subject=f"chargeback:{chargeback.pk}",
        detail=what % {"amount": format_zar(chargeback.amount)},
        now=now,
    )
