"""The QR code of a ticket."""

import io
from typing import Final

from bookings.models import Ticket

_QUIET_ZONE: Final = 4


def ticket_qr_svg(ticket: Ticket) -> str:
    """The ticket's code as SVG, to stand within HTML."""
    import segno  # slow to load, and few pages need it

    return segno.make_qr(ticket.code, error="m").svg_inline(scale=4, border=_QUIET_ZONE, omitsize=True, title=ticket.spoken_code)


def qr_png(code: str) -> io.BytesIO:
    """The code as a small black and white PNG, one pixel per module: a PDF scales it without blur."""
    import segno  # slow to load, and few pages need it

    png = io.BytesIO()
    segno.make_qr(code, error="m").save(png, kind="png", scale=1, border=_QUIET_ZONE)
    png.seek(0)
    return png
