from collections.abc import Iterable, Iterator
from typing import Final

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bookings.domain.timetable.trips import local_text
from bookings.models import Booking, Ticket
from bookings.web.badges import booking_badge

SORTS: Final = {"booked": "booking_date", "departure": "boards_at"}  # the columns that have an index
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class BookingTable(tables.Table):
    reference = tables.Column(
        _("Reference"),
        accessor="booking_reference",
        orderable=False,
        linkify=("office:booking", [tables.A("booking_reference")]),
        attrs={"a": {"class": "code", "hx-boost": "false"}},
    )
    name = tables.Column(_("Name"), accessor="pk", orderable=False)
    phone = tables.Column(_("Telephone"), accessor="order__phone", orderable=False)
    email = tables.Column(_("E-mail"), accessor="passenger_email", orderable=False)
    departure = tables.Column(_("Departure"), accessor="boards_at")
    status = tables.Column(_("Status"), accessor="get_status_display", orderable=False)
    booked = tables.Column(_("Booked"), accessor="booking_date")
    channel = tables.Column(_("Channel"), accessor="order__get_channel_display", orderable=False)

    class Meta:
        order_by_field = "sort"
        empty_text = _("No booking fits.")
        attrs = {"class": "table"}

    def render_name(self, record: Booking) -> str:
        return name_of(record)

    def render_departure(self, record: Booking) -> str:
        when, cities = ride_of(record)
        return format_html('<span class="nowrap">{}</span> <span class="nowrap muted">{}</span>', when, cities)

    def render_status(self, value: str, record: Booking) -> str:
        return format_html('<span class="badge {}">{}</span>', booking_badge(record.status), value)

    def render_booked(self, record: Booking) -> str:
        return local_text(record.booking_date)


def name_of(booking: Booking) -> str:
    """Who travels; those who were replaced or have cancelled only if there is nobody else."""
    tickets = list(booking.tickets.all())
    going = [ticket for ticket in tickets if ticket.status not in (Ticket.Status.REPLACED, Ticket.Status.CANCELLED)] or tickets
    if not going:
        return ""
    return f"{going[0].surname}, {going[0].first_name}" + (f" +{len(going) - 1}" if len(going) > 1 else "")


def ride_of(booking: Booking) -> tuple[str, str]:
    """When and on which line; from where to where."""
    cities = f"{booking.from_stop.stop.city.name} → {booking.to_stop.stop.city.name}"
    return f"{local_text(booking.boards_at)} {booking.schedule.route.line.code}", cities


CELLS: Final = {
    "reference": lambda booking: booking.booking_reference,
    "name": name_of,
    "phone": lambda booking: booking.order.phone,
    "email": lambda booking: booking.passenger_email,
    "departure": lambda booking: " ".join(ride_of(booking)),
    "status": lambda booking: str(booking.get_status_display()),
    "booked": lambda booking: local_text(booking.booking_date),
    "channel": lambda booking: str(booking.order.get_channel_display()),
}
COLUMNS: Final = tuple(CELLS)


def export_rows(bookings: Iterable[Booking], columns: Iterable[str]) -> Iterator[list[str]]:
    """A header, then a row for each booking; no cell of it is a formula to a spreadsheet."""
    columns = list(columns)
    yield [str(BookingTable.base_columns[column].verbose_name) for column in columns]
    for booking in bookings:
        yield [safe_cell(CELLS[column](booking)) for column in columns]


def safe_cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
