"""The trip a ticket is for, with the times, stops and rules that PDF, mails, calendar and pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.dates import duration_text, time_text
from bookings.base.money import format_zar
from bookings.domain.fares.refund_rules import RefundTerms, refund_steps
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.timetable.segments import route_calls
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import Booking, SaleStatus, Ticket

CHECK_IN: Final = timedelta(minutes=30)
CHECK_IN_AT_BORDER: Final = timedelta(minutes=60)
_IN_USE: Final = (Ticket.Status.VALID, Ticket.Status.BOARDED)
_LUGGAGE_KG: Final = 20
_LUGGAGE_KG_AT_BORDER: Final = 30


@dataclass(frozen=True)
class TicketedTrip:
    """One booking's trip, its usable tickets and what passengers need to know, in the active language."""

    booking: Booking
    view: TripView
    tickets: tuple[Ticket, ...]  # valid or boarded; neither cancelled nor replaced
    duration: str
    check_in: str  # 09:30, or 23:30 on Mon 30 Nov before a coach of Tuesday
    luggage: str
    papers: str
    refunds: tuple[str, ...]  # for all of these tickets together
    board_address: str
    alight_address: str
    zone_note: str
    coach: str


def ticketed_trip_of(booking: Booking) -> TicketedTrip:
    """The trip of a booking in any state, which `bookings_of` must have loaded."""
    segment = booking_segment(booking)
    border = crosses_border(booking)
    tickets = tuple(ticket for ticket in booking.tickets.all() if ticket.status in _IN_USE)
    # Where nobody knows, be early and carry little: either is right on both sides of a border.
    check_in = segment.boards_local - (CHECK_IN if border is False else CHECK_IN_AT_BORDER)
    kilos = _LUGGAGE_KG_AT_BORDER if border else _LUGGAGE_KG
    zones_differ = segment.boards_local.utcoffset() != segment.alights_local.utcoffset()
    layout = booking.schedule.layout.name
    return TicketedTrip(
        booking=booking,
        view=trip_view(segment, tuple(ticket.seat.label for ticket in tickets if ticket.seat)),
        tickets=tickets,
        duration=duration_text(segment.minutes),
        check_in=time_text(check_in, segment.boards_local.date()),
        luggage=_("2 pieces, together up to %(kilos)d kg, and one small bag") % {"kilos": kilos},
        papers=_papers(border),
        refunds=refund_lines(tickets, booking),
        board_address=booking.from_stop.stop.address,
        alight_address=booking.to_stop.stop.address,
        zone_note=_("Times are local to each stop.") if zones_differ else "",
        coach=_("%(layout)s, coach %(number)d") % {"layout": layout, "number": booking.schedule.coach}
        if booking.schedule.coach > 1
        else layout,
    )


def ticketed_trips_of(bookings: list[Booking]) -> list[TicketedTrip]:
    """The trips of those bookings that are confirmed, in the same order."""
    return [ticketed_trip_of(booking) for booking in bookings if booking.status == SaleStatus.CONFIRMED]


def crosses_border(booking: Booking) -> bool | None:
    """Whether the coach calls in another country on the way; None if nobody said in which it calls."""
    first, last = booking.from_stop.position, booking.to_stop.position
    calls = route_calls(booking.from_stop.route_id)
    countries = {call.stop.city.country for call in calls if first <= call.position <= last}
    if len(countries - {""}) > 1:
        return True
    return None if "" in countries else False


def _papers(border: bool | None) -> str:
    if border is None:
        return _("Bring an identity document, and a passport if you cross a border.")
    if border:
        return _("Bring a passport that is valid for this border.")
    return _("Bring an identity document.")


def refund_lines(tickets: Sequence[Ticket], booking: Booking) -> tuple[str, ...]:
    """What is refunded until when (boarding stop's time), by the terms the tickets were sold under."""
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    sold = [(ticket.fare, RefundTerms.from_json(ticket.refund_terms)) for ticket in tickets]
    return tuple(
        _("until %(moment)s: %(amount)s")
        % {"moment": local_text(step.until, zone), "amount": format_zar(step.amount)}
        for step in refund_steps(sold, sold_at=booking.booking_date, boards_at=booking.boards_at)
    )
