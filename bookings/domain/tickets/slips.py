"""Tickets for a counter's thermal printer: an 80 mm slip for each passenger, laid out by slip.typ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from bookings.domain.company.details import get_company
from bookings.domain.tickets.pdf import document_title, needs_note, ticket_data, trip_data, trips_to_print
from bookings.domain.tickets.ticketed_trip import TicketedTrip
from bookings.domain.tickets.typesetting import make_pdf, printable
from bookings.models import Booking, Ticket


def slips_pdf(bookings: Sequence[Booking]) -> bytes:
    """The slips of bookings that `bookings_of` loaded. Raises NotFound without a usable ticket."""
    trips = trips_to_print(bookings)
    data = {
        "title": document_title(trips),
        "company": printable(get_company().trading_name),
        "labels": {"qr": _("QR code of the ticket")},
        "trips": [_trip_data(trip) for trip in trips],
    }
    return make_pdf("slip.typ", data, created=trips[0].booking.booking_date)


def _trip_data(trip: TicketedTrip) -> dict[str, Any]:
    check_in = _("Be at the stop by %(time)s") % {"time": trip.check_in}
    tickets = [{**ticket_data(ticket), "notes": printable(_notes(trip, ticket))} for ticket in trip.tickets]
    return {**trip_data(trip), "check_in": check_in, "tickets": tickets}


def _notes(trip: TicketedTrip, ticket: Ticket) -> str:
    notes = [
        *([trip.late_note] if trip.late_note else []),
        *needs_note(ticket),
        trip.coach + ".",
        _("Luggage: %(luggage)s.") % {"luggage": trip.luggage},
        trip.papers,
    ]
    if ticket.passenger_type.proof:
        notes.append(_("At boarding, show: %(proof)s.") % {"proof": ticket.passenger_type.proof})
    if not ticket.seat:
        notes.insert(0, _("Standby: you travel if a seat is free when boarding closes."))
    return " ".join(notes)
