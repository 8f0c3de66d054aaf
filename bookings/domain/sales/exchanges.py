"""Another departure for a paid booking, in one step.

The reference stays, old tickets are replaced, and nothing is ever in between.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal, SalesClosed, SeatTaken
from bookings.base.money import ZERO
from bookings.database.transactions import database_now
from bookings.domain.fares.luggage import PricedLuggage, price_luggage
from bookings.domain.fares.prices import FareTable, SoldClass, fare_table, passenger_price
from bookings.domain.fares.refund_rules import RefundQuote
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.inventory.luggage import check_luggage
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, seats_together, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.bookings import (
    Difference,
    Settle,
    booking_called,
    changeable,
    locked_booking,
    mail_new_tickets,
    next_cause,
    post_difference,
)
from bookings.domain.sales.cancellations import is_whole_booking, ticket_quote
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.held_party import in_order
from bookings.domain.sales.holds import price_seat
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.left_alone import check_movers, left_alone, tickets_beside
from bookings.domain.sales.order_lines import (
    LineChange,
    NewLine,
    fare_lines,
    fee_line,
    luggage_lines,
    open_lines,
)
from bookings.domain.sales.orders import TicketTerms, issue_ticket, lock_order, split_off
from bookings.domain.sales.promo_codes import PricedSeat, remaining_discounts
from bookings.domain.sales.waivers import Waiver
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.domain.timetable.trips import local_text
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    FareClass,
    OrderLine,
    Seat,
    SeatClaim,
    Ticket,
    User,
)


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
    return _quote(booking_called(reference), segment, ticket_ids, labels, waived, now)


def _quote(
    booking: Booking,
    segment: Segment,
    ticket_ids: Collection[int] | None,
    labels: Collection[str],
    waived: bool,
    now: datetime,
) -> ExchangeQuote:
    tickets = changeable(booking, ticket_ids, now)
    seated = [ticket for ticket in tickets if ticket.place != Ticket.Place.LAP]
    if not seated:
        raise Refusal(_("A child on a lap moves with the passenger it travels with."))
    if not segment.is_on_sale(now, "counter"):
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
            fare_class=_class_with_room(coach, seated, classes),
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


@dataclass(frozen=True)
class ExchangeRequest:
    """Which tickets of a booking (None: all) move to which segment, on the seats of `labels` or as close
    together as can be, and who waived the fee.

    `quoted` is the balance that the customer was told.
    """

    reference: str
    to: SegmentRef
    ticket_ids: Collection[int] | None = None
    labels: Collection[str] = ()
    quoted: Decimal | None = None
    waiver: Waiver | None = None


def exchange(
    request: ExchangeRequest,
    *,
    actor: User | None = None,
    settle: Settle | None = None,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Booking:
    """Move a booking, or some of its passengers, to another ride, once per `submission`; all of it or
    nothing.

    Some of the passengers are first split off into a booking of their own, which is returned. `settle` takes
    the balance or pays the refund in the same transaction. Raises what `quote_exchange` raises, and Conflict
    when the balance is no longer `quoted`.
    """
    segment = get_segment(request.to)
    try:
        result = run_once(
            "exchange",
            submission,
            content,
            action=lambda: str(_exchange(request, segment, actor, settle, now).pk),
            now=now or database_now(),
        )
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken(sorted(request.labels)) from clash
    return Booking.objects.select_related("order").get(pk=int(result))


def _exchange(
    request: ExchangeRequest,
    segment: Segment,
    actor: User | None,
    settle: Settle | None,
    now: datetime | None,
) -> Booking:
    reference, waiver = request.reference, request.waiver
    if waiver:
        waiver.check(actor, now=now or database_now())
    locked = lock_order(booking_called(reference).order_id, also=[segment.schedule.pk])
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    booking = locked_booking(reference)
    fresh = Segment(locked.schedules[segment.schedule.pk], segment.board, segment.alight)
    quote = _quote(booking, fresh, request.ticket_ids, request.labels, waiver is not None, now)
    quote.difference.check(request.quoted)
    if not quote.is_all:
        booking = split_off(booking, [line.ticket for line in quote.lines], now, actor=actor)
    change = _move(booking, quote, actor, waiver, now)
    if change.total != quote.difference.balance:
        raise ValueError(f"{booking}: the lines come to {change.total}, not {quote.difference.balance}")
    cause = next_cause("exchange", booking)
    post_difference(booking, cause, change, actor=actor, settle=settle, now=now)
    mail_new_tickets(booking, cause, now=now)
    refresh(locked.schedules)
    return booking


def _move(
    booking: Booking, quote: ExchangeQuote, actor: User | None, waiver: Waiver | None, now: datetime
) -> LineChange:
    """Put the passengers on their new seats; returns what that sells and takes back."""
    segment = quote.segment
    old = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    booking.schedule, booking.from_stop, booking.to_stop = segment.schedule, segment.board, segment.alight
    booking.boards_at, booking.alights_at = segment.boards_at, segment.alights_at
    booking.save(update_fields=["schedule", "from_stop", "to_stop", "boards_at", "alights_at"])
    approver = waiver.approver if waiver else None
    reason = f"{_segment_text(old)} → {_segment_text(segment)}" + (f"; {waiver.text}" if waiver else "")
    step = BookingStep(booking, booking.status, booking.status, at=now, actor=actor, approver=approver)
    BookingEvent.objects.record(replace(step, reason=reason))
    claims.release_tickets(line.ticket for line in quote.lines)
    new_claims: list[SeatClaim] = []
    taken_back = open_lines(booking, [line.ticket for line in quote.lines])
    sold: list[NewLine] = []
    saves = any(line.discount for line in quote.lines)
    promo = booking.order.promo_code.code if saves and booking.order.promo_code else ""
    for line in quote.lines:
        passenger = {
            "first_name": line.ticket.first_name,
            "surname": line.ticket.surname,
            "help_request": line.ticket.help_request,
        }
        place = Ticket.Place.SEAT if line.seat else line.ticket.place
        terms = TicketTerms(
            line.seat,
            line.ticket.passenger_type,
            line.fare_class,
            line.fare,
            place,
            line.ticket.needs_wheelchair,
            line.discount,
            line.luggage,
        )
        issued = issue_ticket(booking, passenger, terms)
        Ticket.objects.filter(pk=line.ticket.pk).update(status=Ticket.Status.REPLACED)
        BookingEvent.objects.record(
            replace(step, before=Ticket.Status.VALID, after=Ticket.Status.REPLACED, ticket=line.ticket)
        )
        BookingEvent.objects.record(replace(step, before="", after=Ticket.Status.VALID, ticket=issued))
        new_claims += claims.claims_of_ticket(issued, segment.legs)
        sold += fare_lines(issued, is_abroad=segment.is_abroad, promo=promo)
        sold += luggage_lines(issued, line.luggage, is_abroad=segment.is_abroad)
        if line.fee:
            sold.append(
                fee_line(OrderLine.Kind.CHANGE_FEE, line.ticket, line.given_back, taken_back=taken_back)
            )
    claims.claim(new_claims)
    return LineChange(sold, taken_back)


def _segment_text(segment: Segment) -> str:
    return f"{segment.schedule.route.line.code} {local_text(segment.boards_at)}"
