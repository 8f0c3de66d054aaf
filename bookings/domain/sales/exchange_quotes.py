"""What another departure for a paid booking costs: the new seats with their fares, and the fees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal, SalesClosed
from bookings.base.money import ZERO
from bookings.domain.fares.luggage import PricedLuggage, price_luggage
from bookings.domain.fares.prices import FareTable, SoldClass, fare_table, passenger_price
from bookings.domain.fares.refund_rules import RefundQuote, RefundRule
from bookings.domain.inventory.luggage import check_luggage
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, seats_together, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.bookings import Difference, booking_called, changeable
from bookings.domain.sales.cancellations import is_whole_booking, ticket_quote
from bookings.domain.sales.held_party import in_order
from bookings.domain.sales.holds import price_seat
from bookings.domain.sales.left_alone import check_movers, left_alone, tickets_beside
from bookings.domain.sales.promo_codes import PricedSeat, remaining_discounts
from bookings.domain.sales.waivers import Waiver
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Booking, Channel, FareClass, Seat, SeatClaim, Ticket


@dataclass(frozen=True)
class TripChange:
    """Which tickets of a booking (None: all) move to which segment, on the seats of `labels`, or as close
    together as can be in `fare_class` (empty: their own, else any), and who waived the fee.

    `quoted` is the balance that the customer was told. `frozen` are the prices of a quote that was promised
    (`ExchangeLine.frozen`) by ticket: they hold, whatever the seats cost by now.
    """

    reference: str
    to: SegmentRef
    ticket_ids: Collection[int] | None = None
    labels: Collection[str] = ()
    quoted: Decimal | None = None
    waiver: Waiver | None = None
    fare_class: str = ""
    channel: str = Channel.COUNTER
    frozen: Mapping[int, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class ExchangeLine:
    """One passenger: the ticket to replace, its fee by its frozen terms, and the new seat with its fare.

    Who stood by gets a seat.
    """

    ticket: Ticket
    seat: Seat | None  # none on a lap
    fare_class: FareClass
    given_back: RefundQuote
    fare: Decimal  # less `discount`
    discount: Decimal  # what a promo code took off the old ticket, as far as it is kept
    luggage: PricedLuggage  # the same pieces, at the price of the new ride

    @property
    def fee(self) -> Decimal:
        return self.given_back.fee

    @property
    def frozen(self) -> dict[str, Any]:
        """The prices of the line as JSON keeps them."""
        return {
            "class": self.fare_class.pk,
            "fare": str(self.fare),
            "discount": str(self.discount),
            "fee": str(self.fee),
            "rule": self.given_back.rule.value,
            "piece_price": str(self.luggage.piece_price),
            "tax_code": self.luggage.tax_code,
            "refund": str(self.luggage.refund),
        }

    def at(self, frozen: Mapping[str, Any]) -> ExchangeLine:
        """This line at the prices of before. Raises Refusal where the seat is in another class by now."""
        if frozen["class"] != self.fare_class.pk:
            raise Refusal(_("The seat is sold in another class by now."))
        given_back = replace(
            self.given_back, fee=Decimal(frozen["fee"]), rule=RefundRule(frozen["rule"]), drops_at=None
        )
        price, code = Decimal(frozen["piece_price"]), frozen["tax_code"]
        luggage = PricedLuggage(self.luggage.pieces, price, code, frozen["refund"])
        fare, discount = Decimal(frozen["fare"]), Decimal(frozen["discount"])
        return replace(self, given_back=given_back, fare=fare, discount=discount, luggage=luggage)


@dataclass(frozen=True)
class ExchangeQuote:
    booking: Booking
    segment: Segment
    lines: tuple[ExchangeLine, ...]
    is_all: bool  # nobody stays behind

    @property
    def lost_discount(self) -> Decimal:
        """What a promo code took off and is taken back, as the code is not for the new trip, in rand."""
        lost = (line.ticket.discount for line in self.lines if not line.discount and line.fare)
        return sum(lost, ZERO)

    @property
    def difference(self) -> Difference:
        return Difference(
            old=sum((line.ticket.price for line in self.lines), ZERO),
            new=sum((line.fare + line.luggage.total for line in self.lines), ZERO),
            fee=sum((line.fee for line in self.lines), ZERO),
        )


def quote_exchange(
    reference: str,
    segment: Segment,
    *,
    ticket_ids: Collection[int] | None = None,
    labels: Collection[str] = (),
    waived: bool = False,
    now: datetime,
) -> ExchangeQuote:
    """What moving these passengers to another ride costs: the fee that cancelling would cost, and the
    difference to today's fare.

    Without `labels` seats are chosen as close together as can be. Extra luggage moves along, at today's price
    and without a fee. Raises Conflict, SeatTaken, SoldOut, SalesClosed, LuggageFull or Refusal.
    """
    change = TripChange(reference, segment.ref, ticket_ids, labels)
    return exchange_quote(booking_called(reference), segment, change, waived=waived, now=now)


def quote_trip_change(change: TripChange, *, now: datetime) -> ExchangeQuote:
    """As `quote_exchange`, for a change as its verb takes it. Raises NotFound, too."""
    return exchange_quote(booking_called(change.reference), get_segment(change.to), change, now=now)


def exchange_quote(
    booking: Booking, segment: Segment, change: TripChange, *, waived: bool = False, now: datetime
) -> ExchangeQuote:
    """As `quote_exchange`, for a booking and a segment that are loaded: by the verb, locked."""
    ticket_ids, labels = change.ticket_ids, change.labels
    tickets = changeable(booking, ticket_ids, now)
    seated = [ticket for ticket in tickets if ticket.place != Ticket.Place.LAP]
    if not seated:
        raise Refusal(_("A child on a lap moves with the passenger it travels with."))
    if not segment.is_on_sale(now, change.channel):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    is_same_segment = (segment.schedule.pk, segment.board.pk, segment.alight.pk) == (
        booking.schedule_id,
        booking.from_stop_id,
        booking.to_stop_id,
    )
    if is_same_segment and all(ticket.seat_id for ticket in seated):
        raise Refusal(_("They are already on this departure; change the seat instead."))
    beside = tickets_beside(booking)
    if alone := left_alone(booking, [ticket.pk for ticket in tickets], beside):
        raise alone
    check_movers(tickets, beside, is_abroad=segment.is_abroad)
    check_luggage(segment, sum(ticket.extra_luggage for ticket in tickets), besides=tickets, now=now)
    fares = fare_table([(segment.board, segment.alight)])
    coach = _coach(segment, tickets, now)
    wheelchairs = sum(ticket.needs_wheelchair for ticket in seated)
    if labels:
        seats = named_seats(coach, labels, wheelchairs=wheelchairs)
        if len(seats) != len(seated):
            raise Refusal(_("Choose one seat for each passenger who moves."))
    else:
        classes = fares.sold_classes(
            segment.board,
            segment.alight,
            price_zar=segment.schedule.price_zar,
            day=segment.boards_local.date(),
        )
        seats = seats_together(
            coach,
            len(seated),
            classes,
            fare_class=change.fare_class or _class_with_room(coach, seated, classes),
            wheelchairs=wheelchairs,
        )
    seat_of = _seats_by_price(seated, seats, segment, fares)
    places = [_seat_and_fare(ticket, seat_of.get(ticket.pk), segment, fares) for ticket in tickets]
    priced = [priced_seat(segment, fare_class, fare) for _seat, fare_class, fare in places]
    discounts = remaining_discounts(booking.order, tickets, priced)
    lines = tuple(
        ExchangeLine(
            ticket,
            seat,
            fare_class,
            ticket_quote(ticket, booking, waived=waived, with_luggage=False, now=now),
            fare - discount,
            discount,
            _luggage(ticket, segment, fare_class),
        )
        for ticket, (seat, fare_class, fare), discount in zip(tickets, places, discounts, strict=True)
    )
    if change.frozen is not None:
        lines = tuple(line.at(change.frozen[line.ticket.pk]) for line in lines)
    return ExchangeQuote(booking, segment, lines, is_all=is_whole_booking(booking, tickets))


def _luggage(ticket: Ticket, segment: Segment, fare_class: FareClass) -> PricedLuggage:
    line_id = segment.schedule.route.line_id
    return price_luggage(ticket.extra_luggage, line_id=line_id, class_id=fare_class.pk)


def _seats_by_price(
    tickets: Sequence[Ticket], seats: Sequence[Seat], segment: Segment, fares: FareTable
) -> dict[int, Seat]:
    """A seat for each ticket, so that they pay what the same party would pay in a sale; places for
    wheelchairs for those who use one.
    """
    types = [ticket.passenger_type.slug for ticket in tickets]
    priced = [(seat, price_seat(segment, seat, fares).adult) for seat in seats]
    places = fares.places(types, [adult for _seat, adult in priced])
    by_passenger = [priced[places.index(place)] for place in range(len(priced))]
    in_wheelchairs = {place for place, ticket in enumerate(tickets) if ticket.needs_wheelchair}
    ordered = in_order(by_passenger, in_wheelchairs)
    return {ticket.pk: seat for ticket, (seat, _adult) in zip(tickets, ordered, strict=True)}


def _coach(segment: Segment, moving: Sequence[Ticket], now: datetime) -> SeatAvailability:
    """The seats of the new segment; those who move leave theirs, should it be the same coach."""
    claims = SeatClaim.objects.filter(schedule=segment.schedule.pk).live(now).exclude(ticket__in=moving)
    taken: set[int] = set()
    used: set[int] = set()
    for seat, leg in claims.values_list("seat", "leg"):
        (taken if leg in segment.legs else used).add(seat)
    is_kept = are_places_reserved(segment.boards_at, now)
    return SeatAvailability(sold_seats(segment.schedule.layout_id), taken, used, is_kept)


def _class_with_room(coach: SeatAvailability, tickets: Sequence[Ticket], classes: Sequence[SoldClass]) -> str:
    """The class they travel in, if it has seats for them all; else any."""
    code = tickets[0].fare_class.code
    kinds = next((offered.kinds for offered in classes if offered.fare_class.code == code), frozenset())
    in_need = sum(ticket.needs_wheelchair for ticket in tickets)
    room = sum(seat.kind in kinds and coach.is_for_all(seat) for seat in coach.free)
    places = sum(seat.kind in kinds and not coach.is_for_all(seat) for seat in coach.free)
    return code if room + min(places, in_need) >= len(tickets) else ""


def _seat_and_fare(
    ticket: Ticket, seat: Seat | None, segment: Segment, fares: FareTable
) -> tuple[Seat | None, FareClass, Decimal]:
    """The new seat with its class and full fare; who travels on a lap goes on paying as before."""
    if seat is None:
        return None, ticket.fare_class, ticket.fare + ticket.discount
    return seat, *seat_fare(segment, seat, ticket, fares=fares)


def priced_seat(segment: Segment, fare_class: FareClass, fare: Decimal) -> PricedSeat:
    """A seat with its full fare, as the rules of a promo code look at it."""
    return PricedSeat(fare, segment.schedule.route.line_id, fare_class.pk, segment.boards_local.date())


def seat_fare(segment: Segment, seat: Seat, ticket: Ticket, *, fares: FareTable) -> tuple[FareClass, Decimal]:
    """The class of a seat and what this passenger pays on it today. Raises Refusal if it is not sold."""
    price = price_seat(segment, seat, fares)
    return price.fare_class, passenger_price(price.adult, ticket.passenger_type)
