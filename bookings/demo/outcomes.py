"""What became of a sale of the demo: cancelled, boarded, posted and told, as rows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from bookings.base.money import ZERO
from bookings.demo.loads import DOOR_OPENS, WeightedSegment
from bookings.domain.fares.refund_rules import RefundTerms, refund_quote
from bookings.domain.fares.tax import fare_tax_code
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Account,
    Booking,
    LedgerEntry,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Ticket,
)

_NO_SHOWS: Final = 0.03
_MINUTE: Final = timedelta(minutes=1)


@dataclass
class Sold:
    """One sale on its way into the tables."""

    order: Order
    booking: Booking
    tickets: list[Ticket]
    segment: WeightedSegment
    events: list[tuple[str, str, datetime, Ticket | None]]
    method: str = ""
    paid_at: datetime | None = None
    fees: dict[str, Decimal] = field(default_factory=dict)  # of cancelled tickets, by their codes
    earned_at: datetime | None = None

    @property
    def fee(self) -> Decimal:
        return sum(self.fees.values(), ZERO)

    @property
    def refund(self) -> Decimal:
        return self.order.total - self.fee


def cancel(one: Sold, at: datetime) -> None:
    for ticket in one.tickets:
        terms = RefundTerms.from_json(ticket.refund_terms)
        one.fees[ticket.code] = refund_quote(
            ticket.fare, terms, sold_at=one.booking.booking_date, boards_at=one.booking.boards_at, now=at
        ).fee
        ticket.status = Ticket.Status.CANCELLED
        one.events.append((Ticket.Status.VALID, Ticket.Status.CANCELLED, at, ticket))
    one.events.append((SaleStatus.CONFIRMED, SaleStatus.CANCELLED, at, None))


def board(one: Sold, rng: Random) -> None:
    one.earned_at = one.booking.boards_at
    for ticket in one.tickets:
        ticket.status = Ticket.Status.NO_SHOW if rng.random() < _NO_SHOWS else Ticket.Status.BOARDED
        one.events.append(
            (Ticket.Status.VALID, ticket.status, one.booking.boards_at - rng.randint(1, 25) * _MINUTE, ticket)
        )


def board_some(one: Sold, now: datetime, rng: Random) -> None:
    """Boarding is open: the longer, the more of the passengers are on board."""
    opened = one.booking.boards_at - DOOR_OPENS
    for ticket in one.tickets:
        came = opened + rng.uniform(0, 1.1) * (one.booking.boards_at - opened)
        if came < now:
            ticket.status = Ticket.Status.BOARDED
            one.events.append((Ticket.Status.VALID, ticket.status, came, ticket))


def entries_of(one: Sold, payment: Payment | None, refund: Refund | None, rng: Random) -> list[LedgerEntry]:
    """The postings of a sale, as sales, payments and cancellations write them."""
    total, booking = one.order.total, one.booking
    made: list[LedgerEntry] = []
    purse = Account.PARTNER if one.method == Account.PARTNER else Account.GATEWAY

    def post(cause: str, at: datetime, amounts: Mapping[Account, Decimal], of: Booking | None) -> None:
        posting = uuid.UUID(int=rng.getrandbits(128), version=4)
        made.extend(
            LedgerEntry(
                posting=posting,
                account=account,
                amount=amount,
                order_id=one.order.pk,
                booking_id=of.pk if of else None,
                actor_id=one.order.seller_id,
                partner_id=one.order.partner_id if account == Account.PARTNER else None,
                at=at,
                cause=cause,
                gateway=one.method if account == Account.GATEWAY else "",
            )
            for account, amount in amounts.items()
            if amount
        )

    post(
        f"sale:{booking.pk}",
        one.order.placed_at,
        {Account.RECEIVABLE: total, Account.UNEARNED_FARES: -total},
        booking,
    )
    if payment:
        post(f"payment:{payment.pk}", payment.paid_at, {purse: total, Account.RECEIVABLE: -total}, None)
    if booking.cancelled_at:
        undone = {Account.UNEARNED_FARES: total, Account.FEE: -one.fee, Account.REFUNDS_OWED: -one.refund}
        post(f"cancel:{booking.pk}", booking.cancelled_at, undone, booking)
    if one.earned_at:
        earned = {Account.UNEARNED_FARES: total, Account.REVENUE: -total}
        post(f"earned:{booking.pk}", one.earned_at, earned, booking)
    if refund and refund.paid_at:
        post(
            f"refund:{refund.pk}",
            refund.paid_at,
            {Account.REFUNDS_OWED: refund.amount, purse: -refund.amount},
            None,
        )
    return made


def lines_of(one: Sold) -> list[OrderLine]:
    """The order lines of a sale, as sales and cancellations write them."""
    booking, made = one.booking, list[OrderLine]()
    is_abroad = Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad

    def write(kind: str, ticket: Ticket, amount: Decimal, cause: str, at: datetime, **rule: str) -> None:
        made.append(
            OrderLine(
                order_id=one.order.pk,
                booking_id=booking.pk,
                ticket_id=ticket.pk,
                kind=kind,
                amount=amount,
                tax_code=fare_tax_code(is_abroad=is_abroad),
                rule=rule,
                cause=f"{cause}:{booking.pk}",
                at=at,
            )
        )

    for ticket in one.tickets:
        terms = {"class": ticket.fare_class.code, "type": ticket.passenger_type.slug}
        write(OrderLine.Kind.FARE, ticket, ticket.fare, "sale", one.order.placed_at, **terms)
    if not booking.cancelled_at:
        return made
    for ticket in one.tickets:
        if ticket.fare:
            write(OrderLine.Kind.FARE, ticket, -ticket.fare, "cancel", booking.cancelled_at)
        if fee := one.fees.get(ticket.code):
            write(OrderLine.Kind.CANCELLATION_FEE, ticket, fee, "cancel", booking.cancelled_at)
    return made


def messages_of(one: Sold) -> list[tuple[str, str, int, datetime]]:
    if not one.paid_at:
        return [(OutboxMessage.Kind.PAY_BY, f"order:{one.order.pk}", one.order.pk, one.order.placed_at)]
    messages: list[tuple[str, str, int, datetime]] = [
        (OutboxMessage.Kind.CONFIRMATION, f"order:{one.order.pk}", one.order.pk, one.paid_at)
    ]
    if one.booking.cancelled_at:
        messages.append(
            (
                OutboxMessage.Kind.CANCELLATION,
                f"booking:{one.booking.pk}",
                one.booking.pk,
                one.booking.cancelled_at,
            )
        )
    return messages
