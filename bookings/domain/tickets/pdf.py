"""The ticket as a PDF: a page of A6 for each passenger, laid out by ticket.typ."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import format_zar
from bookings.domain.company.details import get_company
from bookings.domain.sales.booking_page import bookings_of, needs_text
from bookings.domain.tickets.qr import qr_svg
from bookings.domain.tickets.ticketed_trip import TicketedTrip, place_text, refund_lines, ticketed_trips_of
from bookings.domain.tickets.typesetting import make_pdf, printable
from bookings.models import Booking, Ticket

logger = logging.getLogger("bookings.tickets")

_DESIGN: Final = "3"  # raise it when a change of code or template should reach tickets whose PDF is cached


def ticket_pdf(booking: Booking) -> bytes:
    """A page for each passenger of one booking. Raises NotFound when it has no usable ticket."""
    return tickets_pdf([part for part in bookings_of(booking.order) if part.pk == booking.pk])


def tickets_pdf(bookings: Sequence[Booking]) -> bytes:
    """A page for each passenger of these bookings, which `bookings_of` must have loaded.

    Raises NotFound without a usable ticket.
    """
    return trips_pdf(trips_to_print(bookings))


def trips_pdf(trips: Sequence[TicketedTrip]) -> bytes:
    """A page for each passenger of these trips, of which each has a usable ticket.

    The file is cached below MEDIA_ROOT until what it shows changes.
    """
    path = _cache_path(trips)
    try:
        return path.read_bytes()
    except OSError:  # not cached yet
        content = _typeset(trips)
        _write_cache(path, content)
        return content


def trips_to_print(bookings: Sequence[Booking]) -> list[TicketedTrip]:
    """The confirmed trips that have usable tickets. Raises NotFound when there is none."""
    good = (replace(trip, tickets=trip.good_tickets) for trip in ticketed_trips_of(list(bookings)))
    trips = [trip for trip in good if trip.tickets]
    if not trips:
        raise NotFound(_("There are no valid tickets in this booking."))
    return trips


def document_title(trips: Sequence[TicketedTrip]) -> str:
    reference = trips[0].booking.booking_reference
    return _("%(company)s: tickets of booking %(reference)s") % {
        "company": get_company().trading_name,
        "reference": reference,
    }


def trip_data(trip: TicketedTrip) -> dict[str, Any]:
    """What both templates show of a trip, without its tickets."""
    view = trip.view
    return {
        "reference": trip.booking.booking_reference,
        "date": view.date_text,
        "departs": view.departs,
        "arrives": view.arrives,
        "day_mark": view.day_mark,
        "board_stop": printable(view.board_stop),
        "alight_stop": printable(view.alight_stop),
    }


def ticket_data(ticket: Ticket) -> dict[str, Any]:
    """What both templates show of a ticket."""
    kind = f"{ticket.passenger_type.name} · {ticket.fare_class.name} · {format_zar(ticket.fare)}"
    return {
        "name": printable(ticket.full_name),
        "kind": printable(kind),
        "place": printable(place_text(ticket)),
        "spoken_code": f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}",
        "qr": qr_svg(ticket.code),
    }


def needs_note(ticket: Ticket) -> list[str]:
    """The sentence about what the passenger needs from the crew, if that is anything."""
    needs = needs_text(ticket)
    return [_("For the crew: %(needs)s.") % {"needs": needs.rstrip(".")}] if needs else []


def _cache_path(trips: Sequence[TicketedTrip]) -> Path:
    """Named by a hash of what the tickets show, which includes each ticket's version."""
    shown = [_DESIGN, get_company().trading_name] + [
        repr(
            (
                trip.view,
                trip.check_in,
                trip.luggage,
                trip.refunds,
                trip.coach,
                trip.board_address,
                trip.alight_address,
                _ticket_version(ticket),
            )
        )
        for trip in trips
        for ticket in trip.tickets
    ]
    digest = sha256("\n".join(shown).encode()).hexdigest()[:24]
    return Path(settings.MEDIA_ROOT) / "tickets" / f"{trips[0].booking.pk}-{digest}.pdf"


def _ticket_version(ticket: Ticket) -> tuple[Any, ...]:
    return (
        ticket.pk,
        ticket.version,
        ticket.code,
        ticket.full_name,
        ticket.seat_id,
        ticket.fare,
        needs_text(ticket),
    )


def _write_cache(path: Path, content: bytes) -> None:
    """Write the whole file or none; a full disk must not stop a ticket from being sent."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)
    except OSError as error:
        logger.warning("a ticket's PDF could not be kept: %s", error.strerror)


def _typeset(trips: Sequence[TicketedTrip]) -> bytes:
    data = {
        "title": document_title(trips),
        "company": printable(get_company().trading_name),
        "labels": {
            "reference": _("Booking reference"),
            "passenger": _("Passenger"),
            "seat": _("Seat"),
            "check_in": _("Be at the stop by"),
            "spoken_code": _("Spoken code"),
            "coach": _("Coach"),
            "qr": _("QR code of the ticket"),
        },
        "trips": [_trip_data(trip) for trip in trips],
    }
    return make_pdf("ticket.typ", data, created=trips[0].booking.booking_date)


def _trip_data(trip: TicketedTrip) -> dict[str, Any]:
    return {
        **trip_data(trip),
        "line": printable(_("Line %(line)s") % {"line": trip.view.line}),
        "duration": trip.duration,
        "board_address": printable(trip.board_address),
        "alight_address": printable(trip.alight_address),
        "check_in": trip.check_in,
        "coach": printable(trip.coach),
        "tickets": [_ticket_data(trip, ticket) for ticket in trip.tickets],
    }


def _ticket_data(trip: TicketedTrip, ticket: Ticket) -> dict[str, Any]:
    deck = ""
    if ticket.seat and trip.booking.schedule.layout.decks > 1:
        deck = _("upper deck") if ticket.seat.deck > 1 else _("lower deck")
    return {**ticket_data(ticket), "deck": deck, "notes": printable(" ".join(_notes(trip, ticket)))}


def _notes(trip: TicketedTrip, ticket: Ticket) -> list[str]:
    notes = [*needs_note(ticket), _("Luggage: %(luggage)s.") % {"luggage": trip.luggage}, trip.papers]
    if ticket.passenger_type.proof:
        notes.append(_("At boarding, show: %(proof)s.") % {"proof": ticket.passenger_type.proof})
    refunds = refund_lines([ticket], trip.booking)
    if refunds:
        tiers = "; ".join(refunds)
        notes.append(_("Refund if it is cancelled %(tiers)s; after that no refund.") % {"tiers": tiers})
    else:
        notes.append(_("No refund if it is cancelled."))
    if trip.time_note:
        notes.append(trip.time_note)
    return notes
