"""What the pages of a booking show and do, for whoever may see it.

That is for the face to check, by the order's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.errors import Conflict, NotFound
from bookings.domain.fares.refund_lines import RefundTermLine, refund_lines
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.sales.booking_page import (
    BookingPage,
    BookingPart,
    TicketView,
    booking_page,
    booking_segment,
    bookings_of,
)
from bookings.domain.sales.exchange_page import ChangeClock, change_clock
from bookings.domain.tickets.calendar import calendar_file
from bookings.domain.tickets.links import mail_link, mail_tickets_again
from bookings.domain.tickets.pdf import ticket_pdf
from bookings.domain.tickets.qr import ticket_qr_svg
from bookings.domain.tickets.ticketed_trip import TicketedTrip, ticketed_trip_of
from bookings.models import Booking, ExchangeRequest, Order, Refund, SaleStatus, Ticket


@dataclass(frozen=True)
class Pass:
    """A ticket to show at the door; without its QR while it is not paid or no longer good."""

    ticket: TicketView
    qr: str


@dataclass(frozen=True)
class ManagedTrip:
    part: BookingPart
    ticketed: TicketedTrip
    passes: tuple[Pass, ...]
    rules: tuple[RefundTermLine, ...]
    clock: ChangeClock | None  # what changing it costs; None: its customer cannot
    is_today: bool  # it is the day of travel, and not over: its times may change at any minute

    @property
    def in_use(self) -> list[Pass]:
        return [ticket_pass for ticket_pass in self.passes if ticket_pass.ticket.status in Ticket.IN_USE]


@dataclass(frozen=True)
class ManagedOrder:
    page: BookingPage
    trips: tuple[ManagedTrip, ...]

    @property
    def arrives_at(self) -> datetime:
        """The last of its trips, by plan."""
        return max(trip.ticketed.booking.alights_at for trip in self.trips)

    @property
    def has_waiting(self) -> bool:
        """Whether somebody lost the seat by a disruption and has not got another."""
        tickets = (ticket for trip in self.trips for ticket in trip.ticketed.tickets)
        return any(ticket.place == Ticket.Place.WAITING for ticket in tickets)


class OrderOfReference(NamedTuple):
    order_id: int
    contact_version: int
    has_request: bool = False  # a change of it waits for its payment, or could not be made


_SHOWN: Final = (ExchangeRequest.Status.OPEN, ExchangeRequest.Status.REFUSED)


def order_of_reference(reference: str) -> OrderOfReference | None:
    """The order that a booking reference belongs to, by what a browser must know to open it."""
    bookings = Booking.objects.filter(booking_reference=normal_code(reference))
    requests = ExchangeRequest.objects.filter(booking__order=OuterRef("order"), status__in=_SHOWN)
    row = (
        bookings.annotate(has_request=Exists(requests.order_by()))
        .values_list("order", "order__contact_version", "has_request")
        .first()
    )
    return OrderOfReference(*row) if row else None


def refund_of_reference(reference: str, refund_id: int) -> Refund:
    """A refund of the order that a booking reference belongs to, with its order. Raises NotFound."""
    refunds = Refund.objects.select_related("order", "booking")
    refund = refunds.filter(pk=refund_id, order__bookings__booking_reference=normal_code(reference)).first()
    if refund is None:
        raise NotFound(_("This refund belongs to another booking."))
    return refund


def managed_order(reference: str, *, now: datetime) -> ManagedOrder:
    """The whole order with its tickets, in a constant number of queries. Raises NotFound."""
    page = booking_page(reference, now=now)
    bookings = {booking.pk: booking for booking in bookings_of(Order(pk=page.order_id))}
    return ManagedOrder(page, tuple(_trip(part, bookings[part.id], now) for part in page.parts))


def _trip(part: BookingPart, booking: Booking, now: datetime) -> ManagedTrip:
    rows = {ticket.pk: ticket for ticket in booking.tickets.all()}
    # A replaced ticket was for the trip of before; its successor stands here
    shown = [view for view in part.tickets if view.status != Ticket.Status.REPLACED]
    passes = tuple(Pass(view, _qr(rows[view.id], part)) for view in shown)
    terms = next(iter(rows.values())).refund_terms
    trip, segment = ticketed_trip_of(booking), booking_segment(booking)
    is_begun = now.astimezone(segment.boards_local.tzinfo).date() >= segment.boards_local.date()
    is_today = part.is_confirmed and is_begun and now < segment.expected_alights_at
    rules, clock = refund_lines(RefundTerms.from_json(terms)), change_clock(booking, now=now)
    return ManagedTrip(part, trip, passes, rules, clock, is_today)


def _qr(ticket: Ticket, part: BookingPart) -> str:
    is_good = part.is_confirmed and ticket.status in Ticket.IN_USE and ticket.place != Ticket.Place.WAITING
    return ticket_qr_svg(ticket) if is_good else ""


def booking_pdf(reference: str) -> bytes:
    return ticket_pdf(_confirmed(reference))


def booking_calendar(reference: str) -> bytes:
    return calendar_file(_confirmed(reference))


def _confirmed(reference: str) -> Booking:
    """Raises NotFound, or Conflict when there is no ticket to give."""
    row = Booking.objects.select_related("order").filter(booking_reference=normal_code(reference)).first()
    if row is None:
        raise NotFound(_("We could not find this booking."))
    if row.status != SaleStatus.CONFIRMED:
        raise Conflict(_("There is no ticket for this booking: it is not paid, or it is cancelled."))
    return row


def mail_found_link(order_id: int, *, now: datetime) -> None:
    """Mail the link of an order that somebody found by reference and proof to its own address."""
    mail_link(Order.objects.get(pk=order_id), now=now)


def send_again(order_id: int, *, now: datetime) -> bool:
    """Mail the order's tickets once more, or its link while there are none.

    False: a mail is on its way already.
    """
    order = Order.objects.get(pk=order_id)
    send = mail_tickets_again if order.status == SaleStatus.CONFIRMED else mail_link
    return send(order, now=now)
