"""Tickets without a seat on a full coach: whoever holds one is seated in order when boarding closes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, Refusal, SalesClosed
from bookings.base.money import ZERO, cents
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.sale import Sale, pay
from bookings.domain.counter.shifts import lock_shift
from bookings.domain.fares.companions import check_adult
from bookings.domain.fares.prices import FareTable, fare_table
from bookings.domain.inventory.claims import lock_schedules, refresh, taken_seats
from bookings.domain.inventory.seat_choice import SeatAvailability, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.confirmation import confirm_order
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import fare_lines, insert_order, post_sale
from bookings.domain.sales.orders import TicketTerms, issue_ticket, open_booking
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Channel, FareClass, Order, SaleStatus, Shift, Ticket


def sell_standby(
    ref: SegmentRef, sale: Sale, *, shift: Shift, submission: str, now: datetime | None = None
) -> Order:
    """Sell tickets without seats at the lowest price of the segment, paid at once, once per `submission`.

    Raises Conflict while there are seats for all of them, SalesClosed, or what taking the money raises.
    """

    def action() -> str:
        order = _place(ref, sale, shift, now or database_now())
        pay(order, sale.tender, shift=shift, submission=submission, now=now)
        return order.token

    return Order.objects.get(
        token=run_once(
            "standby", submission, f"{ref} {sale.content}", action=action, now=now or database_now()
        )
    )


def _place(ref: SegmentRef, sale: Sale, shift: Shift, now: datetime) -> Order:
    passengers = sale.passengers
    if not passengers or not all(
        passenger.get("first_name") or passenger.get("surname") for passenger in passengers
    ):
        raise Refusal(_("Please enter the name of every passenger."))
    before = get_segment(ref)
    locked = lock_schedules([ref.schedule_id])
    lock_shift(shift)
    segment = Segment(locked[ref.schedule_id], before.board, before.alight)
    _check_full(segment, len(passengers), now)
    fares = fare_table([(segment.board, segment.alight)])
    fare_class, adult = standby_price(segment, fares)
    prices = fares.fares_by_type(adult)
    slugs = [
        slug if (slug := passenger.get("passenger_type", "")) in prices else next(iter(prices))
        for passenger in passengers
    ]
    check_adult((fares.types[slug] for slug in slugs), is_abroad=before.is_abroad)
    order = Order(
        token=random_token(),
        email=sale.email,
        phone=sale.phone,
        channel=Channel.COUNTER,
        pay_by=now + timedelta(minutes=company_settings.payment_minutes),
        placed_at=now,
        seller=shift.clerk,
        shift=shift,
    )
    insert_order(order, total=sum((prices[slug] for slug in slugs), ZERO))
    booking = open_booking(order, segment, now=now)
    lines = []
    for passenger, slug in zip(passengers, slugs, strict=True):
        terms = TicketTerms(None, fares.types[slug], fare_class, cents(prices[slug]), Ticket.Place.STANDBY)
        lines += fare_lines(issue_ticket(booking, passenger, terms), is_abroad=before.is_abroad)
    post_sale(booking, lines, now=now)
    if not order.total:
        confirm_order(order, [booking], now=now, shift=shift)
    refresh(locked)
    return order


def _check_full(segment: Segment, count: int, now: datetime) -> None:
    schedule_id = segment.schedule.pk
    # Once it is expected to leave, whoever stands by may have the money back: nobody is added then.
    if now >= segment.expected_boards_at or not segment.is_on_sale(now, Channel.COUNTER):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    drop_expired([schedule_id], now=now)
    taken = taken_seats(schedule_id, segment.legs, now=now)
    coach = SeatAvailability(
        sold_seats(segment.schedule.layout_id),
        taken,
        is_wheelchair_kept=are_places_reserved(segment.boards_at, now),
    )
    if sum(coach.is_for_all(seat) for seat in coach.free) >= count:
        raise Conflict(_("There are free seats on this coach again: sell those first."))


def standby_price(segment: Segment, fares: FareTable) -> tuple[FareClass, Decimal]:
    """The cheapest class sold on a segment and what an adult pays.

    Raises Refusal if the segment is not sold.
    """
    kinds = {seat.kind for seat in sold_seats(segment.schedule.layout_id)}
    day, price_zar = segment.boards_local.date(), segment.schedule.price_zar
    sold = [
        (price, fare_class)
        for fare_class in fares.classes
        if kinds & set(fare_class.seat_kinds)
        and (price := fares.price(segment.board, segment.alight, fare_class, price_zar=price_zar, day=day))
        is not None
    ]
    if not sold:
        raise Refusal(_("This departure is not sold between these two stops."))
    price, fare_class = min(sold, key=lambda pair: pair[0])
    return fare_class, price


def waiting(schedule_ids: Iterable[int]) -> dict[int, int]:
    """How many passengers stand by for each of these departures: one query."""
    rows = Ticket.objects.filter(
        schedule__in=list(schedule_ids),
        place=Ticket.Place.STANDBY,
        status=Ticket.Status.VALID,
        booking__status=SaleStatus.CONFIRMED,
    )
    return dict(rows.order_by().values_list("schedule").annotate(Count("pk")))
