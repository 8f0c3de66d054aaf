"""The columns of the file of bookings: those that the list shows, then those that accounts need."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.base.names import listed_name
from bookings.domain.counter.booking_export import ExportedBooking
from bookings.domain.tickets.receipt_text import method_text
from bookings.models import Channel, SaleStatus
from bookings.office.presenters.spreadsheet import Cell
from bookings.office.presenters.tables import BookingTable

_ZONE: Final = ZoneInfo(settings.TIME_ZONE)
_STATUSES: Final = dict(SaleStatus.choices)
_CHANNELS: Final = dict(Channel.choices)


def _moment(at: datetime) -> str:
    """2026-12-01 17:00, which a spreadsheet sorts and reads as a date."""
    return f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M}"


_ON_LIST: Final[dict[str, Callable[[ExportedBooking], Cell]]] = {
    "reference": lambda row: row.listed.booking_reference,
    "name": lambda row: "; ".join(listed_name(first, surname) for surname, first in row.listed.passengers),
    "phone": lambda row: row.listed.phone,
    "email": lambda row: row.listed.passenger_email,
    "departure": lambda row: (
        f"{_moment(row.listed.boards_at)} {row.listed.line} {row.listed.origin} → {row.listed.destination}"
    ),
    "status": lambda row: str(_STATUSES[row.listed.status]),
    "booked": lambda row: _moment(row.listed.booking_date),
    "channel": lambda row: str(_CHANNELS[row.listed.channel]),
}
_FOR_ACCOUNTS: Final[tuple[tuple[str | Promise, Callable[[ExportedBooking], Cell]], ...]] = (
    (_("Passengers"), lambda row: len(row.listed.passengers)),
    (_("Seats"), lambda row: " ".join(row.seats)),
    (_("Fares"), lambda row: row.fares),
    (_("Refunded"), lambda row: row.refunded),
    (_("Paid by"), lambda row: ", ".join(dict.fromkeys(map(method_text, row.ways)))),
    (_("Slip"), lambda row: ", ".join(row.slips)),
    (_("Branch"), lambda row: row.branch),
    (_("Sold by"), lambda row: row.clerk),
)


def export_rows(bookings: Iterable[ExportedBooking], columns: Iterable[str]) -> Iterator[list[Cell]]:
    """A header, then a row for each booking; amounts are numbers in rand."""
    shown = list(columns)
    yield [
        *(str(BookingTable.base_columns[column].verbose_name) for column in shown),
        *(str(label) for label, _cell in _FOR_ACCOUNTS),
    ]
    cells = [*(_ON_LIST[column] for column in shown), *(cell for _label, cell in _FOR_ACCOUNTS)]
    for booking in bookings:
        yield [cell(booking) for cell in cells]
