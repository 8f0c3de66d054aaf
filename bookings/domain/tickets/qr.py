"""QR codes as SVG, for the pages and for the PDF."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from bookings.models import Ticket

_DRAWING: Final = re.compile(r'width="(\d+)".* d="([^"]+)"', re.DOTALL)


def ticket_qr_svg(ticket: Ticket) -> str:
    """The ticket's code as SVG to place in HTML, with its spoken code as the text for screen readers."""
    return qr_svg(ticket.code, title=ticket.spoken_code)


def qr_svg(content: str, *, title: str = "") -> str:
    """An SVG of one unit per module with a quiet zone of four, to place in HTML or to use as a file."""
    import zxingcpp  # loaded by the first code, as most processes draw none

    barcode = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # The library's own document has a size instead of a view box, and no title.
    drawing = _DRAWING.search(barcode.to_svg())
    if drawing is None:
        raise RuntimeError("zxingcpp draws its codes in another way than this version is read.")
    width, path = drawing.groups()
    caption = f"<title>{escape(title)}</title>" if title else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {width}">'
    return f'{head}{caption}<path fill="#000" d="{path}"/></svg>'
