from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import django_tables2 as tables
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings.base.names import listed_name
from bookings.domain.counter.booking_search import ListedBooking
from bookings.domain.timetable.trips import local_text
from bookings.models import Channel, SaleStatus
from bookings.web.badges import booking_badge

SORTS: Final = {"booked": "booking_date", "departure": "boards_at"}  # the columns that have an index


class BookingTable(tables.Table):
    """The head of the list.

    Its rows are made by `booking_rows`: to ask the table for each cell cost more than all else on the page.
    """

    reference = tables.Column(_("Reference"), orderable=False)
    name = tables.Column(_("Name"), orderable=False)
    phone = tables.Column(_("Telephone"), orderable=False)
    email = tables.Column(_("E-mail"), orderable=False)
    departure = tables.Column(_("Departure"))
    status = tables.Column(_("Status"), orderable=False)
    booked = tables.Column(_("Booked"))
    channel = tables.Column(_("Channel"), orderable=False)

    class Meta:
        order_by_field = "sort"
        empty_text = _("No bookings found.")
        attrs = {"class": "table"}


class BookingRow(NamedTuple):
    """A booking in ready words."""

    address: str
    reference: str
    name: str  # Nkosi, Thandi +1
    phone: str
    email: str
    departs: str  # when, and the line
    cities: str
    status: str
    badge: str  # class of its status
    booked: str
    channel: str

    @property
    def departure(self) -> str:
        return f"{self.departs} {self.cities}"


COLUMNS: Final = tuple(BookingTable.base_columns)


def booking_rows(bookings: Iterable[ListedBooking]) -> Iterator[BookingRow]:
    statuses = {value: str(label) for value, label in SaleStatus.choices}
    channels = {value: str(label) for value, label in Channel.choices}
    for booking in bookings:
        yield BookingRow(
            address=reverse("office:booking", args=[booking.booking_reference]),
            reference=booking.booking_reference,
            name=_names(booking.passengers),
            phone=booking.phone,
            email=booking.passenger_email,
            departs=f"{local_text(booking.boards_at)} {booking.line}",
            cities=f"{booking.origin} → {booking.destination}",
            status=statuses[booking.status],
            badge=booking_badge(booking.status),
            booked=local_text(booking.booking_date),
            channel=channels[booking.channel],
        )


def _names(passengers: Sequence[tuple[str, str]]) -> str:
    """The first who travels, and how many others do."""
    if not passengers:
        return ""
    surname, first_name = passengers[0]
    return listed_name(first_name, surname) + (f" +{len(passengers) - 1}" if len(passengers) > 1 else "")
