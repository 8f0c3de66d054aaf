"""What the passenger's pages of a change show before anything is changed, as ready values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, RuleBroken
from bookings.base.money import ZERO, format_zar
from bookings.domain.fares.luggage import luggage_prices
from bookings.domain.fares.refund_rules import RefundQuote, RefundTerms
from bookings.domain.inventory.seats import SeatMap, seat_decks, seat_map
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.sales.bookings import booking_called
from bookings.domain.sales.cancellations import is_waiting, returnable_tickets, ticket_quote
from bookings.domain.sales.exchange_offers import list_exchange_offers
from bookings.domain.sales.exchange_quotes import ExchangeQuote, TripChange
from bookings.domain.sales.exchange_terms import Change, Quote, last_change_at, quote_change
from bookings.domain.sales.party_changes import NamesQuote, SeatsQuote
from bookings.domain.search.offers import Offer
from bookings.domain.timetable.segments import Segment, get_segment
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import Booking, ExchangeRequest, PaymentAttempt, SaleStatus, Ticket

_SHOWN_FOR: Final = timedelta(days=1)
_STATES: Final[dict[str, str]] = {
    PaymentAttempt.Status.STARTED: "confirming",
    PaymentAttempt.Status.PAID: "confirming",
    PaymentAttempt.Status.PENDING: "pending",
}


@dataclass(frozen=True)
class ChangeClock:
    """What another departure costs now, and later, before the difference of the fares."""

    fee: Decimal
    fee_text: str
    drops_text: str  # until when; empty if it does not rise
    then_text: str
    ends_text: str  # the last moment for changes without staff
    is_own_name: bool  # the fare allows no other passenger
    sells_luggage: bool


def change_clock(booking: Booking, *, now: datetime) -> ChangeClock | None:
    """For a booking that is loaded with its tickets; None where its customer cannot change it. No query while
    the luggage rules are cached.
    """
    tickets = [ticket for ticket in returnable_tickets(booking, None, now) if not is_waiting(ticket)]
    if booking.status != SaleStatus.CONFIRMED or not tickets:
        return None
    last = last_change_at(booking, tickets)
    if now >= last:
        return None
    quotes = [ticket_quote(ticket, booking, with_luggage=False, now=now) for ticket in tickets]
    drops_at, then = _rise_of(quotes)
    fee = sum((quote.fee for quote in quotes), ZERO)
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    rises = drops_at is not None and drops_at < last and then != fee
    line_id = booking.schedule.route.line_id
    return ChangeClock(
        fee=fee,
        fee_text=format_zar(fee),
        drops_text=local_text(drops_at, zone) if rises and drops_at else "",
        then_text=format_zar(then),
        ends_text=local_text(last, zone),
        is_own_name=any(RefundTerms.from_json(ticket.refund_terms).name_fee is None for ticket in tickets),
        sells_luggage=any(luggage_prices(line_id, ticket.fare_class_id) for ticket in tickets)
        or any(ticket.extra_luggage for ticket in tickets),
    )


@dataclass(frozen=True)
class ChangeLine:
    """One passenger: what they have and what they get."""

    name: str
    old: str
    new: str
    old_price: str
    new_price: str
    fee: str  # empty for none


@dataclass(frozen=True)
class ChangeQuote:
    """Old and new side by side, and what is to be paid or comes back."""

    lines: tuple[ChangeLine, ...]
    old: str
    new: str
    fee: str
    balance: Decimal
    text: str  # the balance without its sign
    until_text: str  # for how long the fee is this; empty if it does not rise
    then_text: str  # the fee after that
    lost_discount: str  # of a promo code; empty if none is
    is_split: bool
    trip: TripView | None  # the new one, of another departure
    labels: tuple[str, ...]  # the new seats

    @property
    def is_due(self) -> bool:
        return self.balance > 0

    @property
    def is_back(self) -> bool:
        return self.balance < 0


@dataclass(frozen=True)
class ChangePassenger:
    ticket: Ticket
    is_chosen: bool
    prices: tuple[str, ...] = ()  # of 0, 1, 2, … extra pieces

    @property
    def seat(self) -> str:
        return self.ticket.seat.label if self.ticket.seat else str(self.ticket.get_place_display())


@dataclass(frozen=True)
class ChangePage:
    """A page of a change. `problem` says why there is no quote for what was asked."""

    reference: str
    trip: TripView
    passengers: tuple[ChangePassenger, ...]
    quote: ChangeQuote | None
    problem: RuleBroken | None
    segment: Segment
    seats: SeatMap | None = None
    day: date | None = None
    offers: tuple[Offer, ...] = ()

    @property
    def days(self) -> tuple[date, date] | None:
        """The day before and after."""
        return (self.day - timedelta(days=1), self.day + timedelta(days=1)) if self.day else None

    @property
    def chosen(self) -> list[int]:
        return [passenger.ticket.pk for passenger in self.passengers if passenger.is_chosen]


def own_tickets(reference: str, *, now: datetime) -> tuple[Booking, list[Ticket]]:
    """A booking and those of its tickets that its customer may change. Raises NotFound; Conflict for none."""
    booking = booking_called(reference)
    tickets = returnable_tickets(booking, None, now) if booking.status == SaleStatus.CONFIRMED else []
    tickets = [ticket for ticket in tickets if not is_waiting(ticket)]
    if not tickets or now >= last_change_at(booking, tickets):
        raise Conflict(_("This booking can no longer be changed here. Please ask at a counter."))
    return booking, tickets


def trip_page(
    change: TripChange | None, *, reference: str, day: date | None, ids: Collection[int] | None, now: datetime
) -> ChangePage:
    """The departures of a day for these passengers, and the quote for one of them."""
    booking, tickets = own_tickets(reference, now=now)
    chosen = [ticket for ticket in tickets if ids is None or ticket.pk in ids]
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    day = day or max(booking.boards_at, now).astimezone(zone).date()
    offers: tuple[Offer, ...] = ()
    quote, problem, seats = None, None, None
    try:
        offers = list_exchange_offers(booking, chosen, day, channel="web", now=now)
        if change and chosen:
            quote = quote_change(change, now=now)
            seats = _seat_map(get_segment(change.to), chosen, now)
    except RuleBroken as refusal:
        problem = refusal
    return ChangePage(
        reference=booking.booking_reference,
        trip=trip_view(booking_segment(booking)),
        passengers=tuple(ChangePassenger(ticket, ticket in chosen) for ticket in tickets),
        quote=view_of(quote) if quote else None,
        problem=problem,
        segment=booking_segment(booking),
        seats=seats,
        day=day,
        offers=tuple(offer for offer in offers if offer.schedule_id != booking.schedule_id),
    )


def party_page(
    reference: str,
    change: Change | None,
    *,
    ids: Collection[int] | None = None,
    with_seats: bool = False,
    now: datetime,
) -> ChangePage:
    """The passengers of a booking with what they may take along, and the quote for other seats, names or
    luggage on the trip they have.
    """
    booking, tickets = own_tickets(reference, now=now)
    chosen = [ticket for ticket in tickets if ids is None or ticket.pk in ids]
    quote, problem = None, None
    if change:
        try:
            quote = quote_change(change, now=now)
        except RuleBroken as refusal:
            problem = refusal
    segment = booking_segment(booking)
    return ChangePage(
        reference=booking.booking_reference,
        trip=trip_view(segment),
        passengers=tuple(
            ChangePassenger(ticket, ticket in chosen, _piece_prices(booking, ticket)) for ticket in tickets
        ),
        quote=view_of(quote) if quote else None,
        problem=problem,
        segment=segment,
        seats=_seat_map(segment, chosen, now) if with_seats else None,
    )


def _seat_map(segment: Segment, tickets: Sequence[Ticket], now: datetime) -> SeatMap:
    wheelchairs = any(ticket.needs_wheelchair for ticket in tickets)
    view = seat_map(segment, now=now, takes_wheelchair_places=wheelchairs)
    own = {
        ticket.seat.label for ticket in tickets if ticket.seat and ticket.schedule_id == segment.schedule.pk
    }
    if not own:
        return view
    seats = tuple(
        seat._replace(state="mine", name=f"{seat.label}, {_('your seat')}") if seat.label in own else seat
        for seat in view.seats
    )
    return replace(view, seats=seats, decks=seat_decks(seats))


def _piece_prices(booking: Booking, ticket: Ticket) -> tuple[str, ...]:
    prices = luggage_prices(booking.schedule.route.line_id, ticket.fare_class_id)
    if not prices and not ticket.extra_luggage:
        return ()
    known = [format_zar(price) for price in prices]
    return ("", *known, *[""] * max(0, ticket.extra_luggage - len(known)))


def _rise_of(quotes: Sequence[RefundQuote]) -> tuple[datetime | None, Decimal]:
    """When the fee of these rises next, and to what."""
    drops_at = min((quote.drops_at for quote in quotes if quote.drops_at), default=None)
    fees = (
        quote.fare - quote.then if quote.drops_at and quote.drops_at == drops_at else quote.fee
        for quote in quotes
    )
    return drops_at, sum(fees, ZERO)


def view_of(quote: Quote) -> ChangeQuote:
    """A quote in ready words."""
    difference, balance = quote.difference, quote.difference.balance
    drops_at, then = None, difference.fee
    labels: tuple[str, ...] = ()
    if isinstance(quote, ExchangeQuote):
        drops_at, then = _rise_of([line.given_back for line in quote.lines])
        labels = tuple(line.seat.label for line in quote.lines if line.seat)
    zone = ZoneInfo(quote.booking.from_stop.stop.time_zone)
    rises = drops_at is not None and then != difference.fee
    lost = quote.lost_discount if isinstance(quote, ExchangeQuote | SeatsQuote) else ZERO
    return ChangeQuote(
        lines=tuple(_lines(quote)),
        old=format_zar(difference.old),
        new=format_zar(difference.new),
        fee=format_zar(difference.fee) if difference.fee else "",
        balance=balance,
        text=format_zar(abs(balance)),
        until_text=local_text(drops_at, zone) if rises and drops_at else "",
        then_text=format_zar(then),
        lost_discount=format_zar(lost) if lost else "",
        is_split=isinstance(quote, ExchangeQuote) and not quote.is_all,
        trip=trip_view(quote.segment) if isinstance(quote, ExchangeQuote) else None,
        labels=labels,
    )


def _lines(quote: Quote) -> list[ChangeLine]:
    if isinstance(quote, ExchangeQuote):
        return [
            ChangeLine(
                line.ticket.full_name,
                _seat_text(line.ticket),
                line.seat.label if line.seat else str(line.ticket.get_place_display()),
                format_zar(line.ticket.price),
                format_zar(line.fare + line.luggage.total),
                format_zar(line.fee) if line.fee else "",
            )
            for line in quote.lines
        ]
    if isinstance(quote, SeatsQuote):
        return [
            ChangeLine(
                line.ticket.full_name,
                _seat_text(line.ticket),
                f"{line.seat.label} · {line.fare_class.name}",
                format_zar(line.ticket.fare),
                format_zar(line.fare),
                "",
            )
            for line in quote.lines
        ]
    if isinstance(quote, NamesQuote):
        return [
            ChangeLine(
                line.ticket.full_name, "", line.name.full, "", "", format_zar(line.fee) if line.fee else ""
            )
            for line in quote.lines
        ]
    return [
        ChangeLine(
            line.ticket.full_name,
            str(line.ticket.extra_luggage),
            str(line.pieces),
            format_zar(line.ticket.luggage_price),
            format_zar(line.price),
            format_zar(line.given_back.fee) if line.given_back and line.given_back.fee else "",
        )
        for line in quote.lines
    ]


def _seat_text(ticket: Ticket) -> str:
    if ticket.seat is None:
        return str(ticket.get_place_display())
    return f"{ticket.seat.label} · {ticket.fare_class.name}"


@dataclass(frozen=True)
class WaitingChange:
    """A change that waits for its payment, or was paid and could not be made: for the booking page."""

    token: str
    state: str  # to_pay, confirming, pending, refused
    amount_text: str
    until_text: str
    reason: str
    title: str  # of what is changed

    @property
    def is_waiting(self) -> bool:
        return self.state in ("confirming", "pending")


def waiting_change(order_id: int, *, now: datetime) -> WaitingChange | None:
    """The newest of an order, if it is not over for a day. Two queries."""
    rows = ExchangeRequest.objects.filter(booking__order=order_id).order_by("-pk")
    request = rows.first()
    if request is None:
        return None
    is_new = request.ended_at is not None and request.ended_at > now - _SHOWN_FOR
    if request.status == ExchangeRequest.Status.REFUSED and is_new:
        state = "refused"
    elif request.is_open(now):
        last = request.attempts.order_by("-pk").values_list("status", flat=True).first()
        state = _STATES.get(last or "", "to_pay")
    else:
        return None
    return WaitingChange(
        token=request.token,
        state=state,
        amount_text=format_zar(request.amount),
        until_text=local_text(request.expires_at) if request.expires_at else "",
        reason=request.reason,
        title=str(request.get_kind_display()),
    )
