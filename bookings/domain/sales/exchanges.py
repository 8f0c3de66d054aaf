"""Another departure for a paid booking, in one step.

The reference stays, old tickets are replaced, and nothing is ever in between.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError

from bookings.base.errors import SeatTaken
from bookings.database.transactions import database_now
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.bookings import (
    Settle,
    booking_called,
    locked_booking,
    mail_new_tickets,
    next_cause,
    post_difference,
)
from bookings.domain.sales.exchange_quotes import ExchangeQuote, TripChange, exchange_quote
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import (
    LineChange,
    NewLine,
    fare_lines,
    fee_line,
    luggage_lines,
    open_lines,
)
from bookings.domain.sales.orders import TicketTerms, issue_ticket, lock_order, split_off
from bookings.domain.sales.text_messages import copy_contacts
from bookings.domain.sales.wait_list import offer_freed_seats
from bookings.domain.sales.waivers import Waiver
from bookings.domain.timetable.segments import Segment, get_segment
from bookings.domain.timetable.trips import local_text
from bookings.models import Booking, BookingEvent, BookingStep, OrderLine, SeatClaim, Ticket, User


def exchange(
    request: TripChange,
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
    try:
        result = run_once(
            "exchange",
            submission,
            content,
            action=lambda: str(exchange_within(request, actor=actor, settle=settle, now=now).pk),
            now=now or database_now(),
        )
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken(sorted(request.labels)) from clash
    return Booking.objects.select_related("order").get(pk=int(result))


def exchange_within(
    request: TripChange, *, actor: User | None, settle: Settle | None, now: datetime | None
) -> Booking:
    """As `exchange`, within a transaction of the caller's, which runs it once and holds no lock, or all that
    this takes.
    """
    segment = get_segment(request.to)
    reference, waiver = request.reference, request.waiver
    if waiver:
        waiver.check(actor, now=now or database_now())
    locked = lock_order(booking_called(reference).order_id, also=[segment.schedule.pk])
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    booking = locked_booking(reference)
    fresh = Segment(locked.schedules[segment.schedule.pk], segment.board, segment.alight)
    quote = exchange_quote(booking, fresh, request, waived=waiver is not None, now=now)
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
    offer_freed_seats(locked.schedules, now=now)
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
    new_tickets: dict[int, Ticket] = {}
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
        new_tickets[line.ticket.pk] = issued
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
    copy_contacts(new_tickets)
    claims.claim(new_claims)
    return LineChange(sold, taken_back)


def _segment_text(segment: Segment) -> str:
    return f"{segment.schedule.route.line.code} {local_text(segment.boards_at)}"
