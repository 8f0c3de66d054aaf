"""The list of all bookings, fit for a million of them.

Every search goes through an index, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from bookings.base.codes import CROCKFORD, normal_code, plain_name
from bookings.base.phones import read_phone
from bookings.domain.network.routes import RouteNames, route_names
from bookings.models import Booking, Order, Ticket

_REFERENCE_LENGTH: Final = 8
_SHORTEST_NAME: Final = 2
_LAST: Final = "\U0010ffff"
_GONE: Final = {Ticket.Status.REPLACED, Ticket.Status.CANCELLED}


class ListedBooking(NamedTuple):
    """A booking as a list shows it."""

    pk: int
    booking_reference: str
    passenger_email: str
    status: str  # SaleStatus
    booking_date: datetime
    boards_at: datetime
    phone: str
    channel: str  # Channel
    line: str  # code
    origin: str  # city
    destination: str
    passengers: tuple[tuple[str, str], ...]  # surname, first name


class _TicketRow(NamedTuple):
    """A booking with one of its tickets."""

    pk: int
    booking_reference: str
    passenger_email: str
    status: str
    booking_date: datetime
    boards_at: datetime
    phone: str
    channel: str
    route: int
    start: int  # call
    end: int
    surname: str | None
    first_name: str | None
    ticket_status: str | None  # None: it has none


_COLUMNS: Final = (
    "pk", "booking_reference", "passenger_email", "status", "booking_date", "boards_at", "order__phone",
    "order__channel", "schedule__route", "from_stop", "to_stop", "tickets__surname", "tickets__first_name",
    "tickets__status",
)  # fmt: skip


def list_bookings(ids: Sequence[int]) -> list[ListedBooking]:
    """These bookings in this order: two queries, one while the names of their routes are cached."""
    by_booking: dict[int, list[_TicketRow]] = {}
    rows = Booking.objects.filter(pk__in=ids).order_by("tickets__pk").values_list(*_COLUMNS) if ids else []
    for row in map(_TicketRow._make, rows):
        by_booking.setdefault(row.pk, []).append(row)
    names = route_names(tickets[0].route for tickets in by_booking.values())
    return [_listed(tickets, names[tickets[0].route]) for pk in ids if (tickets := by_booking.get(pk))]


def _listed(tickets: list[_TicketRow], names: RouteNames) -> ListedBooking:
    booking = tickets[0]
    # Those who were replaced or have cancelled are named only if there is nobody else.
    going = [ticket for ticket in tickets if ticket.ticket_status not in _GONE] or tickets
    return ListedBooking(
        pk=booking.pk,
        booking_reference=booking.booking_reference,
        passenger_email=booking.passenger_email,
        status=booking.status,
        booking_date=booking.booking_date,
        boards_at=booking.boards_at,
        phone=booking.phone,
        channel=booking.channel,
        line=names.line,
        origin=names.cities[booking.start],
        destination=names.cities[booking.end],
        passengers=tuple(
            (ticket.surname, ticket.first_name)
            for ticket in going
            if ticket.surname is not None and ticket.first_name is not None
        ),
    )


def search_bookings(rows: QuerySet[Booking], text: str) -> QuerySet[Booking]:
    """What was typed into the one search field.

    A reference, an e-mail address, a telephone number or the beginning of a surname.
    """
    text = " ".join(text.replace("\x00", "").split())[:254]
    if not text:
        return rows
    if "@" in text:
        return rows.filter(passenger_email__in={text, text.lower()})
    if text.lstrip("+").replace(" ", "").replace("-", "").isdecimal() and len(text) > _REFERENCE_LENGTH:
        return rows.filter(order__in=Order.objects.filter(phone__in=_numbers(text)))
    code = normal_code(text)
    if len(code) == _REFERENCE_LENGTH and set(code) <= set(CROCKFORD):
        # Asked first and by itself: an OR over two tables would use neither index.
        order_id = Booking.objects.filter(booking_reference=code).values_list("order", flat=True).first()
        if order_id:
            return rows.filter(order=order_id)
    name = plain_name(text)
    if len(name) < _SHORTEST_NAME:
        return rows.none()
    return rows.filter(pk__in=Ticket.objects.filter(surname_begins(name)).values("booking"))


def surname_begins(name: str) -> Q:
    """A prefix of the normalised surname, in the form that each database answers from its index."""
    if connection.vendor == "postgresql":
        return Q(plain_surname__startswith=name)
    return Q(
        plain_surname__gte=name, plain_surname__lt=name + _LAST
    )  # SQLite's LIKE ignores case and therefore the index


def _numbers(text: str) -> set[str]:
    """As numbers are stored; what is not a number is looked for as it was typed."""
    try:
        return {read_phone(text)}
    except ValueError:
        return {text}
