"""The list of all bookings, fit for a million of them.

Every search goes through an index, and nothing is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from bookings.base.codes import CROCKFORD, REFERENCE_LENGTH, SPOKEN_LENGTH, is_ticket_code, read_scan
from bookings.base.emails import plain_email
from bookings.base.names import first_name_pattern, plain_person
from bookings.base.phones import read_phones
from bookings.base.text import clean_text
from bookings.domain.network.routes import RouteNames, route_names
from bookings.models import Booking, Order, Payment, Refund, Ticket

_LONGEST: Final = 254
_SHORTEST_NAME: Final = 2
_MOST_WORDS: Final = 6  # of a name: each more is two more places where the surname may begin
_OTHERS: Final = re.compile(r" \+\d+$")  # "Molefe, Kagiso +1", as the list says it
_SLIP: Final = re.compile(r"^slip\b[\s.:#]*", re.IGNORECASE)
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
    """What was typed or pasted into the one search field, as our pages print it or as people write it.

    A reference, an e-mail address, a telephone number, a spoken code, a slip number, or a passenger's name.
    """
    text = clean_text(text)[:_LONGEST]
    if not text:
        return rows
    if "@" in text:
        return rows.filter(passenger_email=plain_email(text))
    # Each is asked by itself: an OR over several tables would use no index.
    if orders := _orders_of_code(text):
        return rows.filter(order__in=orders)
    if orders := _orders_of_slip(text):
        return rows.filter(order__in=orders)
    if numbers := read_phones(text):
        return rows.filter(order__in=Order.objects.filter(phone__in=numbers))
    names = _has_name(text)
    return rows.filter(pk__in=Ticket.objects.filter(names).values("booking")) if names else rows.none()


def only_hit(hits: Sequence[Booking], text: str) -> Booking | None:
    """The booking to open where all hits of the text are of one order, which its page shows whole."""
    if not text.strip() or len({booking.order_id for booking in hits}) != 1:
        return None
    code = read_scan(text)
    return next((booking for booking in hits if booking.booking_reference == code), hits[0])


def _begins(column: str, name: str) -> Q:
    """A prefix of a normalised name, in the form that each database answers from its index."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": name})
    # SQLite's LIKE ignores case and therefore the index.
    return Q(**{f"{column}__gte": name, f"{column}__lt": name + _LAST})


def _surname_begins(name: str) -> Q:
    """A prefix of the surname, or of its last part."""
    return _begins("plain_surname", name) | _begins("plain_surname_end", name)


def _orders_of_slip(text: str) -> list[int]:
    """The ids of the orders of which a payment or refund has this reference of a terminal or transfer."""
    slip = _SLIP.sub("", text).upper()
    if not any(character.isdecimal() for character in slip):
        return []
    payments, refunds = (
        model.objects.annotate(slip=Upper("reference"))
        .filter(slip=slip)
        .order_by()
        .values_list("order", flat=True)
        for model in (Payment, Refund)
    )
    return list(payments.union(refunds))


def _orders_of_code(text: str) -> list[int]:
    """The ids of the orders with this reference, or with a ticket of this spoken or scanned code."""
    code = read_scan(text)
    if is_ticket_code(code):
        return list(Ticket.objects.filter(code=code).values_list("booking__order", flat=True))
    if not set(code) <= set(CROCKFORD):
        return []
    if len(code) == REFERENCE_LENGTH:
        return list(Booking.objects.filter(booking_reference=code).values_list("order", flat=True))
    if len(code) == SPOKEN_LENGTH:
        return list(
            Ticket.objects.filter(spoken_code=code).order_by().values_list("booking__order", flat=True)
        )
    return []


def _has_name(text: str) -> Q | None:
    """Tickets of this name: Molefe, the beginning of it, Kagiso, Kagiso Molefe, Molefe, Kagiso;
    Merwe or der Merwe for van der Merwe.
    """
    surname, comma, first_name = _OTHERS.sub("", text).partition(",")
    parts = surname.split()[:_MOST_WORDS]
    names = [("", surname)] if not comma else [(first_name, surname)]
    if not comma:
        pairs = [(" ".join(parts[:at]), " ".join(parts[at:])) for at in range(1, len(parts))]
        names += pairs + [(last, first) for first, last in pairs]
    conditions = [
        _surname_begins(plain) & (Q(first_name__iregex=first_name_pattern(first)) if first.strip() else Q())
        for first, last in names
        if len(plain := plain_person(last)) >= _SHORTEST_NAME
    ]
    if conditions and not comma:
        conditions.append(_begins("plain_first_name", plain_person(surname)))
    if conditions and len(parts) > 1:
        inner = Q(plain_surname__contains=plain_person(surname))
        conditions.append(_begins("plain_surname_end", plain_person(parts[-1])) & inner)
    return reduce(or_, conditions) if conditions else None
