"""The page of a change of extra luggage: how many a ticket may have, and the quote for a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bookings.base.errors import Refusal
from bookings.domain.counter.exchange_page import BalanceView, balance_view, ticket_of
from bookings.domain.fares.luggage import luggage_prices
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.sales.bookings import booking_called
from bookings.domain.sales.luggage_changes import LuggageQuote, quote_luggage
from bookings.domain.timetable.trips import TripView, trip_view
from bookings.models import Shift, Ticket, User


@dataclass(frozen=True)
class LuggageView:
    reference: str
    trip: TripView
    ticket: Ticket
    most: int  # pieces that it may have; what it has already stays possible
    pieces: int | None  # asked for
    quote: LuggageQuote | None
    balance: BalanceView | None
    problem: str
    shift: Shift | None

    @property
    def choices(self) -> list[tuple[int, bool]]:
        """Each number that may be had, and whether it is asked for."""
        return [(number, number == self.pieces) for number in range(self.most + 1)]


def luggage_view(
    reference: str, ticket_id: int, pieces: int | None = None, *, user: User, now: datetime
) -> LuggageView:
    """Raises NotFound for a ticket of another booking."""
    ticket, booking = ticket_of(reference, ticket_id), booking_called(reference)
    quote, problem = None, ""
    if pieces is not None:
        try:
            quote = quote_luggage(ticket_id, pieces, now=now)
        except Refusal as refusal:
            problem = refusal.message
    sold = luggage_prices(booking.schedule.route.line_id, ticket.fare_class_id)
    return LuggageView(
        reference=booking.booking_reference,
        trip=trip_view(booking_segment(booking)),
        ticket=ticket,
        most=max(len(sold), ticket.extra_luggage),
        pieces=pieces,
        quote=quote,
        balance=balance_view(quote.difference) if quote else None,
        problem=problem,
        shift=Shift.objects.open_of(user),
    )
