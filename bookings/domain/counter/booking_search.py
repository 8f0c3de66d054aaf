"""The list of all bookings, fit for a million of them: every search goes through an index, and nothing is counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import phonenumbers
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet

from bookings.base.codes import CROCKFORD, normal_code, plain_name
from bookings.models import Booking, Order, Ticket

_REGION: Final = "ZA"
_REFERENCE_LENGTH: Final = 8
_SHORTEST_NAME: Final = 2
_LAST: Final = "\U0010ffff"


def all_bookings() -> QuerySet[Booking]:
    """With what a row of the list shows."""
    tickets = Ticket.objects.only("booking", "first_name", "surname", "status").order_by("pk")
    return Booking.objects.select_related(
        "order", "schedule__route__line", "from_stop__stop__city", "to_stop__stop__city"
    ).prefetch_related(Prefetch("tickets", queryset=tickets))


def with_details(rows: Iterable[Booking]) -> list[Booking]:
    """The same bookings, in the same order, with what a row shows.

    Asked for by themselves: among so many joins PostgreSQL no longer looks for the best place to begin.
    """
    ids = [row.pk for row in rows]
    found = {row.pk: row for row in all_bookings().filter(pk__in=ids)} if ids else {}
    return [found[pk] for pk in ids if pk in found]


def search_bookings(rows: QuerySet[Booking], text: str) -> QuerySet[Booking]:
    """What was typed into the one search field: a reference, an e-mail address, a telephone number or the beginning of a surname."""
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
        found = Booking.objects.filter(booking_reference=code).values_list("order", flat=True).first()
        if found:
            return rows.filter(order=found)
    name = plain_name(text)
    if len(name) < _SHORTEST_NAME:
        return rows.none()
    return rows.filter(pk__in=Ticket.objects.filter(surname_begins(name)).values("booking"))


def surname_begins(name: str) -> Q:
    """A prefix of the normalised surname, in the form that each database answers from its index."""
    if connection.vendor == "postgresql":
        return Q(plain_surname__startswith=name)
    return Q(plain_surname__gte=name, plain_surname__lt=name + _LAST)  # SQLite's LIKE ignores case and therefore the index


def _numbers(text: str) -> set[str]:
    """E.164, as numbers are kept; what cannot be read as one is looked for as it was typed."""
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        return {text}
    return {phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}
