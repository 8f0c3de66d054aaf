"""Tickets for the 80 mm roll of a counter's thermal printer: black only, one slip for each passenger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import format_zar
from bookings.domain.tickets.pdf import prepare, write_line, write_lines
from bookings.domain.tickets.qr import qr_png
from bookings.domain.tickets.ticketed_trip import TicketedTrip, ticketed_trips_of
from bookings.models import Booking, Ticket

_WIDTH, _HEIGHT, _EDGE = 80, 152, 4  # in mm; the head of the printer reaches 72
_INNER: Final = _WIDTH - 2 * _EDGE
_INK: Final = (0, 0, 0)


def slips_pdf(bookings: Sequence[Booking]) -> bytes:
    """`bookings` as `sales.queries.bookings_of` loads them. Raises NotFound when there are no tickets to travel on."""
    trips = [trip for trip in ticketed_trips_of(list(bookings)) if trip.tickets]
    if not trips:
        raise NotFound(_("There are no tickets to travel on in this booking."))
    from fpdf import FPDF  # slow to load, and only a print needs it

    pdf = FPDF(unit="mm", format=(_WIDTH, _HEIGHT))
    prepare(pdf, trips)
    for trip in trips:
        for ticket in trip.tickets:
            pdf.add_page()
            _draw(pdf, trip, ticket)
    return bytes(pdf.output())


def _draw(pdf: Any, trip: TicketedTrip, ticket: Ticket) -> None:
    view, half = trip.view, _INNER / 2 - 1
    wide: dict[str, Any] = {"color": _INK, "width": _INNER}
    place = ticket.seat.label if ticket.seat else str(ticket.get_place_display())
    write_line(pdf, _EDGE, 4, "Falcon Bus Lines", 12, bold=True, align="C", **wide)
    write_line(pdf, _EDGE, 10, trip.booking.booking_reference, 16, bold=True, align="C", **wide)
    _rule(pdf, 18)
    write_line(pdf, _EDGE, 20, view.date_text, 10, bold=True, **wide)
    write_line(pdf, _EDGE, 25.5, view.departs, 22, bold=True, color=_INK, width=half)
    write_line(pdf, _EDGE + half + 2, 25.5, view.arrives, 22, bold=True, color=_INK, width=half, align="R")
    write_lines(pdf, _EDGE, 36, half, view.board_stop, 8, color=_INK)
    write_lines(pdf, _EDGE + half + 2, 36, half, view.alight_stop, 8, color=_INK, align="R")
    _rule(pdf, 45)
    write_lines(pdf, _EDGE, 47, _INNER - 26, ticket.full_name, 11, bold=True, color=_INK)
    write_line(pdf, _WIDTH - _EDGE - 24, 47, place, 20, bold=True, color=_INK, width=24, align="R")
    kind = f"{ticket.passenger_type.name} · {ticket.fare_class.name} · {format_zar(ticket.fare)}"
    write_line(pdf, _EDGE, 58, kind, 8, **wide)
    write_line(pdf, _EDGE, 62.5, _("Be at the stop by %(time)s") % {"time": trip.check_in}, 10, bold=True, **wide)
    pdf.image(qr_png(ticket.code), x=(_WIDTH - 44) / 2, y=68, w=44, h=44, alt_text=_("QR code of the ticket"))
    write_line(pdf, _EDGE, 113, f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}", 14, bold=True, align="C", **wide)
    _rule(pdf, 121)
    notes = [trip.coach + ".", _("Luggage: %(luggage)s.") % {"luggage": trip.luggage}, trip.papers]
    if ticket.passenger_type.proof:
        notes.append(_("At boarding, show: %(proof)s.") % {"proof": ticket.passenger_type.proof})
    if not ticket.seat:
        notes.insert(0, _("Standby: you travel when a seat is free at closing."))
    write_lines(pdf, _EDGE, 123, _INNER, " ".join(notes), 7.5, color=_INK, most=7)


def _rule(pdf: Any, y: float) -> None:
    pdf.set_draw_color(*_INK)
    pdf.set_line_width(0.2)
    pdf.line(_EDGE, y, _WIDTH - _EDGE, y)
