"""What a ticket says about its ride, the same in the PDF, the mail and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.domain.fares.refund_rules import RefundTerms, refund_quote
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.sales.checkout_page import TripView, local_text, trip_view
from bookings.models import Booking, SaleStatus, Ticket

CHECK_IN: Final = timedelta(minutes=30)
CHECK_IN_AT_BORDER: Final = timedelta(minutes=60)
_LUGGAGE_KG: Final = 20
_LUGGAGE_KG_AT_BORDER: Final = 30


@dataclass(frozen=True)
class Ride:
    """One booking with what its travellers must know."""

    booking: Booking
    trip: TripView
    tickets: tuple[Ticket, ...]  # those that are still to be used
    duration: str
    check_in: str
    luggage: str
    papers: str
    refunds: tuple[str, ...]  # for all of its tickets together
    board_address: str
    alight_address: str
    zone_note: str
    coach: str


def ride_of(booking: Booking) -> Ride:
    """`booking` as `sales.queries.bookings_of` loads it."""
    segment = booking_segment(booking)
    border = _crosses_border(booking)
    tickets = tuple(ticket for ticket in booking.tickets.all() if ticket.status in (Ticket.Status.VALID, Ticket.Status.BOARDED))
    check_in = segment.boards_local - (CHECK_IN_AT_BORDER if border else CHECK_IN)
    kilos = _LUGGAGE_KG_AT_BORDER if border else _LUGGAGE_KG
    hours, minutes = divmod(segment.minutes, 60)
    layout = booking.schedule.layout.name
    return Ride(
        booking=booking,
        trip=trip_view(segment, tuple(ticket.seat.label for ticket in tickets if ticket.seat)),
        tickets=tickets,
        duration=_("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes},
        check_in=f"{check_in:%H:%M}",
        luggage=_("2 pieces, together up to %(kilos)d kg, and one small bag") % {"kilos": kilos},
        papers=_("Bring a passport that is valid for this border.") if border else _("Bring an identity document."),
        refunds=refund_lines(tickets, booking),
        board_address=booking.from_stop.stop.address,
        alight_address=booking.to_stop.stop.address,
        zone_note=_("Times are local to each stop.") if segment.boards_local.utcoffset() != segment.alights_local.utcoffset() else "",
        coach=_("%(layout)s, coach %(number)d") % {"layout": layout, "number": booking.schedule.coach}
        if booking.schedule.coach > 1
        else layout,
    )


def rides_of(bookings: list[Booking]) -> list[Ride]:
    return [ride_of(booking) for booking in bookings if booking.status == SaleStatus.CONFIRMED]


def _crosses_border(booking: Booking) -> bool:
    """Stops do not know their country, but in southern Africa each country has a time zone of its own name."""
    return booking.from_stop.stop.time_zone != booking.to_stop.stop.time_zone


def refund_lines(tickets: Sequence[Ticket], booking: Booking) -> tuple[str, ...]:
    """What comes back of these tickets until when, by the terms they were sold under, in the boarding stop's time."""
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    terms = [(ticket.fare, RefundTerms.from_json(ticket.refund_terms)) for ticket in tickets]
    moments = {booking.boards_at - timedelta(hours=hours) for _fare, each in terms for hours, _percent, _fixed in each.tiers}
    lines = []
    for until in sorted(moment for moment in moments if moment > booking.booking_date):
        back = sum((_back(fare, each, booking, until) for fare, each in terms), ZERO)
        if back > ZERO:
            lines.append(_("until %(moment)s: %(amount)s") % {"moment": local_text(until, zone), "amount": format_zar(back)})
    return tuple(lines)


def _back(fare: Decimal, terms: RefundTerms, booking: Booking, moment: datetime) -> Decimal:
    without_grace = RefundTerms(timedelta(0), terms.grace_if_ahead, terms.tiers)
    return refund_quote(fare, without_grace, sold_at=booking.booking_date, boards_at=booking.boards_at, now=moment).amount
