from __future__ import annotations

import logging
import os
import tempfile
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import format_zar
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets.qr import qr_png
from bookings.domain.tickets.ticketed_trip import TicketedTrip, refund_lines, ticketed_trips_of
from bookings.models import Booking, Ticket

logger = logging.getLogger("bookings.tickets")

FONTS: Final = Path(__file__).parent / "fonts"
_DESIGN: Final = "1"  # raise it when a change here should reach tickets that are kept already
_NIGHT: Final = (26, 24, 56)
_INK: Final = (29, 27, 51)
_MUTED: Final = (91, 88, 118)
_OCHRE: Final = (240, 169, 63)
_LINE: Final = (221, 218, 231)
_WIDTH, _HEIGHT, _EDGE = 105, 148, 8  # A6, in mm
_INNER: Final = _WIDTH - 2 * _EDGE
_RTL: Final = {"R", "AL", "AN"}


def ticket_pdf(booking: Booking) -> bytes:
    """A page for each passenger of the booking. Raises NotFound when it has no tickets to travel on."""
    return tickets_pdf([each for each in bookings_of(booking.order) if each.pk == booking.pk])


def tickets_pdf(bookings: Sequence[Booking]) -> bytes:
    """The tickets of several bookings (as `bookings_of` loads them), kept until something on them changes."""
    trips = [trip for trip in ticketed_trips_of(list(bookings)) if trip.tickets]
    if not trips:
        raise NotFound(_("There are no tickets to travel on in this booking."))
    path = _kept_at(trips)
    try:
        return path.read_bytes()
    except OSError:  # not made yet
        content = _draw(trips)
        _keep(path, content)
        return content


def _kept_at(trips: Sequence[TicketedTrip]) -> Path:
    """Named by all that the ticket shows, which includes each ticket's version."""
    shown = [_DESIGN] + [
        repr((trip.view, trip.check_in, trip.luggage, trip.refunds, trip.coach, trip.board_address, trip.alight_address, _version(ticket)))
        for trip in trips
        for ticket in trip.tickets
    ]
    digest = sha256("\n".join(shown).encode()).hexdigest()[:24]
    return Path(settings.MEDIA_ROOT) / "tickets" / f"{trips[0].booking.pk}-{digest}.pdf"


def _version(ticket: Ticket) -> tuple:
    return ticket.pk, ticket.version, ticket.code, ticket.full_name, ticket.seat_id, ticket.fare


def _keep(path: Path, content: bytes) -> None:
    """Whole or not at all; a full disk must not stop a ticket from being sent."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)
    except OSError as error:
        logger.warning("a ticket's PDF could not be kept: %s", error.strerror)


def _draw(trips: Sequence[TicketedTrip]) -> bytes:
    from fpdf import FPDF  # slow to load, and only the queue and a download need it

    pdf = FPDF(unit="mm", format=(_WIDTH, _HEIGHT))
    prepare(pdf, trips)
    for trip in trips:
        for ticket in trip.tickets:
            pdf.add_page()
            _draw_head(pdf, trip)
            _draw_trip(pdf, trip)
            _draw_passenger(pdf, trip, ticket)
            _draw_code(pdf, trip, ticket)
            _draw_notes(pdf, trip, ticket)
    return bytes(pdf.output())


def prepare(pdf: Any, trips: Sequence[TicketedTrip]) -> None:
    """The settings of a document of tickets, whatever its paper."""
    pdf.set_auto_page_break(False)
    pdf.set_margin(_EDGE)
    pdf.c_margin = 0
    pdf.set_lang("en-ZA")
    pdf.set_title(_("Falcon Bus Lines: tickets of booking %(reference)s") % {"reference": trips[0].booking.booking_reference})
    pdf.set_creation_date(trips[0].booking.booking_date)  # the same ticket is the same bytes
    pdf.add_font("body", fname=FONTS / "DejaVuSans.ttf")
    pdf.add_font("body", style="B", fname=FONTS / "DejaVuSans-Bold.ttf")


def _draw_head(pdf: Any, trip: TicketedTrip) -> None:
    pdf.set_fill_color(*_NIGHT)
    pdf.rect(0, 0, _WIDTH, 15, style="F")
    pdf.set_fill_color(*_OCHRE)
    pdf.rect(0, 15, _WIDTH, 0.9, style="F")
    write_line(pdf, _EDGE, 5, "Falcon Bus Lines", 12, bold=True, color=(255, 255, 255))
    write_line(pdf, _WIDTH / 2, 3.2, _("Booking reference"), 6, color=(195, 191, 226), width=_WIDTH / 2 - _EDGE, align="R")
    write_line(
        pdf, _WIDTH / 2, 6.6, trip.booking.booking_reference, 13, bold=True, color=(255, 255, 255), width=_WIDTH / 2 - _EDGE, align="R"
    )


def _draw_trip(pdf: Any, trip: TicketedTrip) -> None:
    view, half, right = trip.view, _INNER / 2 - 2, _WIDTH / 2 + 2
    write_line(pdf, _EDGE, 19, view.date_text, 9, bold=True)
    write_line(pdf, right, 19.3, _("Line %(line)s") % {"line": view.line}, 8, color=_MUTED, width=half, align="R")
    write_line(pdf, _EDGE, 25, view.departs, 27, bold=True)
    write_line(pdf, right, 25, view.arrives, 27, bold=True, width=half, align="R")
    write_line(pdf, _EDGE + 30, 27, trip.duration, 7, color=_MUTED, width=_INNER - 60, align="C")
    write_line(pdf, _EDGE + 30, 32.2, view.day_mark, 7, bold=True, width=_INNER - 60, align="C")
    pdf.set_draw_color(*_OCHRE)
    pdf.set_line_width(0.7)
    pdf.line(_EDGE + 34, 31.5, _WIDTH - _EDGE - 34, 31.5)
    _block(pdf, _EDGE, 37, half, view.board_stop, trip.board_address, "L")
    _block(pdf, right, 37, half, view.alight_stop, trip.alight_address, "R")


def _block(pdf: Any, x: float, y: float, width: float, stop: str, address: str, align: str) -> None:
    below = write_lines(pdf, x, y, width, stop, 8, bold=True, align=align, most=3)
    write_lines(pdf, x, below, width, address, 6.5, color=_MUTED, align=align, most=2)


def _draw_passenger(pdf: Any, trip: TicketedTrip, ticket: Ticket) -> None:
    _rule(pdf, 56.5)
    seat = ticket.seat.label if ticket.seat else str(ticket.get_place_display())
    _label(pdf, _EDGE, 59, _("Passenger"))
    below = write_lines(pdf, _EDGE, 62, _INNER - 26, ticket.full_name, 11, bold=True, most=2)
    kind = f"{ticket.passenger_type.name} · {ticket.fare_class.name} · {format_zar(ticket.fare)}"
    write_line(pdf, _EDGE, below + 0.3, kind, 7, color=_MUTED, width=_INNER - 26)
    _label(pdf, _WIDTH - _EDGE - 24, 59, _("Seat"), align="R")
    write_line(pdf, _WIDTH - _EDGE - 24, 61.5, seat, 20, bold=True, width=24, align="R")
    if ticket.seat and trip.booking.schedule.layout.decks > 1:
        deck = _("upper deck") if ticket.seat.deck > 1 else _("lower deck")
        write_line(pdf, _WIDTH - _EDGE - 24, 70, deck, 6.5, color=_MUTED, width=24, align="R")


def _draw_code(pdf: Any, trip: TicketedTrip, ticket: Ticket) -> None:
    x = _EDGE + 46
    pdf.image(qr_png(ticket.code), x=_EDGE - 4.5, y=75, w=46, h=46, alt_text=_("QR code of the ticket"))
    _label(pdf, x, 80, _("Be at the stop by"))
    write_line(pdf, x, 83.2, trip.check_in, 16, bold=True)
    _label(pdf, x, 92.5, _("Spoken code"))
    write_line(pdf, x, 95.7, f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}", 13, bold=True)
    _label(pdf, x, 104, _("Coach"))
    write_lines(pdf, x, 107, _WIDTH - _EDGE - x, trip.coach, 7.5, most=3)


def _draw_notes(pdf: Any, trip: TicketedTrip, ticket: Ticket) -> None:
    _rule(pdf, 121.5)
    notes = [_("Luggage: %(luggage)s.") % {"luggage": trip.luggage}, trip.papers]
    if ticket.passenger_type.proof:
        notes.append(_("At boarding, show: %(proof)s.") % {"proof": ticket.passenger_type.proof})
    refunds = refund_lines([ticket], trip.booking)
    if refunds:
        notes.append(_("Refund if it is cancelled %(tiers)s; after that nothing.") % {"tiers": "; ".join(refunds)})
    else:
        notes.append(_("This ticket is not refunded any more."))
    if trip.zone_note:
        notes.append(trip.zone_note)
    write_lines(pdf, _EDGE, 123.5, _INNER, " ".join(notes), 6.8, color=_MUTED, most=8)


def _rule(pdf: Any, y: float) -> None:
    pdf.set_draw_color(*_LINE)
    pdf.set_line_width(0.3)
    pdf.line(_EDGE, y, _WIDTH - _EDGE, y)


def _label(pdf: Any, x: float, y: float, text: str, *, align: str = "L") -> None:
    write_line(pdf, x, y, text, 6, color=_MUTED, width=24 if align == "R" else 45, align=align)


def write_line(
    pdf: Any,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
    width: float = _INNER,
    align: str = "L",
) -> None:
    """One line, made smaller until it fits."""
    if not text:
        return
    text = printable(text)
    pdf.set_font("body", style="B" if bold else "", size=size)
    while size > 4 and pdf.get_string_width(text) > width:
        size -= 0.5
        pdf.set_font_size(size)
    pdf.set_text_color(*color)
    pdf.set_xy(x, y)
    pdf.cell(w=width, h=size * 0.42, text=text, align=align)


def write_lines(
    pdf: Any,
    x: float,
    y: float,
    width: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
    align: str = "L",
    most: int = 2,
) -> float:
    """Text over at most so many lines, made smaller until it fits. Returns where it ends."""
    if not text:
        return y
    style = "B" if bold else ""
    shown = printable(text)
    while True:
        pdf.set_font("body", style=style, size=size)
        lines = pdf.multi_cell(width, text=shown, dry_run=True, output="LINES")
        if len(lines) <= most or size <= 4.5:
            break
        size -= 0.5
    height = size * 0.44
    pdf.set_text_color(*color)
    for number, line in enumerate(lines[:most]):
        pdf.set_xy(x, y + number * height)
        pdf.cell(w=width, h=height, text=line, align=align)
    return y + min(len(lines), most) * height + 0.4


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # comes with fpdf2; slow to load

    with TTFont(FONTS / "DejaVuSans.ttf") as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=512)
def printable(text: str) -> str:
    """`text` as our font can show it: symbols it lacks are left out, letters it lacks become a question mark, right-to-left is laid out."""
    shown = "".join(_drawable(character) for character in unicodedata.normalize("NFC", text))
    shown = " ".join(shown.split())
    if any(unicodedata.bidirectional(character) in _RTL for character in shown):
        from fpdf.bidi import BidiParagraph  # only for the names that need it

        shown = BidiParagraph(text=shown).get_reordered_string()
    return shown or "?"


def _drawable(character: str) -> str:
    if ord(character) in _glyphs():
        return character
    category = unicodedata.category(character)
    if category.startswith("Z") or character in "\t\n\r":
        return " "
    if category[0] in "CSM":  # controls, emoji and what modifies them
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if ord(part) in _glyphs())
    return plain or "?"
