"""Bookings of the demo as rows, written in bulk.

They obey the same rules as real ones; check_invariants says so.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from bookings.base.codes import CROCKFORD, TICKET_LETTERS
from bookings.base.money import ZERO
from bookings.base.names import plain_first_name, plain_surname, plain_surname_end
from bookings.database.transactions import short_transaction
from bookings.demo.loads import CANCELLED, DOOR_OPENS, STANDBY, UNPAID, DemoSale, WeightedSegment
from bookings.demo.outcomes import Sold, board, board_some, cancel, entries_of, lines_of, messages_of
from bookings.demo.people import DemoPassenger, email_of
from bookings.demo.tills import Counters
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.prices import FareTable, passenger_price
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.sales.order_lines import set_totals
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    Channel,
    LedgerEntry,
    Order,
    OrderLine,
    OutboxMessage,
    Partner,
    Payment,
    PaymentAttempt,
    Refund,
    SaleStatus,
    Schedule,
    Seat,
    SeatClaim,
    SeatKind,
    Ticket,
    User,
)

_AT_COUNTER: Final = 0.5  # of what is sold while counters are open
_BY_PARTNER: Final = "P"  # a thirtieth of what is paid online has such a reference
_UNPAID_FOR: Final = 23 * 60  # minutes: some orders are about to run out
_AT_THE_DOOR: Final = (Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)
_MINUTE: Final = timedelta(minutes=1)


def adult_fare(fares: FareTable, segment: WeightedSegment, schedule: Schedule, kind: str) -> Decimal | None:
    """What a ride on a seat of this kind costs; None if it is not sold."""
    boards = schedule.departure_time + segment.board.depart_min * _MINUTE
    day = boards.astimezone(ZoneInfo(segment.board.stop.time_zone)).date()
    fare_class = fares.class_of(kind)
    if fare_class is None:
        return None
    return fares.price(segment.board, segment.alight, fare_class, price_zar=schedule.price_zar, day=day)


@dataclass
class Writer:
    """Collects sales and writes them with everything that belongs to them.

    Random numbers come from the departure's own source.
    """

    now: datetime
    clerk: User
    counters: Counters
    partner: Partner
    sold: list[Sold] = field(default_factory=list)
    rngs: list[Random] = field(default_factory=list)

    def add(self, sale: DemoSale, schedule: Schedule, fares: FareTable, rng: Random) -> None:
        one = _sell(sale, schedule, fares, self.now, self.counters, rng)
        if one is None:
            return
        if one.method and one.booking.booking_reference.startswith(_BY_PARTNER):
            one.order.channel, one.order.partner, one.method = Channel.API, self.partner, Account.PARTNER
        self.sold.append(one)
        self.rngs.append(rng)

    def write(self, schedules: Sequence[Schedule]) -> None:
        """All of it or nothing, on `schedules` that were empty."""
        with short_transaction():
            Order.objects.bulk_create(one.order for one in self.sold)
            Booking.objects.bulk_create(one.booking for one in self.sold)
            Ticket.objects.bulk_create(ticket for one in self.sold for ticket in one.tickets)
            self._write_claims(schedules)
            self._write_events()
            OrderLine.objects.bulk_create(line for one in self.sold for line in lines_of(one))
            set_totals([one.order.pk for one in self.sold if one.booking.cancelled_at])
            self._write_money()
            self._write_messages()
            Schedule.objects.bulk_update(schedules, ["available_seats", "revision"])
        self.sold, self.rngs = [], []

    def _write_claims(self, schedules: Sequence[Schedule]) -> None:
        """No-shows have given up their seats."""
        claims = [
            SeatClaim(
                schedule_id=one.booking.schedule_id,
                seat_id=ticket.seat_id,
                leg=leg,
                ticket_id=ticket.pk,
                kind=SeatClaim.Kind.HELD if one.booking.status == SaleStatus.PENDING else SeatClaim.Kind.SOLD,
                expires_at=one.order.pay_by if one.booking.status == SaleStatus.PENDING else None,
            )
            for one in self.sold
            if one.booking.status != SaleStatus.CANCELLED
            for ticket in one.tickets
            if ticket.seat_id and ticket.status != Ticket.Status.NO_SHOW
            for leg in range(one.segment.board.position, one.segment.alight.position)
        ]
        SeatClaim.objects.bulk_create(claims)
        used = Counter(
            schedule_id for schedule_id, _seat in {(claim.schedule_id, claim.seat_id) for claim in claims}
        )
        for schedule in schedules:
            schedule.available_seats -= used[schedule.pk]

    def _write_events(self) -> None:
        BookingEvent.objects.bulk_create(
            BookingEvent(
                booking_id=one.booking.pk,
                ticket_id=ticket.pk if ticket else None,
                from_status=before,
                to_status=after,
                actor_id=self.clerk.pk if after in _AT_THE_DOOR else one.order.seller_id,
                at=at,
            )
            for one in self.sold
            for before, after, at, ticket in one.events
        )

    def _write_money(self) -> None:
        attempts, payments, refunds = {}, {}, {}
        for index, (one, rng) in enumerate(zip(self.sold, self.rngs, strict=True)):
            if not one.method or one.paid_at is None:
                continue
            if one.method != Account.PARTNER:
                attempts[index] = PaymentAttempt(
                    order=one.order,
                    gateway=one.method,
                    token=_token(rng),
                    amount=one.order.total,
                    status=PaymentAttempt.Status.PAID,
                    created_at=one.order.placed_at,
                )
            payments[index] = Payment(
                order=one.order,
                attempt=attempts.get(index),
                method=one.method,
                external_id=_token(rng),
                amount=one.order.total,
                paid_at=one.paid_at,
            )
            if one.booking.cancelled_at and one.refund > 0:
                refunds[index] = Refund(
                    order=one.order,
                    booking=one.booking,
                    payment=payments[index],
                    cause=f"cancel:{one.booking.pk}",
                    amount=one.refund,
                    method=one.method,
                    status=Refund.Status.PAID,
                    created_at=one.booking.cancelled_at,
                    paid_at=one.booking.cancelled_at,
                )
        PaymentAttempt.objects.bulk_create(attempts.values())
        Payment.objects.bulk_create(payments.values())
        Refund.objects.bulk_create(refunds.values())
        entries = []
        for index, (one, rng) in enumerate(zip(self.sold, self.rngs, strict=True)):
            entries += entries_of(one, payments.get(index), refunds.get(index), rng)
        LedgerEntry.objects.bulk_create(entries)
        charged = sum((entry.amount for entry in entries if entry.account == Account.PARTNER), ZERO)
        Partner.objects.filter(pk=self.partner.pk).charge(charged)

    def _write_messages(self) -> None:
        OutboxMessage.objects.bulk_create(
            OutboxMessage(
                kind=kind,
                order_id=one.order.pk,
                subject=subject,
                about_id=about_id,
                created_at=at,
                next_try=at,
                attempts=1,
                sent_at=at + _MINUTE,
                message_id=f"<{_token(rng)}@demo.example>",
            )
            for one, rng in zip(self.sold, self.rngs, strict=True)
            for kind, subject, about_id, at in messages_of(one)
        )


def _sell(
    sale: DemoSale, schedule: Schedule, fares: FareTable, now: datetime, counters: Counters, rng: Random
) -> Sold | None:
    """The sale as rows; None for standby tickets, which only counters sell, at an hour at which none was
    open.
    """
    segment = sale.segment
    boards_at = schedule.departure_time + segment.board.depart_min * _MINUTE
    status, placed_at, cancelled_at = _times(sale.outcome, boards_at, now, rng)
    paid_at = placed_at + rng.randint(1, 9) * _MINUTE
    stands_by = sale.outcome == STANDBY
    by_counter = stands_by or (status != SaleStatus.PENDING and rng.random() < _AT_COUNTER)
    seller = counters.seller(paid_at, rng) if by_counter else None
    if stands_by and seller is None:
        return None
    at_counter = seller is not None
    email = "" if at_counter and rng.random() < 0.5 else email_of(sale.passengers[0], rng)
    unpaid_until = min(
        placed_at + timedelta(hours=company_settings.pay_later_hours),
        boards_at - timedelta(hours=company_settings.pay_later_cutoff_hours),
    )
    order = Order(
        token=_token(rng),
        email=email,
        channel=Channel.COUNTER if at_counter else Channel.WEB,
        status=status,
        pays_later=status == SaleStatus.PENDING,
        mailbox_confirmed_at=placed_at if status == SaleStatus.PENDING else None,
        pay_by=unpaid_until
        if status == SaleStatus.PENDING
        else placed_at + company_settings.payment_minutes * _MINUTE,
        placed_at=placed_at,
        seller=seller,
    )
    booking = Booking(
        order=order,
        booking_reference=_code(rng, 8),
        status=status,
        passenger_email=email,
        booking_date=placed_at,
        schedule=schedule,
        from_stop=segment.board,
        to_stop=segment.alight,
        boards_at=boards_at,
        alights_at=schedule.departure_time + segment.alight.arrive_min * _MINUTE,
        cancelled_at=cancelled_at,
    )
    tickets = [
        _ticket(booking, passenger, seat, fares, rng)
        for passenger, seat in zip(sale.passengers, sale.seats, strict=True)
    ]
    order.total = sum((ticket.fare for ticket in tickets), ZERO)
    one = Sold(order, booking, tickets, segment, [("", SaleStatus.PENDING, placed_at, None)])
    if status != SaleStatus.PENDING:
        one.method = "" if at_counter else settings.OFFERED_GATEWAYS[0]  # money at a counter: demo.tills
        one.paid_at = paid_at
        one.events.append((SaleStatus.PENDING, SaleStatus.CONFIRMED, one.paid_at, None))
    if cancelled_at:
        cancel(one, cancelled_at)
    elif status == SaleStatus.CONFIRMED and boards_at < now:
        board(one, rng)
    elif status == SaleStatus.CONFIRMED and boards_at - DOOR_OPENS < now:
        board_some(one, now, rng)
    return one


def _times(
    outcome: str, boards_at: datetime, now: datetime, rng: Random
) -> tuple[str, datetime, datetime | None]:
    """(status, placed at, cancelled at). What cannot be in time is a plain sale instead."""
    if outcome == UNPAID and boards_at > now + timedelta(hours=30):
        return SaleStatus.PENDING, now - rng.randint(10, _UNPAID_FOR) * _MINUTE, None
    latest = min(now - 15 * _MINUTE, boards_at - 60 * _MINUTE)
    placed_at = latest - min(rng.expovariate(1 / 6), 45) * timedelta(days=1)
    placed_at = placed_at.replace(microsecond=0)
    if outcome == CANCELLED:
        ends = min(now, boards_at - timedelta(hours=2))
        first = placed_at + 15 * _MINUTE
        return SaleStatus.CANCELLED, placed_at, first + max(ends - first, timedelta()) * rng.random()
    return SaleStatus.CONFIRMED, placed_at, None


def _ticket(
    booking: Booking, passenger: DemoPassenger, seat: Seat | None, fares: FareTable, rng: Random
) -> Ticket:
    seat_kind = seat.kind if seat else SeatKind.STANDARD
    fare_class = fares.class_of(seat_kind)
    segment = WeightedSegment(booking.from_stop, booking.to_stop, 1)
    adult = adult_fare(fares, segment, booking.schedule, seat_kind)
    if fare_class is None or adult is None:
        raise LookupError(f"Seats of kind {seat_kind} are not sold on {booking.schedule}.")
    kind = fares.types[passenger.kind]
    in_wheelchair = seat_kind == SeatKind.ACCESSIBLE
    return Ticket(
        booking=booking,
        schedule=booking.schedule,
        seat=seat,
        place=Ticket.Place.SEAT if seat else Ticket.Place.STANDBY,
        first_name=passenger.first_name,
        surname=passenger.surname,
        plain_surname=plain_surname(passenger.first_name, passenger.surname),
        plain_surname_end=plain_surname_end(passenger.surname),
        plain_first_name=plain_first_name(passenger.first_name, passenger.surname),
        passenger_type=kind,
        fare_class=fare_class,
        fare=passenger_price(adult, kind),
        needs_wheelchair=in_wheelchair,
        help_request="Please help me with the lift" if in_wheelchair else "",
        refund_terms=RefundTerms.of_policy(fare_class.refund_policy).as_json(),
        code="FBLT" + "".join(rng.choices(TICKET_LETTERS, k=30)),
        spoken_code=_code(rng, 6),
    )


def _code(rng: Random, length: int) -> str:
    return "".join(rng.choices(CROCKFORD, k=length))


def _token(rng: Random) -> str:
    """128 bits in 22 characters, as random_token makes them."""
    return urlsafe_b64encode(rng.randbytes(16)).decode().rstrip("=")
