"""Another seat on the same coach, and another name on a ticket."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.codes import new_ticket_code
from bookings.base.errors import Conflict, NotFound, Refusal, SeatTaken
from bookings.base.money import ZERO
from bookings.base.names import (
    NAME_LENGTH,
    PersonName,
    is_spelling_of,
    plain_first_name,
    plain_surname,
    plain_surname_end,
)
from bookings.base.text import clean_name
from bookings.database.transactions import database_now
from bookings.domain.fares.prices import fare_table
from bookings.domain.fares.refund_rules import LuggageTerms, RefundTerms
from bookings.domain.fares.tax import fare_tax_code, tax_code
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh, taken_seats
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.bookings import (
    Difference,
    Settle,
    booking_called,
    locked_booking,
    mail_new_tickets,
    next_cause,
    post_difference,
)
from bookings.domain.sales.exchange_quotes import priced_seat, seat_fare
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import LineChange, NewLine
from bookings.domain.sales.orders import lock_order, new_spoken_code
from bookings.domain.sales.promo_codes import remaining_discounts
from bookings.domain.timetable.call_times import expected_alights_at, expected_boards_at
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    FareClass,
    OrderLine,
    SaleStatus,
    Schedule,
    Seat,
    Ticket,
    TicketContact,
    User,
)


@dataclass(frozen=True)
class SeatQuote:
    """What another seat costs: nothing within the class, else the difference to that class today. No fee."""

    booking: Booking
    ticket: Ticket
    seat: Seat
    fare_class: FareClass
    fare: Decimal  # less `discount`
    discount: Decimal  # what a promo code took off, as far as it is kept

    @property
    def lost_discount(self) -> Decimal:
        """What a promo code took off and is taken back, as it is not for this class, in rand."""
        return self.ticket.discount - self.discount if self.fare else ZERO

    @property
    def difference(self) -> Difference:
        return Difference(self.ticket.fare, self.fare, ZERO)


def quote_seat(ticket_id: int, label: str, *, now: datetime) -> SeatQuote:
    """Raises SeatTaken, Conflict or Refusal when this ticket cannot have that seat."""
    ticket = ticket_called(ticket_id)
    return seat_quote(booking_called(ticket.booking.booking_reference), ticket, label, now=now)


def ticket_called(ticket_id: int) -> Ticket:
    rows = Ticket.objects.select_related("booking__order", "seat", "passenger_type", "fare_class")
    ticket = rows.filter(pk=ticket_id).first()
    if ticket is None:
        raise NotFound(_("We could not find this ticket."))
    return ticket


def seat_quote(
    booking: Booking, ticket: Ticket, label: str, *, leaving: Collection[Ticket] = (), now: datetime
) -> SeatQuote:
    """As `quote_seat`, for rows that are loaded: by the verb, locked. The seats of those who are `leaving`
    theirs, too, are free.
    """
    if booking.status != SaleStatus.CONFIRMED or ticket.status not in Ticket.IN_USE or ticket.seat is None:
        raise Conflict(_("This ticket is not paid or no longer valid: its seat cannot be changed."))
    if booking.schedule.status == Schedule.Status.CANCELLED:
        raise Conflict(_("This departure is cancelled: its seats cannot be changed."))
    if now >= expected_alights_at(booking):
        raise Conflict(_("This trip is over; its seats can no longer be changed."))
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    coach = coach_without(segment, [ticket, *leaving], now=now)
    (seat,) = named_seats(coach, [label], wheelchairs=int(ticket.needs_wheelchair))
    if seat.pk == ticket.seat_id:
        raise Refusal(_("They already have this seat."))
    fares = fare_table([(segment.board, segment.alight)])
    fare_class = fares.class_of(seat.kind)
    if fare_class and fare_class.pk == ticket.fare_class_id:
        return SeatQuote(booking, ticket, seat, fare_class, ticket.fare, ticket.discount)
    fare_class, fare = seat_fare(segment, seat, ticket, fares=fares)
    (discount,) = remaining_discounts(booking.order, [ticket], [priced_seat(segment, fare_class, fare)])
    return SeatQuote(booking, ticket, seat, fare_class, fare - discount, discount)


def coach_without(segment: Segment, leaving: Collection[Ticket], *, now: datetime) -> SeatAvailability:
    """The coach of a segment once these tickets of it have left their seats."""
    return SeatAvailability(
        sold_seats(segment.schedule.layout_id),
        taken_seats(segment.schedule.pk, segment.legs, now=now) - {ticket.seat_id for ticket in leaving},
        is_wheelchair_kept=are_places_reserved(segment.boards_at, now),
    )


@dataclass(frozen=True)
class SeatChange:
    """The seat that a ticket gets. `version` is the ticket's as it was shown, `quoted` the balance."""

    ticket_id: int
    label: str
    version: int | None = None
    quoted: Decimal | None = None


def change_seat(
    change: SeatChange,
    *,
    actor: User | None = None,
    settle: Settle | None = None,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Ticket:
    """Give a passenger another seat of the same departure, once per `submission`. Their code stays good,
    their ticket is printed anew.

    Raises Conflict when somebody has changed the ticket since its `version`.
    """
    try:
        run_once(
            "change-seat",
            submission,
            content,
            action=lambda: _change_seat(change, actor, settle, now),
            now=now or database_now(),
        )
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken([change.label]) from clash
    return ticket_called(change.ticket_id)


def _change_seat(change: SeatChange, actor: User | None, settle: Settle | None, now: datetime | None) -> str:
    locked = lock_order(ticket_called(change.ticket_id).booking.order_id)
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    ticket = ticket_called(change.ticket_id)
    booking = locked_booking(ticket.booking.booking_reference)
    if change.version is not None and ticket.version != change.version:
        raise Conflict(_("Somebody else has just changed this booking. Please check again."))
    quote = seat_quote(booking, ticket, change.label, now=now)
    quote.difference.check(change.quoted)
    give_seats(booking, [quote], actor=actor, settle=settle, now=now)
    refresh(locked.schedules)
    return str(ticket.pk)


def give_seats(
    booking: Booking,
    quotes: Sequence[SeatQuote],
    *,
    actor: User | None,
    settle: Settle | None,
    now: datetime,
) -> None:
    """Put these tickets of a booking on their new seats, and settle what that costs. The caller holds the
    order and its departures, has dropped expired claims, and refreshes.
    """
    cause = next_cause("seat", booking)
    legs = range(booking.from_stop.position, booking.to_stop.position)
    claims.release_tickets([quote.ticket for quote in quotes])
    claims.claim(
        claim for quote in quotes for claim in claims.claims_of_ticket(quote.ticket, legs, seat=quote.seat)
    )
    for quote in quotes:
        _give_seat(quote, actor, now)
    sold = [line for quote in quotes for line in _class_lines(quote) if line.amount]
    if sold:
        post_difference(booking, cause, LineChange(sold=sold), actor=actor, settle=settle, now=now)
    mail_new_tickets(booking, cause, now=now)


def _give_seat(quote: SeatQuote, actor: User | None, now: datetime) -> None:
    ticket = quote.ticket
    changed: dict[str, Any] = {"seat": quote.seat, "version": F("version") + 1}
    if quote.fare_class.pk != ticket.fare_class_id:
        terms = RefundTerms.of_policy(quote.fare_class.refund_policy)
        old = RefundTerms.from_json(ticket.refund_terms)
        terms = terms.after(replace(old, luggage=LuggageTerms()), min(ticket.fare, quote.fare))
        terms = replace(terms, luggage=old.luggage)
        changed |= {"fare_class": quote.fare_class, "fare": quote.fare, "refund_terms": terms.as_json()}
        changed |= {"discount": quote.discount}
    Ticket.objects.filter(pk=ticket.pk).update(**changed)
    reason = f"seat {ticket.seat.label if ticket.seat else 'none'} → {quote.seat.label}"
    step = BookingStep(quote.booking, ticket.status, ticket.status, ticket=ticket, at=now, actor=actor)
    BookingEvent.objects.record(replace(step, reason=reason))


def _class_lines(quote: SeatQuote) -> list[NewLine]:
    """What a seat of another class costs more, or less, and what of a promo code's discount is taken back."""
    kind, booking = OrderLine.Kind.SEAT_UPGRADE, quote.booking
    of_fare = fare_tax_code(is_abroad=Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad)
    taken_back = quote.ticket.discount - quote.discount
    upgrade = NewLine(
        kind=kind,
        amount=quote.difference.balance - taken_back,
        tax_code=tax_code(kind, of_fare=of_fare),
        ticket=quote.ticket,
        rule={"from": quote.ticket.fare_class.code, "to": quote.fare_class.code},
    )
    promo = NewLine(kind=OrderLine.Kind.PROMO, amount=taken_back, tax_code=of_fare, ticket=quote.ticket)
    return [upgrade, promo]


@dataclass(frozen=True)
class NameChange:
    """The name that a ticket gets. `version` is the ticket's as it was shown."""

    ticket_id: int
    first_name: str
    surname: str
    version: int | None = None


def change_name(
    change: NameChange,
    *,
    actor: User | None = None,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Ticket:
    """Issue a valid ticket to another name, once per `submission`.

    The old code is dead from then on. It costs nothing.
    """
    run_once(
        "change-name",
        submission,
        content,
        action=lambda: _change_name(change, actor, now),
        now=now or database_now(),
    )
    return ticket_called(change.ticket_id)


def _change_name(change: NameChange, actor: User | None, now: datetime | None) -> str:
    locked = lock_order(ticket_called(change.ticket_id).booking.order_id)
    now = now or locked.now
    ticket = ticket_called(change.ticket_id)
    first_name, surname = (clean_name(name) for name in (change.first_name, change.surname))
    booking = locked_booking(ticket.booking.booking_reference)
    if not (first_name or surname) or max(len(first_name), len(surname)) > NAME_LENGTH:
        raise Refusal(_("Enter a first name and a surname; one of them is enough."))
    stands = (
        booking.status == SaleStatus.CONFIRMED
        and ticket.status == Ticket.Status.VALID
        and now < expected_boards_at(booking)
    )
    if not stands or (change.version is not None and ticket.version != change.version):
        raise Conflict(
            _("This ticket is not paid, has been used, or has just been changed. Please check again.")
        )
    if (first_name, surname) == (ticket.first_name, ticket.surname):
        raise Refusal(_("The ticket already has this name."))
    write_name(booking, ticket, PersonName(first_name, surname), actor=actor, now=now)
    mail_new_tickets(booking, next_cause("name", booking), now=now)
    return str(ticket.pk)


def write_name(
    booking: Booking, ticket: Ticket, name: PersonName, *, actor: User | None, now: datetime
) -> None:
    """Give a ticket another name and other codes; another person's contacts go with them. The caller holds
    the order.
    """
    if not is_spelling_of(name, PersonName(ticket.first_name, ticket.surname)):
        TicketContact.objects.filter(ticket=ticket).update(value="")
    Ticket.objects.filter(pk=ticket.pk).update(
        first_name=name.first_name,
        surname=name.surname,
        plain_surname=plain_surname(*name),
        plain_surname_end=plain_surname_end(name.surname),
        plain_first_name=plain_first_name(*name),
        code=new_ticket_code(),
        spoken_code=new_spoken_code(booking.schedule_id),
        version=F("version") + 1,
    )
    step = BookingStep(booking, ticket.status, ticket.status, ticket=ticket, at=now, actor=actor)
    BookingEvent.objects.record(replace(step, reason=f"name {ticket.full_name} → {name.full}"))
