"""What the screen of a sale shows.

Departures with their free seats by class, a segment's seats, what an order owes, what was sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.dates import day_mark, duration_text
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, cents, format_zar, rand
from bookings.domain.counter.coins import in_coins
from bookings.domain.counter.sale import counter_hold, order_of, sale_wheelchairs
from bookings.domain.counter.shifts import TENDERS
from bookings.domain.counter.standby import standby_price, waiting
from bookings.domain.counter.tender import amount_due
from bookings.domain.fares.prices import fare_table, read_party
from bookings.domain.inventory.seats import SeatMap, seat_map
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.network.places import Place
from bookings.domain.sales.booking_page import booking_segment, bookings_of
from bookings.domain.sales.checkout_page import CheckoutView, checkout_view
from bookings.domain.search.availability import TakenByDeparture, taken_by_kind
from bookings.domain.search.pricing import PriceList, price_list
from bookings.domain.search.segments import Departure, check_day, find_departures, find_route_segments
from bookings.domain.tickets.qr import ticket_qr_svg
from bookings.domain.tickets.receipt_text import method_text
from bookings.domain.tickets.receipts import tenders_of
from bookings.domain.tickets.ticketed_trip import TicketedTrip, place_text, ticketed_trips_of
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.domain.timetable.trips import TripView, expected_text, late_text, local_text, trip_view
from bookings.models import VOUCHER, Booking, Channel, Hold, Order, SaleStatus, SeatKind, Ticket, Total, User

PAGE: Final = 9  # rows that one digit picks


@dataclass(frozen=True)
class ClassOffer:
    name: str
    price: str  # an adult's
    free: int


@dataclass(frozen=True)
class CounterOffer:
    """A departure as a clerk reads it."""

    number: int
    ref: SegmentRef
    departs: str
    arrives: str
    day_mark: str
    duration: str
    board_stop: str
    alight_stop: str
    line: str
    note: str
    classes: tuple[ClassOffer, ...]
    standing_by: int
    late: str  # of a coach that should have left and is not known to have; else empty
    departs_note: str  # "expected 17:45": what was told that the plan does not say

    @property
    def free(self) -> int:
        return sum(offer.free for offer in self.classes)


@dataclass(frozen=True)
class CounterOffers:
    rows: tuple[CounterOffer, ...]
    total: int
    page: int
    pages: int


def counter_offers(
    origin: Place, destination: Place, day: date, *, now: datetime, page: int = 1
) -> CounterOffers:
    """What the counter still sells on a day, a page of it, in a constant number of queries.

    Today that is also what is late, be it since yesterday.
    """
    check_day(day, now)
    if set(origin.stop_ids) == set(destination.stop_ids):
        raise Refusal(_("Please choose two different places."))
    segments = find_route_segments(origin.stop_ids, destination.stop_ids)
    is_today = day == now.astimezone(ZoneInfo(origin.time_zone)).date()
    first = day - timedelta(days=1) if is_today else day
    departures = [
        departure
        for departure in find_departures(segments, first, day, now=now, channel=Channel.COUNTER)
        if departure.boards_local.date() == day or departure.boards_at <= now
    ]
    prices = price_list(departures, read_party(1, {}))
    sold = prices.sold(departures)
    pages = max(1, -(-len(sold) // PAGE))
    page = min(max(page, 1), pages)
    shown = sold[(page - 1) * PAGE : page * PAGE]
    taken, queue = taken_by_kind(shown, now=now), waiting(departure.id for departure in shown)
    rows = (
        _offer(number, departure, prices, (taken, queue), now) for number, departure in enumerate(shown, 1)
    )
    return CounterOffers(tuple(rows), len(sold), page, pages)


def _offer(
    number: int,
    departure: Departure,
    prices: PriceList,
    demand: tuple[TakenByDeparture, dict[int, int]],
    now: datetime,
) -> CounterOffer:
    """`demand`: the seats taken, and who stands by."""
    taken, queue = demand
    reserved = {SeatKind.ACCESSIBLE} if are_places_reserved(departure.boards_at, now) else set()
    segment, departs, arrives = departure.segment, departure.boards_local, departure.alights_local
    seats, gone = prices.layouts[departure.layout_id].seats, taken.get(departure.id, {})
    return CounterOffer(
        number=number,
        ref=SegmentRef(departure.id, segment.board.ref, segment.alight.ref),
        departs=f"{departs:%H:%M}",
        arrives=f"{arrives:%H:%M}",
        day_mark=day_mark(arrives.date(), departs.date()),
        duration=duration_text(segment.minutes),
        board_stop=segment.board.stop.name,
        alight_stop=segment.alight.stop.name,
        line=segment.line,
        note=_("Relief coach %(number)d") % {"number": departure.coach} if departure.coach > 1 else "",
        classes=tuple(
            ClassOffer(
                fare_class.name,
                format_zar(price),
                sum(
                    max(0, seats.get(kind, 0) - gone.get(kind, 0))
                    for kind in {*fare_class.seat_kinds} - reserved
                ),
            )
            for price, fare_class in prices.classes(departure)
        ),
        standing_by=queue.get(departure.id, 0),
        late=late_text(departure.boards_local, now, departure.expected_boards_at),
        departs_note=expected_text(departure.boarding, ZoneInfo(segment.board.stop.time_zone))
        if departure.boarding
        else "",
    )


@dataclass(frozen=True)
class SegmentView:
    """The segment that was chosen: its seats, its prices, and what the sale holds already."""

    trip: TripView
    seats: SeatMap
    from_city: str
    to_city: str
    day: date
    party: int  # of the sale so far
    is_return: bool
    wheelchairs: int  # of the sale so far
    laps: int
    standby_fares: dict[str, str]  # by passenger type; empty while there are seats
    country: str  # ISO code of where it starts, empty if unknown
    late: str  # as of a CounterOffer

    @property
    def is_full(self) -> bool:
        return self.seats.free <= self.seats.reserved


def segment_view(ref: SegmentRef, *, clerk: User, hold: str = "", now: datetime) -> SegmentView:
    """What the clerk chooses seats from. `hold` is the sale that the seats are for."""
    segment = get_segment(ref)
    sale = counter_hold(hold, clerk) if hold else None
    wheelchairs = sale_wheelchairs(sale) if sale else 0
    seats = seat_map(
        segment,
        now=now,
        owner=sale.owner if sale else "",
        channel=Channel.COUNTER,
        takes_wheelchair_places=True,
    )
    standby: dict[str, str] = {}
    if seats.free <= seats.reserved and seats.is_on_sale and now < segment.expected_boards_at:
        fares = fare_table([(segment.board, segment.alight)])
        standby = {
            slug: format_zar(fare)
            for slug, fare in fares.fares_by_type(standby_price(segment, fares)[1]).items()
            if not fares.types[slug].travels_on_lap
        }
    trip = trip_view(segment)
    party = {trip.schedule_id: trip.seats.count() for trip in sale.trips.all()} if sale else {}
    return SegmentView(
        trip=trip,
        seats=seats,
        from_city=segment.board.stop.city.slug,
        to_city=segment.alight.stop.city.slug,
        day=segment.boards_local.date(),
        party=next(iter(party.values()), 0),
        is_return=bool(party) and ref.schedule_id not in party,
        wheelchairs=wheelchairs,
        laps=_laps(sale, next(iter(party.values()), 0)),
        standby_fares=standby,
        country=segment.board.stop.city.country,
        late=late_text(segment.boards_local, now, segment.expected_boards_at) if seats.is_on_sale else "",
    )


def _laps(sale: Hold | None, seats: int) -> int:
    """How many of the sale's passengers travel on laps: those who come after the seats."""
    return max(0, len(sale.draft.get("passengers", [])) - seats) if sale else 0


def held_sale(token: str, *, clerk: User, now: datetime) -> CheckoutView:
    """The seats that a sale keeps, with what was typed so far. Raises NotFound for another clerk's."""
    return checkout_view(token, owner=counter_hold(token, clerk).owner, channel=Channel.COUNTER, now=now)


@dataclass(frozen=True)
class Owed:
    """An order whose money is taken at the counter."""

    order: Order
    reference: str
    trips: tuple[TripView, ...]
    people: tuple[str, ...]
    owed: Decimal
    pay_by_text: str
    has_run_out: bool
    paid_text: str  # what was paid of it before, "" for nothing

    @property
    def owed_text(self) -> str:
        return format_zar(self.owed)

    @property
    def cash_text(self) -> str:
        return format_zar(in_coins(self.owed))


def owed_order(reference: str, *, now: datetime) -> Owed:
    """What is owed on the order that this reference belongs to.

    Raises NotFound, or Conflict when there is nothing to pay.
    """
    order, code = order_of(reference), normal_code(reference)[:12]
    owed = amount_due(order, now=now)
    if owed <= 0:
        reasons: dict[str, str] = {
            SaleStatus.CONFIRMED: _("Booking %(code)s is paid already."),
            SaleStatus.CANCELLED: _("Booking %(code)s is cancelled."),
        }
        reason = reasons.get(order.status, _("There is nothing to pay on booking %(code)s."))
        raise Conflict(reason % {"code": code})
    bookings = bookings_of(order)
    return Owed(
        order=order,
        reference=code,
        trips=tuple(
            trip_view(booking_segment(booking), tuple(t.seat.label for t in booking.tickets.all() if t.seat))
            for booking in bookings
        ),
        people=tuple(
            dict.fromkeys(ticket.full_name for booking in bookings for ticket in booking.tickets.all())
        ),
        owed=owed,
        pay_by_text=local_text(order.pay_by) if order.pay_by else "",
        has_run_out=not order.is_open(now),
        paid_text=format_zar(paid) if (paid := _paid(order)) else "",
    )


def _paid(order: Order) -> Decimal:
    paid = order.payments.aggregate(total=Total("amount"))["total"] or ZERO
    return cents(paid - (order.refunds.aggregate(total=Total("amount"))["total"] or ZERO))


@dataclass(frozen=True)
class SoldView:
    """What the clerk says, gives and prints after a sale."""

    order: Order
    references: tuple[str, ...]
    trips: tuple[TicketedTrip, ...]
    passes: tuple[PrintedTicket, ...]
    total_text: str
    tender: str  # of a split payment all of them
    given_text: str
    change: Decimal
    is_standby: bool
    parts: tuple[tuple[str, str], ...]  # tender and amount, of a split payment

    @property
    def change_text(self) -> str:
        return format_zar(self.change)


@dataclass(frozen=True)
class PrintedTicket:
    """One ticket to print."""

    trip: TicketedTrip
    ticket: Ticket
    place: str
    qr: str


def sold_view(token: str) -> SoldView:
    """A paid order with its tickets. Raises NotFound, or Conflict while it is not paid."""
    order = _paid_order(token)
    trips = tuple(ticketed_trips_of(bookings_of(order)))
    tenders = [tender for tender in tenders_of(order.pk) if tender.method in (*TENDERS, VOUCHER)]
    tenders = [tender for tender in tenders if tender.at == tenders[-1].at]  # of this payment
    cash = next((tender for tender in tenders if tender.given is not None), None)
    parts = tuple((method_text(tender.method), format_zar(rand(tender.cents))) for tender in tenders)
    return SoldView(
        order=order,
        references=tuple(trip.booking.booking_reference for trip in trips),
        trips=trips,
        passes=tuple(
            PrintedTicket(trip, ticket, place_text(ticket), ticket_qr_svg(ticket))
            for trip in trips
            for ticket in trip.tickets
        ),
        total_text=format_zar(rand(sum(tender.cents for tender in tenders)) if tenders else order.total),
        tender=" + ".join(tender for tender, _amount in parts),
        given_text=format_zar(rand(cash.given or 0)) if cash else "",
        change=rand(cash.change) if cash else ZERO,
        is_standby=any(ticket.place == Ticket.Place.STANDBY for trip in trips for ticket in trip.tickets),
        parts=parts if len(parts) > 1 else (),
    )


def sold_bookings(token: str) -> list[Booking]:
    """The confirmed bookings of a paid order, for its PDF.

    Raises NotFound, or Conflict while it is not paid.
    """
    return [booking for booking in bookings_of(_paid_order(token)) if booking.status == SaleStatus.CONFIRMED]


def _paid_order(token: str) -> Order:
    order = Order.objects.filter(token=token).first()
    if order is None:
        raise NotFound(_("We could not find this order."))
    if order.status != SaleStatus.CONFIRMED:
        raise Conflict(_("This order is not paid or no longer valid: there is nothing to print."))
    return order
