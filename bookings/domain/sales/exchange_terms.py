"""What a customer may change of a paid booking: one quote for each kind, and its terms as they are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.base.names import PersonName
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.sales.bookings import Settle
from bookings.domain.sales.cancellations import is_waiting
from bookings.domain.sales.exchange_quotes import ExchangeQuote, TripChange, quote_trip_change
from bookings.domain.sales.exchanges import exchange_within
from bookings.domain.sales.party_changes import (
    LuggageOfParty,
    LuggageOfPartyQuote,
    NamesChange,
    NamesQuote,
    SeatsChange,
    SeatsQuote,
    change_luggage_within,
    change_names_within,
    change_seats_within,
    frozen_luggage,
    frozen_seat,
    quote_names,
    quote_party_luggage,
    quote_seats,
)
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.segments import SegmentRef
from bookings.domain.timetable.trips import local_text
from bookings.models import Booking, ExchangeRequest, SaleStatus, Ticket

Change = TripChange | SeatsChange | NamesChange | LuggageOfParty
Quote = ExchangeQuote | SeatsQuote | NamesQuote | LuggageOfPartyQuote
Kind = ExchangeRequest.Kind


def kind_of(change: Change) -> ExchangeRequest.Kind:
    if isinstance(change, TripChange):
        return Kind.TRIP
    if isinstance(change, SeatsChange):
        return Kind.SEATS
    return Kind.NAME if isinstance(change, NamesChange) else Kind.LUGGAGE


def quote_change(change: Change, *, now: datetime) -> Quote:
    """What a change costs a customer who makes it without staff.

    Raises what the quote of its kind raises, and Conflict after the last moment of the tickets' terms.
    """
    quote = _quote(change, now)
    check_own_change(quote.booking, tickets_of(quote), now=now)
    return quote


def _quote(change: Change, now: datetime) -> Quote:
    if isinstance(change, TripChange):
        return quote_trip_change(change, now=now)
    if isinstance(change, SeatsChange):
        return quote_seats(change, now=now)
    if isinstance(change, NamesChange):
        return quote_names(change, now=now)
    return quote_party_luggage(change, now=now)


def tickets_of(quote: Quote) -> list[Ticket]:
    return [line.ticket for line in quote.lines]


def last_change_at(booking: Booking, tickets: Collection[Ticket]) -> datetime:
    """Until when passengers change these tickets by themselves, by the strictest of their terms."""
    most = (RefundTerms.from_json(ticket.refund_terms).change_until for ticket in tickets)
    return expected_boards_at(booking) - max(most, default=timedelta(0))


def check_own_change(booking: Booking, tickets: Collection[Ticket], *, now: datetime) -> None:
    """Raises Conflict where only staff, or the choice of a disruption, changes these tickets."""
    if any(is_waiting(ticket) for ticket in tickets):
        raise Conflict(_("Your coach was changed. Please use the choice that we sent you."))
    if now >= (last := last_change_at(booking, tickets)):
        raise Conflict(
            _("This fare can be changed online until %(time)s. Please ask at a counter.")
            % {"time": local_text(last)}
        )


def make_change(change: Change, *, settle: Settle | None, now: datetime) -> Booking:
    """Do it, within a transaction of the caller's, who holds the order and the departures and has dropped
    expired claims. Returns the booking that was changed: a new one where some were split off.

    Raises what its quote raises, and Conflict when the balance is no longer `quoted`.
    """
    if isinstance(change, TripChange):
        return exchange_within(change, actor=None, settle=settle, now=now)
    if isinstance(change, SeatsChange):
        return change_seats_within(change, settle=settle, now=now)
    if isinstance(change, NamesChange):
        return change_names_within(change, settle=settle, now=now)
    return change_luggage_within(change, settle=settle, now=now)


def freeze(quote: Quote) -> dict[str, Any]:
    """A quote as JSON keeps it: what is to be done, at which prices, to which tickets of which version."""
    tickets = tickets_of(quote)
    terms: dict[str, Any] = {
        "schedule": quote.booking.schedule_id,
        "versions": {str(ticket.pk): ticket.version for ticket in tickets},
    }
    if isinstance(quote, ExchangeQuote):
        frozen = {str(line.ticket.pk): line.frozen for line in quote.lines}
        labels = [line.seat.label for line in quote.lines if line.seat]
        terms |= {"to": str(quote.segment.ref), "labels": labels}
    elif isinstance(quote, SeatsQuote):
        frozen = {str(line.ticket.pk): frozen_seat(line) for line in quote.lines}
        terms["seats"] = {str(line.ticket.pk): line.seat.label for line in quote.lines}
    elif isinstance(quote, NamesQuote):
        frozen = {str(line.ticket.pk): {"fee": str(line.fee)} for line in quote.lines}
        terms["names"] = {str(line.ticket.pk): list(line.name) for line in quote.lines}
    else:
        frozen = {str(line.ticket.pk): frozen_luggage(line) for line in quote.lines}
        terms["pieces"] = {str(line.ticket.pk): line.pieces for line in quote.lines}
    return {**terms, "frozen": frozen}


def thaw(request: ExchangeRequest) -> Change:
    """The change of a request at its frozen prices. Raises Conflict if its tickets are not as they were."""
    terms, booking = request.terms, request.booking
    if not terms:
        raise Conflict(_("What was asked for is erased."))
    versions = {int(pk): version for pk, version in terms["versions"].items()}
    rows = Ticket.objects.filter(pk__in=versions, booking=booking, status=Ticket.Status.VALID)
    is_same = booking.status == SaleStatus.CONFIRMED and booking.schedule_id == terms["schedule"]
    if not is_same or dict(rows.values_list("pk", "version")) != versions:
        raise Conflict(_("The booking was changed meanwhile."))
    frozen = {int(pk): prices for pk, prices in terms["frozen"].items()}
    reference, amount = booking.booking_reference, request.amount
    if request.kind == Kind.TRIP:
        to = SegmentRef.read(terms["to"])
        if to is None:
            raise NotFound(_("We could not find this departure."))
        return TripChange(reference, to, list(versions), terms["labels"], quoted=amount, frozen=frozen)
    if request.kind == Kind.SEATS:
        seats = {int(pk): label for pk, label in terms["seats"].items()}
        return SeatsChange(reference, seats, quoted=amount, frozen=frozen)
    if request.kind == Kind.NAME:
        names = {int(pk): PersonName(*name) for pk, name in terms["names"].items()}
        return NamesChange(reference, names, quoted=amount, frozen=frozen)
    pieces = {int(pk): number for pk, number in terms["pieces"].items()}
    return LuggageOfParty(reference, pieces, quoted=amount, frozen=frozen)
