"""What the pages of a change show before anything is changed, as ready values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound, Refusal
from bookings.base.money import format_zar
from bookings.domain.counter.coins import in_coins
from bookings.domain.inventory.seats import SeatMap, seat_map
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.sales.bookings import Difference, booking_called
from bookings.domain.sales.cancellations import returnable_tickets
from bookings.domain.sales.exchange_offers import list_exchange_offers
from bookings.domain.sales.exchange_quotes import ExchangeQuote, quote_exchange
from bookings.domain.sales.ticket_changes import SeatQuote, quote_seat, ticket_called
from bookings.domain.search.offers import Offer
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.domain.timetable.trips import TripView, late_text, trip_view
from bookings.models import Booking, Shift, Ticket, User


@dataclass(frozen=True)
class BalanceView:
    """Old value, new fare, fee and what is left, with the money to handle at the till."""

    old: str
    new: str
    fee: str
    balance: Decimal
    text: str  # the balance without its sign
    cash: str  # what to take if it is paid in cash

    @property
    def is_due(self) -> bool:
        return self.balance > 0

    @property
    def is_back(self) -> bool:
        return self.balance < 0


def balance_view(difference: Difference) -> BalanceView:
    balance = difference.balance
    return BalanceView(
        old=format_zar(difference.old),
        new=format_zar(difference.new),
        fee=format_zar(difference.fee) if difference.fee else "",
        balance=balance,
        text=format_zar(abs(balance)),
        cash=format_zar(in_coins(balance)) if balance > 0 else "",
    )


def promo_note(quote: ExchangeQuote | SeatQuote | None) -> str:
    """What a clerk tells beforehand of a discount that is taken back."""
    promo = quote.booking.order.promo_code if quote and quote.lost_discount else None
    if quote is None or promo is None:
        return ""
    facts = {"code": promo.code, "amount": format_zar(quote.lost_discount)}
    return _("Promo code %(code)s is not for this change: its discount of %(amount)s is taken back.") % facts


@dataclass(frozen=True)
class ExchangePassenger:
    ticket_id: int
    name: str
    seat: str
    type_name: str
    fare: str
    is_chosen: bool


@dataclass(frozen=True)
class MoveLine:
    name: str
    old_seat: str
    old_fare: str
    fee: str
    new_seat: str
    new_fare: str


@dataclass(frozen=True)
class MoveView:
    """The page of an exchange. `problem` says why there is no quote for what was asked."""

    reference: str
    trip: TripView
    passengers: tuple[ExchangePassenger, ...]
    day: date
    offers: tuple[Offer, ...]
    to: SegmentRef | None
    new_trip: TripView | None
    lines: tuple[MoveLine, ...]
    balance: BalanceView | None
    seats: str  # those of the quote, as they are posted
    promo_note: str  # of a discount that is taken back; else empty
    is_split: bool
    problem: str
    shift: Shift | None

    @property
    def chosen(self) -> list[int]:
        return [passenger.ticket_id for passenger in self.passengers if passenger.is_chosen]


@dataclass(frozen=True)
class ExchangeQuery:
    """What the screen of an exchange shows: for which tickets of a booking (None: for all), the departures of
    which day, and the quote for which segment and seats.
    """

    reference: str
    ticket_ids: Collection[int] | None = None
    day: date | None = None
    to: SegmentRef | None = None
    labels: Collection[str] = ()
    waived: bool = False


def move_view(query: ExchangeQuery, *, user: User, now: datetime) -> MoveView:
    """Who may move, the departures of a day between the same cities, and the quote for one of them."""
    booking, to, labels = booking_called(query.reference), query.to, query.labels
    tickets = returnable_tickets(booking, None, now)
    chosen = [ticket for ticket in tickets if query.ticket_ids is None or ticket.pk in query.ticket_ids]
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    day = query.day or max(booking.boards_at, now).astimezone(zone).date()
    offers: tuple[Offer, ...] = ()
    quote, problem = None, ""
    try:
        offers = _offers(booking, chosen, day, now)
        if to and chosen:
            segment = get_segment(to)
            ids = [ticket.pk for ticket in chosen]
            quote = quote_exchange(
                query.reference, segment, ticket_ids=ids, labels=labels, waived=query.waived, now=now
            )
    except (Refusal, NotFound) as refusal:
        problem = refusal.message
    return MoveView(
        reference=booking.booking_reference,
        trip=trip_view(booking_segment(booking)),
        passengers=tuple(_passenger(ticket, ticket in chosen) for ticket in tickets),
        day=day,
        offers=offers,
        to=to,
        new_trip=trip_view(quote.segment) if quote else None,
        lines=_lines(quote) if quote else (),
        balance=balance_view(quote.difference) if quote else None,
        seats=" ".join(line.seat.label for line in quote.lines if line.seat) if quote else " ".join(labels),
        promo_note=promo_note(quote),
        is_split=bool(quote and not quote.is_all),
        problem=problem,
        shift=Shift.objects.open_of(user),
    )


def _passenger(ticket: Ticket, is_chosen: bool) -> ExchangePassenger:
    seat = ticket.seat.label if ticket.seat else str(ticket.get_place_display())
    return ExchangePassenger(
        ticket.pk, ticket.full_name, seat, ticket.passenger_type.name, format_zar(ticket.price), is_chosen
    )


def _offers(booking: Booking, chosen: list[Ticket], day: date, now: datetime) -> tuple[Offer, ...]:
    offers = list_exchange_offers(booking, chosen, day, channel="counter", now=now)
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    late = (
        offer.departs_note or late_text(offer.boards_at.astimezone(zone), now, offer.expected_at)
        for offer in offers
    )
    return tuple(
        replace(offer, note=" ".join(filter(None, [offer.note, text])))
        for offer, text in zip(offers, late, strict=True)
    )


def _lines(quote: ExchangeQuote) -> tuple[MoveLine, ...]:
    return tuple(
        MoveLine(
            line.ticket.full_name,
            line.ticket.seat.label if line.ticket.seat else str(line.ticket.get_place_display()),
            format_zar(line.ticket.price),
            format_zar(line.fee) if line.fee else "",
            line.seat.label if line.seat else str(line.ticket.get_place_display()),
            format_zar(line.fare + line.luggage.total),
        )
        for line in quote.lines
    )


@dataclass(frozen=True)
class ReseatView:
    """The page of a change of seat: the coach, and the quote for a seat."""

    reference: str
    trip: TripView
    ticket: Ticket
    seats: SeatMap
    label: str
    quote: SeatQuote | None
    balance: BalanceView | None
    promo_note: str  # as of a MoveView
    problem: str
    shift: Shift | None

    @property
    def asks_seat(self) -> bool:
        """A seat is to be typed next; with a quote, it is to be confirmed."""
        return self.quote is None


def reseat_view(reference: str, ticket_id: int, label: str = "", *, user: User, now: datetime) -> ReseatView:
    """Raises NotFound for a ticket of another booking."""
    ticket = ticket_of(reference, ticket_id)
    booking = booking_called(reference)
    segment = booking_segment(booking)
    quote, problem = None, ""
    if label:
        try:
            quote = quote_seat(ticket_id, label, now=now)
        except Refusal as refusal:
            problem = refusal.message
    return ReseatView(
        reference=booking.booking_reference,
        trip=trip_view(segment),
        ticket=ticket,
        seats=seat_map(segment, now=now, channel="counter", takes_wheelchair_places=ticket.needs_wheelchair),
        label=quote.seat.label if quote else label,
        quote=quote,
        balance=balance_view(quote.difference) if quote else None,
        promo_note=promo_note(quote),
        problem=problem,
        shift=Shift.objects.open_of(user),
    )


def ticket_of(reference: str, ticket_id: int) -> Ticket:
    """Raises NotFound for a ticket of another booking."""
    ticket, booking = ticket_called(ticket_id), booking_called(reference)
    if ticket.booking_id != booking.pk:
        raise NotFound(_("This ticket belongs to another booking."))
    return ticket
