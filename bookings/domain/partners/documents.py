"""A partner's orders and holds as its programs get them: ready values, a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch, Q, QuerySet

from bookings.base.cursors import Cursor
from bookings.base.money import ZERO, cents
from bookings.domain.fares.luggage import luggage_prices
from bookings.domain.partners.quotes import Quote
from bookings.domain.partners.sales import partner_booking, partner_hold
from bookings.domain.sales.booking_page import booking_segment, booking_status
from bookings.domain.sales.cancellations import CancellationQuote, can_cancel, cancellation_quote
from bookings.domain.sales.checkout import discount_of, pay_later_until, trip_fares
from bookings.domain.sales.held_trips import hold_trips
from bookings.domain.sales.ledger import PLACED
from bookings.domain.sales.refund_state import RefundState, state_of, with_state
from bookings.domain.timetable.segments import Point, Segment
from bookings.models import (
    Account,
    Booking,
    Channel,
    FareClass,
    Hold,
    HoldTrip,
    LedgerEntry,
    Order,
    Partner,
    Refund,
    SaleStatus,
    Ticket,
    Total,
)


@dataclass(frozen=True)
class SegmentDoc:
    schedule_id: int
    line: str
    origin: Point
    destination: Point


@dataclass(frozen=True)
class TicketDoc:
    id: int
    first_name: str
    surname: str
    passenger_type: str
    seat: str | None
    needs_wheelchair: bool
    help_request: str
    fare_class: str
    fare_zar: Decimal  # less `discount_zar`
    discount_zar: Decimal
    extra_luggage: int  # pieces
    luggage_zar: Decimal
    status: str
    code: str | None  # once it is paid
    spoken_code: str | None


@dataclass(frozen=True)
class BookingDoc:
    reference: str
    status: str
    segment: SegmentDoc
    tickets: tuple[TicketDoc, ...]


@dataclass(frozen=True)
class RefundDoc:
    amount_zar: Decimal
    status: str
    state: RefundState
    method: str | None
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True)
class OrderDoc:
    id: str
    external_reference: str | None
    status: str
    total_zar: Decimal
    owed_zar: Decimal
    pays_later: bool
    pay_by: datetime | None  # while it can be paid
    placed_at: datetime
    updated_at: datetime
    email: str
    phone: str
    bookings: tuple[BookingDoc, ...]
    refunds: tuple[RefundDoc, ...]


@dataclass(frozen=True)
class HeldSeat:
    seat: str | None  # none on a lap
    fare_class: str
    passenger_type: str
    fare_zar: Decimal
    luggage_prices_zar: tuple[Decimal, ...]  # of 1, 2, … extra pieces


@dataclass(frozen=True)
class HeldSegment:
    segment: SegmentDoc
    seats: tuple[HeldSeat, ...]


@dataclass(frozen=True)
class HoldDoc:
    id: str
    expires_at: datetime
    is_expired: bool
    total_zar: Decimal  # less `discount_zar`
    promo_code: str | None
    discount_zar: Decimal
    can_pay_later: bool  # at a counter; not too close to departure
    order: str | None  # the order it has become
    segments: tuple[HeldSegment, ...]


@dataclass(frozen=True)
class RefundLineDoc:
    ticket: int
    name: str
    fare_zar: Decimal
    fee_zar: Decimal
    refund_zar: Decimal


@dataclass(frozen=True)
class CancellationDoc:
    """What cancelling would give back now, and when that falls."""

    reference: str
    is_possible: bool
    refund_zar: Decimal
    fee_zar: Decimal
    falls_at: datetime | None
    falls_to_zar: Decimal | None
    tickets: tuple[RefundLineDoc, ...]


def segment_doc(segment: Segment) -> SegmentDoc:
    return SegmentDoc(
        segment.schedule.pk,
        segment.schedule.route.line.code,
        segment.origin,
        segment.destination,
    )


def hold_doc(token: str, partner: Partner, *, now: datetime) -> HoldDoc:
    """Raises NotFound for a hold that is not this partner's."""
    hold = partner_hold(token, partner)
    trips = hold_trips(hold.token)
    segments = [Segment(trip.schedule, trip.from_stop, trip.to_stop) for trip in trips]
    held = tuple(
        HeldSegment(segment_doc(segment), _held(trip, hold))
        for segment, trip in zip(segments, trips, strict=True)
    )
    order = getattr(hold, "order", None)
    discount = _discount(hold, trips, now)
    return HoldDoc(
        id=hold.token,
        expires_at=hold.expires_at,
        is_expired=order is None and hold.expires_at <= now,
        total_zar=sum((seat.fare_zar for segment in held for seat in segment.seats), ZERO) - discount,
        promo_code=hold.promo_code or None,
        discount_zar=discount,
        can_pay_later=pay_later_until(min(segment.boards_at for segment in segments), now) is not None,
        order=order.token if order else None,
        segments=held,
    )


def _discount(hold: Hold, trips: Sequence[HoldTrip], now: datetime) -> Decimal:
    """What the promo code takes off now, or took off the order that was made."""
    if hold.promo_code and hasattr(hold, "order"):
        sums = Ticket.objects.filter(booking__order=hold.order).aggregate(total=Total("discount"))
        return sums["total"] or ZERO
    return discount_of(hold, trips, channel=Channel.API, now=now).total


def _held(trip: HoldTrip, hold: Hold) -> tuple[HeldSeat, ...]:
    types = [passenger["passenger_type"] for passenger in hold.draft["passengers"]]
    seats = trip.seats.all()
    places: list[tuple[str | None, FareClass]] = [(held.seat.label, held.fare_class) for held in seats]
    places += [(None, places[0][1])] * (len(types) - len(places))  # those on laps
    people = zip(places, types, trip_fares(trip, hold.draft), strict=True)
    line_id = trip.schedule.route.line_id
    return tuple(
        HeldSeat(label, fare_class.code, kind, fare, luggage_prices(line_id, fare_class.pk))
        for (label, fare_class), kind, fare in people
    )


@dataclass(frozen=True)
class OrderFilter:
    status: str = ""
    external_reference: str = ""
    updated_since: datetime | None = None
    after: Cursor | None = None


def orders_of(partner: Partner, criteria: OrderFilter) -> QuerySet[Order]:
    """Newest first; with `updated_since` by their last change, oldest first.

    Both by an index of the partner's orders, for a page of them.
    """
    rows = Order.objects.filter(partner=partner)
    if criteria.status:
        rows = rows.filter(status=criteria.status)
    if criteria.external_reference:
        rows = rows.filter(external_reference=criteria.external_reference)
    if criteria.updated_since is None:
        return (rows.filter(pk__lt=criteria.after.pk) if criteria.after else rows).order_by("-pk")
    rows = rows.filter(updated_at__gte=criteria.updated_since)
    if criteria.after:
        since, pk = criteria.after
        rows = rows.filter(updated_at__gte=since).filter(Q(updated_at__gt=since) | Q(pk__gt=pk))
    return rows.order_by("updated_at", "pk")


def order_docs(orders: Iterable[Order], *, now: datetime) -> list[OrderDoc]:
    """Four queries, however many orders."""
    orders = list(orders)
    ids = [order.pk for order in orders]
    bookings: dict[int, list[Booking]] = {pk: [] for pk in ids}
    tickets = Ticket.objects.select_related("seat", "passenger_type", "fare_class").order_by("pk")
    rows = Booking.objects.filter(order__in=ids).select_related(
        "schedule__route__line", "from_stop__stop__city", "to_stop__stop__city"
    )
    for booking in rows.prefetch_related(Prefetch("tickets", queryset=tickets)).order_by("boards_at", "pk"):
        bookings[booking.order_id].append(booking)
    refunds: dict[int, list[Refund]] = {pk: [] for pk in ids}
    for refund in with_state(Refund.objects.filter(order__in=ids)).order_by("pk"):
        refunds[refund.order_id].append(refund)
    entries = LedgerEntry.objects.filter(order__in=ids, account=Account.RECEIVABLE).order_by()
    placed = Total("amount", filter=Q(cause__startswith=PLACED))
    sums = entries.values_list("order").annotate(total=Total("amount"), placed=placed)
    owed = {order: (cents(total), cents(at_first or ZERO)) for order, total, at_first in sums}
    return [
        _order(order, bookings[order.pk], refunds[order.pk], owed.get(order.pk, (ZERO, ZERO)), now)
        for order in orders
    ]


def _order(
    order: Order,
    bookings: Sequence[Booking],
    refunds: Sequence[Refund],
    sums: tuple[Decimal, Decimal],
    now: datetime,
) -> OrderDoc:
    owed, placed = sums
    is_open = order.is_open(now)
    overdue = order.status == SaleStatus.PENDING and not is_open
    return OrderDoc(
        id=order.token,
        external_reference=order.external_reference or None,
        status=SaleStatus.EXPIRED.value if overdue else order.status,
        total_zar=placed,
        owed_zar=owed if is_open or order.status == SaleStatus.CONFIRMED else ZERO,
        pays_later=order.pays_later,
        pay_by=order.pay_by if is_open else None,
        placed_at=order.placed_at,
        updated_at=order.updated_at or order.placed_at,
        email=order.email,
        phone=order.phone,
        bookings=tuple(_booking(booking, order, now) for booking in bookings),
        refunds=tuple(
            RefundDoc(
                refund.amount,
                refund.status,
                state_of(refund),
                refund.method or None,
                refund.created_at,
                refund.paid_at,
            )
            for refund in refunds
        ),
    )


def _booking(booking: Booking, order: Order, now: datetime) -> BookingDoc:
    status = str(booking_status(booking, order, now))
    tickets = tuple(_ticket(ticket, status == SaleStatus.CONFIRMED) for ticket in booking.tickets.all())
    return BookingDoc(booking.booking_reference, status, segment_doc(booking_segment(booking)), tickets)


def _ticket(ticket: Ticket, is_paid: bool) -> TicketDoc:
    return TicketDoc(
        id=ticket.pk,
        first_name=ticket.first_name,
        surname=ticket.surname,
        passenger_type=ticket.passenger_type.slug,
        seat=ticket.seat.label if ticket.seat else None,
        needs_wheelchair=ticket.needs_wheelchair,
        help_request=ticket.help_request,
        fare_class=ticket.fare_class.code,
        fare_zar=ticket.fare,
        discount_zar=ticket.discount,
        extra_luggage=ticket.extra_luggage,
        luggage_zar=ticket.luggage_price,
        status=ticket.status,
        code=ticket.code if is_paid else None,
        spoken_code=ticket.spoken_code if is_paid else None,
    )


def cancellation_doc(
    reference: str, partner: Partner, ticket_ids: Sequence[int] | None = None, *, now: datetime
) -> CancellationDoc:
    """Raises NotFound for a booking that is not this partner's."""
    booking = partner_booking(reference, partner)
    quote = cancellation_quote(booking, ticket_ids, now=now)
    overdue = booking.status == SaleStatus.PENDING and not booking.order.is_open(now)
    return _cancellation(booking, quote, can_cancel(booking, now) and bool(quote.lines) and not overdue)


def _cancellation(booking: Booking, quote: CancellationQuote, is_possible: bool) -> CancellationDoc:
    falls_at = quote.drops_at if is_possible else None
    return CancellationDoc(
        reference=booking.booking_reference,
        is_possible=is_possible,
        refund_zar=quote.refund if is_possible else ZERO,
        fee_zar=quote.fee if is_possible else ZERO,
        falls_at=falls_at,
        falls_to_zar=quote.then if falls_at else None,
        tickets=tuple(
            RefundLineDoc(
                line.ticket.pk, line.ticket.full_name, line.ticket.price, line.quote.fee, line.quote.amount
            )
            for line in (quote.lines if is_possible else ())
        ),
    )


@dataclass(frozen=True)
class QuoteDoc:
    quote: str
    expires_at: datetime
    total_zar: Decimal  # less `discount_zar`
    promo_code: str | None
    discount_zar: Decimal
    segments: tuple[HeldSegment, ...]


def quote_doc(quote: Quote) -> QuoteDoc:
    segments = tuple(
        HeldSegment(
            segment_doc(segment.segment),
            tuple(
                HeldSeat(
                    quoted_seat.seat.label if quoted_seat.seat else None,
                    quoted_seat.fare_class.code,
                    quoted_seat.passenger_type,
                    quoted_seat.fare,
                    luggage_prices(segment.segment.schedule.route.line_id, quoted_seat.fare_class.pk),
                )
                for quoted_seat in segment.seats
            ),
        )
        for segment in quote.segments
    )
    return QuoteDoc(
        quote.text,
        quote.expires_at,
        quote.total,
        quote.discount.code or None,
        quote.discount.total,
        segments,
    )
