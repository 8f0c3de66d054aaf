"""More or fewer extra pieces of luggage on a paid ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, cents
from bookings.database.transactions import database_now
from bookings.domain.fares.luggage import NO_LUGGAGE, PricedLuggage, price_luggage
from bookings.domain.fares.refund_rules import LuggageTerms, RefundQuote, RefundTerms
from bookings.domain.inventory.claims import refresh
from bookings.domain.inventory.luggage import check_luggage
from bookings.domain.sales.bookings import (
    Difference,
    Settle,
    booking_called,
    locked_booking,
    mail_new_tickets,
    next_cause,
    post_difference,
)
from bookings.domain.sales.cancellations import is_waiting
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import LineChange, NewLine, fee_line, luggage_lines, open_lines
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.ticket_changes import ticket_called
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.leavings import has_passed
from bookings.domain.timetable.segments import Segment
from bookings.models import Booking, BookingEvent, BookingStep, OrderLine, SaleStatus, Schedule, Ticket, User


@dataclass(frozen=True)
class LuggageQuote:
    """What taking `pieces` along costs: more at today's price, fewer by the terms of their sale."""

    booking: Booking
    ticket: Ticket
    pieces: int
    price: Decimal  # of all of them
    terms: RefundTerms
    added: PricedLuggage
    given_back: RefundQuote | None = None  # of fewer pieces

    @property
    def difference(self) -> Difference:
        fee = self.given_back.fee if self.given_back else ZERO
        return Difference(self.ticket.luggage_price, self.price, fee)


def quote_luggage(ticket_id: int, pieces: int, *, now: datetime) -> LuggageQuote:
    """Raises LuggageFull, LuggageRefused, Conflict or Refusal when this ticket cannot have so many pieces."""
    ticket = ticket_called(ticket_id)
    return luggage_quote(booking_called(ticket.booking.booking_reference), ticket, pieces, now=now)


def luggage_quote(booking: Booking, ticket: Ticket, pieces: int, *, now: datetime) -> LuggageQuote:
    """As `quote_luggage`, for rows that are loaded: by the verb, locked."""
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    if booking.status != SaleStatus.CONFIRMED or ticket.status not in Ticket.IN_USE:
        raise Conflict(_("This ticket is not paid or no longer valid: its luggage cannot be changed."))
    if ticket.place not in (Ticket.Place.SEAT, Ticket.Place.LAP) and pieces > ticket.extra_luggage:
        raise Refusal(_("Extra luggage goes with a seat, and this passenger has none."))
    is_off = booking.schedule.status == Schedule.Status.CANCELLED or now >= booking.alights_at
    if (is_off or has_passed(booking.schedule, booking.from_stop)) and not is_waiting(ticket):
        raise Conflict(_("The coach has left this stop or does not run: luggage can no longer be changed."))
    if pieces == ticket.extra_luggage:
        raise Refusal(_("The ticket has this many extra pieces already."))
    terms = RefundTerms.from_json(ticket.refund_terms)
    if pieces > ticket.extra_luggage:
        line_id = booking.schedule.route.line_id
        allowed = price_luggage(pieces, line_id=line_id, class_id=ticket.fare_class_id)
        check_luggage(segment, pieces, besides=[ticket], now=now)
        added = replace(allowed, pieces=pieces - ticket.extra_luggage)
        price, terms = ticket.luggage_price + added.total, terms.with_luggage(added.total, added.refund)
        return LuggageQuote(booking, ticket, pieces, price, terms, added)
    left = _share_left(terms, pieces, ticket.extra_luggage)
    price = cents(ticket.luggage_price * pieces / ticket.extra_luggage)
    times = {"sold_at": booking.booking_date, "boards_at": expected_boards_at(booking), "at": now}
    fee, rule = terms.fee(ticket.price, **times)
    fee_left, _rule = left.fee(ticket.fare + price, **times)
    fee = ZERO if is_waiting(ticket) else max(fee - fee_left, ZERO)
    given_back = RefundQuote(ticket.luggage_price - price, fee, rule)
    return LuggageQuote(booking, ticket, pieces, price, left, NO_LUGGAGE, given_back)


def _share_left(terms: RefundTerms, pieces: int, of: int) -> RefundTerms:
    own = terms.luggage
    left = LuggageTerms(cents(own.forfeited * pieces / of), cents(own.refunded * pieces / of))
    return replace(terms, luggage=left)


@dataclass(frozen=True)
class LuggageChange:
    """How many extra pieces a ticket has from now on. `version` is the ticket's as it was shown, `quoted` the
    balance.
    """

    ticket_id: int
    pieces: int
    version: int | None = None
    quoted: Decimal | None = None


def change_luggage(
    change: LuggageChange,
    *,
    actor: User | None = None,
    settle: Settle | None = None,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Ticket:
    """Let a paid ticket take more or fewer extra pieces along, once per `submission`; the balance is settled
    with it, or nothing changes.

    Raises what `quote_luggage` raises, and Conflict when the ticket is no longer of `version`.
    """
    run_once(
        "change-luggage",
        submission,
        content,
        action=lambda: _change(change, actor, settle, now),
        now=now or database_now(),
    )
    return ticket_called(change.ticket_id)


def _change(change: LuggageChange, actor: User | None, settle: Settle | None, now: datetime | None) -> str:
    locked = lock_order(ticket_called(change.ticket_id).booking.order_id)
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    ticket = ticket_called(change.ticket_id)
    booking = locked_booking(ticket.booking.booking_reference)
    if change.version is not None and ticket.version != change.version:
        raise Conflict(_("Somebody else has just changed this booking. Please check again."))
    quote = luggage_quote(booking, ticket, change.pieces, now=now)
    quote.difference.check(change.quoted)
    give_luggage(booking, [quote], actor=actor, settle=settle, now=now)
    refresh(locked.schedules)
    return str(ticket.pk)


def give_luggage(
    booking: Booking,
    quotes: Sequence[LuggageQuote],
    *,
    actor: User | None,
    settle: Settle | None,
    now: datetime,
) -> None:
    """Let these tickets of a booking take their pieces along, and settle what that costs. The caller holds
    the order and its departures, and refreshes.
    """
    cause = next_cause("luggage", booking)
    lines = [_lines(quote) for quote in quotes]
    change = LineChange(
        [line for sold, _back in lines for line in sold], [line for _sold, back in lines for line in back]
    )
    for quote in quotes:
        ticket = quote.ticket
        Ticket.objects.filter(pk=ticket.pk).update(
            extra_luggage=quote.pieces,
            luggage_price=quote.price,
            refund_terms=quote.terms.as_json(),
            version=F("version") + 1,
        )
        step = BookingStep(booking, ticket.status, ticket.status, ticket=ticket, at=now, actor=actor)
        reason = f"extra luggage {ticket.extra_luggage} → {quote.pieces}"
        BookingEvent.objects.record(replace(step, reason=reason))
    if change.sold or change.taken_back:
        post_difference(booking, cause, change, actor=actor, settle=settle, now=now)
    mail_new_tickets(booking, cause, now=now)


def _lines(quote: LuggageQuote) -> tuple[Sequence[NewLine], Sequence[NewLine]]:
    """What is sold, and what is taken back: of fewer pieces all, and those that stay are sold anew."""
    booking, ticket = quote.booking, quote.ticket
    if quote.added.pieces:
        is_abroad = Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad
        return luggage_lines(ticket, quote.added, is_abroad=is_abroad), ()
    kind = OrderLine.Kind.LUGGAGE
    taken_back = [line for line in open_lines(booking, [ticket]) if line.kind == kind]
    sold = [replace(taken_back[0], amount=quote.price, quantity=quote.pieces)] if quote.price else []
    if quote.given_back and quote.given_back.fee:
        fee = OrderLine.Kind.CHANGE_FEE
        sold.append(fee_line(fee, ticket, quote.given_back, taken_back=taken_back))
    return sold, taken_back
