"""The trip a ticket is for, with the times, stops and rules that PDF, mails, calendar and pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.dates import duration_text, time_text
from bookings.base.money import format_zar
from bookings.domain.fares.refund_rules import RefundTerms, refund_steps
from bookings.domain.sales.booking_page import booking_segment
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.trip_facts import trip_facts
from bookings.domain.timetable.trips import TripView, change_note, local_text, trip_view
from bookings.models import Booking, SaleStatus, Schedule, Ticket


@dataclass(frozen=True)
class TicketedTrip:
    """One booking's trip, its usable tickets and what passengers need to know, in the active language."""

    booking: Booking
    view: TripView
    tickets: tuple[Ticket, ...]  # valid or boarded; neither cancelled nor replaced
    duration: str
    check_in: str  # 09:30, or 23:30 on Mon 30 Nov before a coach of Tuesday; not before the sale
    luggage: str
    papers: str
    refunds: tuple[str, ...]  # for all of these tickets together
    board_address: str
    alight_address: str
    zone_note: str
    late_note: str  # of what was sold after its planned time
    change_note: str  # what was told of its times since
    coach: str

    @property
    def good_tickets(self) -> tuple[Ticket, ...]:
        """Those that open the door of a coach: not of one that is cancelled, nor of who waits for a seat."""
        if self.booking.schedule.status == Schedule.Status.CANCELLED:
            return ()
        return tuple(ticket for ticket in self.tickets if ticket.place != Ticket.Place.WAITING)

    @property
    def time_note(self) -> str:
        """What must be known of the times of this trip."""
        return " ".join(note for note in (self.change_note, self.late_note, self.zone_note) if note)


def ticketed_trip_of(booking: Booking) -> TicketedTrip:
    """The trip of a booking in any state, which `bookings_of` must have loaded."""
    segment = booking_segment(booking)
    facts = trip_facts(booking.from_stop, booking.to_stop)
    tickets = tuple(ticket for ticket in booking.tickets.all() if ticket.status in Ticket.IN_USE)
    zones_differ = segment.boards_local.utcoffset() != segment.alights_local.utcoffset()
    layout, zone = booking.schedule.layout.name, segment.boards_local.tzinfo
    sold = booking.booking_date.astimezone(segment.boards_local.tzinfo)
    planned = time_text(segment.boards_local, sold.date())
    return TicketedTrip(
        booking=booking,
        view=trip_view(segment, tuple(ticket.seat.label for ticket in tickets if ticket.seat)),
        tickets=tickets,
        duration=duration_text(segment.minutes),
        check_in=time_text(
            max(segment.expected_boards_at.astimezone(zone) - facts.check_in, sold),
            segment.boards_local.date(),
        ),
        luggage=facts.luggage,
        papers=facts.papers,
        refunds=refund_lines(tickets, booking),
        board_address=booking.from_stop.stop.address,
        alight_address=booking.to_stop.stop.address,
        zone_note=_("Times are local to each stop.") if zones_differ else "",
        late_note=_("Planned for %(time)s, the coach was late when this was sold: go to it at once.")
        % {"time": planned}
        if sold >= segment.boards_local
        else "",
        change_note=change_note(segment),
        coach=_("%(layout)s, coach %(number)d") % {"layout": layout, "number": booking.schedule.coach}
        if booking.schedule.coach > 1
        else layout,
    )


def ticketed_trips_of(bookings: list[Booking]) -> list[TicketedTrip]:
    """The trips of those bookings that are confirmed, in the same order."""
    return [ticketed_trip_of(booking) for booking in bookings if booking.status == SaleStatus.CONFIRMED]


def place_text(ticket: Ticket) -> str:
    """The seat, or what stands in its stead."""
    return ticket.seat.label if ticket.seat else str(ticket.get_place_display())


def refund_lines(tickets: Sequence[Ticket], booking: Booking) -> tuple[str, ...]:
    """What is refunded until when (boarding stop's time), by the terms the tickets were sold under."""
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    sold = [(ticket.price, RefundTerms.from_json(ticket.refund_terms)) for ticket in tickets]
    return tuple(
        _("until %(moment)s: %(amount)s")
        % {"moment": local_text(step.until, zone), "amount": format_zar(step.amount)}
        for step in refund_steps(sold, sold_at=booking.booking_date, boards_at=expected_boards_at(booking))
    )
