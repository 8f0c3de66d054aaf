"""Interest on what a passenger paid for a seat that there was not: CPA s47(3), from the payment to the
refund.

It is an expense of ours and a refund of its own, which no payment explains: somebody pays it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from bookings.base.money import ZERO, cents
from bookings.domain.sales.messages import write_message
from bookings.models import (
    Account,
    Booking,
    DisruptionLine,
    DisruptionPolicy,
    InterestRate,
    LedgerEntry,
    OutboxMessage,
    Posting,
    Refund,
    User,
)

_YEAR = timedelta(days=365)


def interest_on(amount: Decimal, paid_at: datetime, now: datetime) -> Decimal:
    """Simple interest in rand, to the cent, at the rate that held when it began to run; 0 before any rate."""
    rate = InterestRate.objects.filter(valid_from__lte=paid_at.date()).order_by("-valid_from").first()
    if rate is None or now <= paid_at:
        return ZERO
    days = Decimal((now - paid_at).days) / Decimal(_YEAR.days)
    return cents(amount * rate.percent / 100 * days)


def owe_interest(
    booking: Booking, lines: Iterable[DisruptionLine], *, actor: User | None, now: datetime
) -> Refund | None:
    """Owe the interest that a policy gives on the tickets of these lines, which were all given back with the
    booking; None for nothing. A partner has its own account with its customers. The caller holds the order.
    """
    order = booking.order
    entitled = [line for line in lines if DisruptionPolicy.Entitlement.INTEREST in line.entitlements]
    paid = order.payments.order_by("paid_at").values_list("paid_at", flat=True).first()
    if not entitled or paid is None or order.partner_id:
        return None
    amount = sum((interest_on(line.ticket.price, paid, now) for line in entitled), ZERO)
    if amount <= 0:
        return None
    cause = f"interest:{booking.pk}"
    posting = Posting(
        cause,
        {Account.INTEREST: amount, Account.REFUNDS_OWED: -amount},
        at=now,
        order=order,
        booking=booking,
        actor=actor,
    )
    LedgerEntry.objects.post(posting)
    refund = Refund.objects.create(order=order, booking=booking, cause=cause, amount=amount, created_at=now)
    write_message(OutboxMessage.Kind.REFUND, order, refund, now=now)
    return refund
