"""Other seats, names and extra luggage for some of a booking's passengers at once, on the trip they have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO
from bookings.base.names import NAME_LENGTH, PersonName, is_spelling_of
from bookings.base.text import clean_name
from bookings.domain.fares.luggage import PricedLuggage
from bookings.domain.fares.prices import fare_table
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.fares.tax import fare_tax_code, tax_code
from bookings.domain.inventory.luggage import check_luggage
from bookings.domain.inventory.seat_choice import seats_together
from bookings.domain.sales.bookings import (
    Difference,
    Settle,
    booking_called,
    changeable,
    mail_new_tickets,
    next_cause,
    post_difference,
)
from bookings.domain.sales.luggage_changes import LuggageQuote, give_luggage, luggage_quote
from bookings.domain.sales.order_lines import LineChange, NewLine
from bookings.domain.sales.ticket_changes import (
    SeatQuote,
    coach_without,
    give_seats,
    seat_quote,
    write_name,
)
from bookings.domain.timetable.segments import Segment
from bookings.models import Booking, OrderLine, Ticket

FREE_SPELLINGS: Final = 2  # of a ticket: more would lead to any name, letter by letter


@dataclass(frozen=True)
class SeatsChange:
    """The seats that passengers of a booking get on their departure, by the ids of their tickets; empty where
    any together will do, of `fare_class` if it is named.

    `quoted` and `frozen` are as those of a `TripChange`.
    """

    reference: str
    seats: Mapping[int, str]
    fare_class: str = ""
    quoted: Decimal | None = None
    frozen: Mapping[int, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class SeatsQuote:
    booking: Booking
    lines: tuple[SeatQuote, ...]

    @property
    def segment(self) -> Segment:
        return Segment(self.booking.schedule, self.booking.from_stop, self.booking.to_stop)

    @property
    def lost_discount(self) -> Decimal:
        return sum((line.lost_discount for line in self.lines), ZERO)

    @property
    def difference(self) -> Difference:
        return total_difference([line.difference for line in self.lines])


def total_difference(differences: Collection[Difference]) -> Difference:
    return Difference(
        sum((difference.old for difference in differences), ZERO),
        sum((difference.new for difference in differences), ZERO),
        sum((difference.fee for difference in differences), ZERO),
    )


def quote_seats(change: SeatsChange, *, now: datetime) -> SeatsQuote:
    """What these seats cost: nothing within the class, else the difference to that class today; no fee.

    Raises NotFound, SeatTaken, SoldOut, Conflict or Refusal, also where none of the seats would be another.
    """
    booking = booking_called(change.reference)
    tickets = changeable(booking, list(change.seats), now)
    tickets = [ticket for ticket in tickets if ticket.place == Ticket.Place.SEAT]
    if not tickets:
        raise Refusal(_("Choose at least one passenger with a seat."))
    labels = _labels(booking, tickets, change, now)
    moving = [ticket for ticket in tickets if not ticket.seat or ticket.seat.label != labels[ticket.pk]]
    if not moving:
        raise Refusal(_("They already have these seats."))
    lines = [seat_quote(booking, ticket, labels[ticket.pk], leaving=moving, now=now) for ticket in moving]
    if len({line.seat.pk for line in lines}) < len(lines):
        raise Refusal(_("Choose one seat for each passenger."))
    if change.frozen is not None:
        lines = [_seat_at(line, change.frozen[line.ticket.pk]) for line in lines]
    return SeatsQuote(booking, tuple(lines))


def _labels(
    booking: Booking, tickets: Sequence[Ticket], change: SeatsChange, now: datetime
) -> dict[int, str]:
    chosen = {ticket.pk: change.seats[ticket.pk].strip().upper()[:10] for ticket in tickets}
    if all(chosen.values()):
        return chosen
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    fares = fare_table([(segment.board, segment.alight)])
    classes = fares.sold_classes(
        segment.board, segment.alight, price_zar=segment.schedule.price_zar, day=segment.boards_local.date()
    )
    code = change.fare_class or tickets[0].fare_class.code
    wheelchairs = sum(ticket.needs_wheelchair for ticket in tickets)
    coach = coach_without(segment, tickets, now=now)
    seats = seats_together(coach, len(tickets), classes, fare_class=code, wheelchairs=wheelchairs)
    return {ticket.pk: seat.label for ticket, seat in zip(tickets, seats, strict=True)}


def frozen_seat(line: SeatQuote) -> dict[str, Any]:
    """The price of a line as JSON keeps it."""
    return {"class": line.fare_class.pk, "fare": str(line.fare), "discount": str(line.discount)}


def _seat_at(line: SeatQuote, frozen: Mapping[str, Any]) -> SeatQuote:
    if frozen["class"] != line.fare_class.pk:
        raise Refusal(_("The seat is sold in another class by now."))
    return replace(line, fare=Decimal(frozen["fare"]), discount=Decimal(frozen["discount"]))


def change_seats_within(change: SeatsChange, *, settle: Settle | None, now: datetime) -> Booking:
    """Seat these passengers anew, within a transaction of the caller's, who holds the order and departures
    and has dropped expired claims. Raises what `quote_seats` raises, and Conflict at another balance.
    """
    quote = quote_seats(change, now=now)
    quote.difference.check(change.quoted)
    give_seats(quote.booking, quote.lines, actor=None, settle=settle, now=now)
    return quote.booking


@dataclass(frozen=True)
class LuggageOfParty:
    """How many extra pieces passengers of a booking take along from now on, by the ids of their tickets."""

    reference: str
    pieces: Mapping[int, int]
    quoted: Decimal | None = None
    frozen: Mapping[int, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class LuggageOfPartyQuote:
    booking: Booking
    lines: tuple[LuggageQuote, ...]

    @property
    def difference(self) -> Difference:
        return total_difference([line.difference for line in self.lines])


def quote_party_luggage(change: LuggageOfParty, *, now: datetime) -> LuggageOfPartyQuote:
    """What more pieces cost at today's price, and fewer give back by the terms of their sale.

    Raises NotFound, LuggageFull, LuggageRefused, Conflict or Refusal.
    """
    booking = booking_called(change.reference)
    tickets = changeable(booking, list(change.pieces), now)
    moving = [ticket for ticket in tickets if change.pieces[ticket.pk] != ticket.extra_luggage]
    if not moving:
        raise Refusal(_("The tickets have so many extra pieces already."))
    lines = [luggage_quote(booking, ticket, change.pieces[ticket.pk], now=now) for ticket in moving]
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    if any(line.added.pieces for line in lines):
        check_luggage(segment, sum(line.pieces for line in lines), besides=moving, now=now)
    if change.frozen is not None:
        lines = [_luggage_at(line, change.frozen[line.ticket.pk]) for line in lines]
    return LuggageOfPartyQuote(booking, tuple(lines))


def frozen_luggage(line: LuggageQuote) -> dict[str, Any]:
    """The price of a line as JSON keeps it."""
    fee = str(line.given_back.fee) if line.given_back else "0"
    price, refund = str(line.added.piece_price), str(line.added.refund)
    return {"piece_price": price, "tax_code": line.added.tax_code, "refund": refund, "fee": fee}


def _luggage_at(line: LuggageQuote, frozen: Mapping[str, Any]) -> LuggageQuote:
    if line.given_back:
        return replace(line, given_back=replace(line.given_back, fee=Decimal(frozen["fee"])))
    price = Decimal(frozen["piece_price"])
    added = PricedLuggage(line.added.pieces, price, frozen["tax_code"], frozen["refund"])
    ticket = line.ticket
    terms = RefundTerms.from_json(ticket.refund_terms).with_luggage(added.total, added.refund)
    return replace(line, added=added, price=ticket.luggage_price + added.total, terms=terms)


def change_luggage_within(change: LuggageOfParty, *, settle: Settle | None, now: datetime) -> Booking:
    """As `change_seats_within`, for extra luggage."""
    quote = quote_party_luggage(change, now=now)
    quote.difference.check(change.quoted)
    give_luggage(quote.booking, quote.lines, actor=None, settle=settle, now=now)
    return quote.booking


@dataclass(frozen=True)
class NamesChange:
    """The names that tickets of a booking get, by their ids."""

    reference: str
    names: Mapping[int, PersonName]
    quoted: Decimal | None = None
    frozen: Mapping[int, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class NameQuote:
    ticket: Ticket
    name: PersonName
    fee: Decimal  # 0 for the spelling

    @property
    def is_spelling(self) -> bool:
        return is_spelling_of(self.name, PersonName(self.ticket.first_name, self.ticket.surname))


@dataclass(frozen=True)
class NamesQuote:
    booking: Booking
    lines: tuple[NameQuote, ...]

    @property
    def difference(self) -> Difference:
        return Difference(ZERO, ZERO, sum((line.fee for line in self.lines), ZERO))


def quote_names(change: NamesChange, *, now: datetime) -> NamesQuote:
    """Correcting a spelling is free, FREE_SPELLINGS times; another person costs the fee of the terms.

    Raises NotFound, Conflict, and Refusal for no name or where the terms allow no other person.
    """
    booking = booking_called(change.reference)
    tickets = changeable(booking, list(change.names), now)
    lines = []
    for ticket in tickets:
        name = PersonName(*(clean_name(part) for part in change.names[ticket.pk]))
        if not any(name) or max(map(len, name)) > NAME_LENGTH:
            raise Refusal(_("Enter a first name and a surname; one of them is enough."))
        if name != (ticket.first_name, ticket.surname):
            lines.append(_name_quote(ticket, name))
    if not lines:
        raise Refusal(_("The tickets already have these names."))
    if change.frozen is not None:
        lines = [replace(line, fee=Decimal(change.frozen[line.ticket.pk]["fee"])) for line in lines]
    return NamesQuote(booking, tuple(lines))


def _name_quote(ticket: Ticket, name: PersonName) -> NameQuote:
    before = PersonName(ticket.first_name, ticket.surname)
    if is_spelling_of(name, before):
        if ticket.events.filter(reason__startswith="name ").count() < FREE_SPELLINGS:
            return NameQuote(ticket, name, ZERO)
        raise Refusal(
            _("The name of %(name)s was corrected before. Please let a counter or our staff do it.")
            % {"name": before.full}
        )
    fee = RefundTerms.from_json(ticket.refund_terms).name_fee
    if fee is None:
        raise Refusal(
            _("This fare is for %(name)s alone. You can correct the spelling; others need a new ticket.")
            % {"name": before.full}
        )
    return NameQuote(ticket, name, fee)


def change_names_within(change: NamesChange, *, settle: Settle | None, now: datetime) -> Booking:
    """As `change_seats_within`, for names: the old codes are dead from then on."""
    quote = quote_names(change, now=now)
    quote.difference.check(change.quoted)
    booking = quote.booking
    for line in quote.lines:
        if line.ticket.status != Ticket.Status.VALID:
            raise Conflict(_("This ticket has been used. Please check again."))
        write_name(booking, line.ticket, line.name, actor=None, now=now)
    kind = OrderLine.Kind.CHANGE_FEE
    is_abroad = Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad
    code = tax_code(kind, of_fare=fare_tax_code(is_abroad=is_abroad))
    fees = [
        NewLine(kind=kind, amount=line.fee, tax_code=code, ticket=line.ticket, rule={"rule": "name"})
        for line in quote.lines
        if line.fee
    ]
    cause = next_cause("name", booking)
    if fees:
        post_difference(booking, cause, LineChange(fees), actor=None, settle=settle, now=now)
    mail_new_tickets(booking, cause, now=now)
    return booking
