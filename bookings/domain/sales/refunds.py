"""Money back: the rows of what is owed to a customer, one for each payment that it goes back to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import CharField, Func, Q, QuerySet

from bookings import queue
from bookings.base.money import ZERO
from bookings.domain.sales.chargebacks import live_chargeback, settle_by_chargeback
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.partner_credit import credit_partner, is_on_account
from bookings.domain.sales.refund_state import came_by_voucher
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    Posting,
    Refund,
    RefundAttempt,
    Total,
)

# In the statement itself: one that is prepared knows no values, and would not see that `refund_open_idx` has
# all of these rows.
_OPEN: Final = [Func(template=f"'{status.value}'", output_field=CharField()) for status in Refund.OPEN]
IN_TILL: Final = (Account.CASH, Account.CARD, Account.EFT)


def owe_refund(booking: Booking, cause: str, amount: Decimal, *, now: datetime) -> list[Refund]:
    """The rows of a refund in rand that was posted under `cause`; none for 0 or less.

    What a partner sold on account is credited to it at once, whoever cancels; the queue pays what came
    through a gateway if nobody else has paid it by then. The caller holds the order.
    """
    return _owe(booking.order, cause, amount, booking=booking, now=now)


def owe_back(order: Order, *, is_told: bool = False, now: datetime) -> list[Refund]:
    """Money on an order that nothing is owed for any more goes back the way it came, and the customer is told
    so, unless another mail does. The caller holds the order.
    """
    excess = -owed_on(order)
    if excess <= 0:
        return []
    cause = f"excess:{order.pk}:{order.refunds.count()}"
    LedgerEntry.objects.post(
        Posting(cause, {Account.RECEIVABLE: excess, Account.REFUNDS_OWED: -excess}, at=now, order=order)
    )
    refunds = _owe(order, cause, excess, now=now)
    if not is_told:
        write_message(OutboxMessage.Kind.REFUND, order, refunds[0], now=now)
    return refunds


def _owe(
    order: Order, cause: str, amount: Decimal, *, booking: Booking | None = None, now: datetime
) -> list[Refund]:
    if amount <= 0:
        return []
    refunds = [
        Refund(order=order, booking=booking, payment=payment, cause=cause, amount=part, created_at=now)
        for payment, part in _shares(order, amount, vouchers_first=booking is not None)
    ]
    for refund in refunds:
        refund.save(force_insert=True)
        chargeback = live_chargeback(refund.payment)
        if chargeback and settle_by_chargeback(refund, chargeback, now=now):
            continue
        if is_on_account(refund):
            credit_partner(refund, now=now)
        else:
            queue.enqueue_after_commit("pay_refund", refund.pk)
    return refunds


def _shares(order: Order, amount: Decimal, *, vouchers_first: bool) -> list[tuple[Payment | None, Decimal]]:
    """Which payments `amount` goes back to: vouchers first where something is given back, then the newest,
    each at most what is left of it.

    What no payment can explain is owed all the same, and a person finds out.
    """
    # The payments are locked, as the order is, so that no two refunds share what is left of one
    locked = Payment.objects.select_for_update(no_key=True, of=("self",)).select_related("chargeback")
    payments = list(locked.filter(order=order).order_by("-pk"))
    if vouchers_first:  # in place: the order of the others stays
        payments.sort(key=lambda payment: payment.method != VOUCHER)
    shares: list[tuple[Payment | None, Decimal]] = []
    back = _given_back(order)
    for payment in payments:
        part = min(amount, payment.amount - back.get(payment.pk, ZERO))
        if part > 0:
            shares.append((payment, part))
            amount -= part
    if amount > 0:
        shares.append((None, amount))
    return shares


def _given_back(order: Order) -> dict[int, Decimal]:
    """What goes back of each payment already, paid or not."""
    refunds = Refund.objects.filter(order=order, payment__isnull=False).order_by()
    return dict(refunds.values_list("payment").annotate(total=Total("amount")))


def returns_online(refund: Refund) -> bool:
    """Whether it goes back by itself: to the partner's account, on the voucher, or through the gateway that
    took the money, unless that has refused.
    """
    return is_on_account(refund) or came_by_voucher(refund) or is_refundable_online(refund)


def is_refundable_online(refund: Refund) -> bool:
    payment = refund.payment
    if payment is None or payment.attempt_id is None:
        return False
    return not refund.attempts.filter(status=RefundAttempt.Status.REFUSED).exists()


def is_transfer(refund: Refund) -> bool:
    """Whether it goes back by EFT to an account that we do not know. A void is settled with the customer who
    stands at the counter.
    """
    came_by_eft = refund.payment is not None and refund.payment.method == Account.EFT
    return came_by_eft and refund.status == Refund.Status.OWED and not refund.cause.startswith("void:")


def refunds_to_send() -> QuerySet[Refund]:
    """The refunds not yet paid that the queue pays: what `is_refundable_online`, and what vouchers paid."""
    by_queue = Q(payment__attempt__isnull=False) | Q(payment__method=VOUCHER)
    open_refunds = Refund.objects.filter(by_queue, status__in=_OPEN)
    charged_back = Q(payment__chargeback__isnull=False, payment__chargeback__returned_at=None)
    return open_refunds.exclude(charged_back).exclude(attempts__status=RefundAttempt.Status.REFUSED)
