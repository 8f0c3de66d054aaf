"""What a partner earns by what it is charged, at the rate of that moment, and loses by what goes back.

The rates are frozen in the rows of `Commission`; a later change of them touches no sale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from bookings.base.money import ZERO, cents
from bookings.models import (
    Account,
    Booking,
    Commission,
    CommissionRate,
    LedgerEntry,
    Order,
    Partner,
    Payment,
    Posting,
    Refund,
    Settlement,
    Ticket,
    Total,
)

_CENT: Final = Decimal("0.01")
_LIVE: Final = (Ticket.Status.VALID, Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)


@dataclass(frozen=True)
class CommissionShare:
    """What a booking's part of a charge earns: rand, and the percent of its line."""

    booking: Booking
    percent: Decimal
    base: Decimal

    @property
    def amount(self) -> Decimal:
        return part_of(self.base, self.percent)


def part_of(base: Decimal, percent: Decimal) -> Decimal:
    """To the cent, a half up."""
    return (base * percent / 100).quantize(_CENT, ROUND_HALF_UP)


def commission_shares(order: Order, charged: Decimal, partner: Partner) -> list[CommissionShare]:
    """What charging so much for an order earns the partner, by booking in proportion to the fares; none
    where its rates are 0.
    """
    rate = CommissionRate.objects.filter(partner=partner, line=OuterRef("schedule__route__line"))
    fares = Ticket.objects.filter(booking=OuterRef("pk"), status__in=_LIVE).order_by().values("booking")
    rows: Any = order.bookings.order_by("pk").annotate(
        percent=Coalesce(Subquery(rate.values("percent")[:1]), partner.commission_percent),
        fares=Coalesce(Subquery(fares.annotate(total=Total("fare")).values("total")), ZERO),
    )
    bookings = [booking for booking in rows if booking.fares > 0]
    total = sum((cents(booking.fares) for booking in bookings), ZERO)
    shares: list[CommissionShare] = []
    left = charged
    for booking in bookings:
        is_last = booking is bookings[-1]
        base = left if is_last else (charged * booking.fares / total).quantize(_CENT, ROUND_HALF_UP)
        left -= base
        shares.append(CommissionShare(booking, cents(booking.percent), base))
    return [share for share in shares if share.amount > 0]


def note_commission(
    payment: Payment, shares: Sequence[CommissionShare], partner: Partner, *, now: datetime
) -> None:
    """Keep what the partner earned by a payment on its account, and deduct it at once where it settles net.

    The caller holds the partner.
    """
    rows = [
        Commission(
            payment=payment,
            booking=share.booking,
            percent=share.percent,
            base=share.base,
            amount=share.amount,
            settlement=partner.settlement,
            at=now,
        )
        for share in shares
    ]
    Commission.objects.bulk_create(rows)
    if rows and partner.settlement == Settlement.NET:
        total = sum((row.amount for row in rows), ZERO)
        amounts = {Account.COMMISSION: total, Account.PARTNER: -total}
        LedgerEntry.objects.post(Posting(f"commission:{payment.pk}", amounts, at=now, order=payment.order))


def take_back_commission(refund: Refund, *, now: datetime) -> None:
    """Take back what was earned by the part of a payment that this refund gives back: at the booking's own
    rate, and all that is left of it with the last of the payment. The caller holds the partner.
    """
    earned = list(
        Commission.objects.filter(payment=refund.payment_id).select_related("booking__schedule__route")
    )
    left = sum((row.amount for row in earned), ZERO)
    if refund.payment is None or left <= 0:
        return
    sold = [row for row in earned if row.refund_id is None]
    origin = _origin(sold, refund)
    refunds = Refund.objects.filter(order=refund.order_id, payment=refund.payment)
    given_back = refunds.aggregate(total=Total("amount"))["total"]
    is_all = cents(given_back) >= refund.payment.amount
    amount = left if is_all else min(part_of(refund.amount, origin.percent), left)
    Commission.objects.create(
        payment=refund.payment,
        booking=refund.booking or origin.booking,
        refund=refund,
        percent=origin.percent,
        base=-refund.amount,
        amount=-amount,
        settlement=origin.settlement,
        at=now,
    )
    if amount and origin.settlement == Settlement.NET:
        amounts = {Account.COMMISSION: -amount, Account.PARTNER: amount}
        LedgerEntry.objects.post(Posting(f"commission-back:{refund.pk}", amounts, at=now, order=refund.order))


def _origin(sold: Sequence[Commission], refund: Refund) -> Commission:
    """By which row the refunded booking was sold: its own, else that of its line, as of one that was split
    off, else the first.
    """
    if refund.booking:
        line = refund.booking.schedule.route.line_id
        for row in sold:
            if row.booking_id == refund.booking_id:
                return row
        for row in sold:
            if row.booking.schedule.route.line_id == line:
                return row
    return sold[0]
