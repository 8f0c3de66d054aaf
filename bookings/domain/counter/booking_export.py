"""Bookings as accounts need them in a file: with their seats, their money, and who took it where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from django.db.models import QuerySet

from bookings.base.money import ZERO
from bookings.base.names import full_name
from bookings.domain.counter.booking_search import ListedBooking, list_bookings
from bookings.models import Booking, Payment, Refund, Ticket, Total

CHUNK: Final = 500  # bookings that are read together


@dataclass(frozen=True)
class ExportedBooking:
    listed: ListedBooking
    seats: tuple[str, ...]
    fares: Decimal  # of all its tickets but those that others replaced
    refunded: Decimal  # paid back for it
    ways: tuple[str, ...]  # methods by which its order was paid
    slips: tuple[str, ...]  # their references
    branch: str  # name; empty unless staff sold it
    clerk: str


def export_bookings(rows: QuerySet[Booking], most: int) -> Iterator[ExportedBooking]:
    """The first `most` of these bookings in their order: six queries for every five hundred."""
    ids = rows.values_list("pk", flat=True)[:most].iterator(chunk_size=CHUNK)
    while chunk := list(islice(ids, CHUNK)):
        yield from _chunk(chunk)


def _chunk(ids: list[int]) -> Iterator[ExportedBooking]:
    seats, fares = _tickets(ids)
    orders = _orders(ids)
    ways, slips = _payments({order for order, _branch, _clerk in orders.values()})
    back = Refund.objects.filter(booking__in=ids, status=Refund.Status.PAID).order_by()
    refunded = dict(back.values_list("booking").annotate(total=Total("amount")))
    for booking in list_bookings(ids):
        order, branch, clerk = orders[booking.pk]
        yield ExportedBooking(
            booking,
            tuple(seats[booking.pk]),
            fares[booking.pk],
            refunded.get(booking.pk, ZERO),
            tuple(dict.fromkeys(ways[order])),
            tuple(dict.fromkeys(slips[order])),
            branch,
            clerk,
        )


def _tickets(ids: Iterable[int]) -> tuple[defaultdict[int, list[str]], defaultdict[int, Decimal]]:
    """Seats and fares by booking."""
    seats: defaultdict[int, list[str]] = defaultdict(list)
    fares: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    rows = Ticket.objects.filter(booking__in=ids).exclude(status=Ticket.Status.REPLACED).order_by("pk")
    for booking, seat, status, fare in rows.values_list("booking", "seat__label", "status", "fare"):
        fares[booking] += fare
        if seat and status != Ticket.Status.CANCELLED:
            seats[booking].append(seat)
    return seats, fares


def _orders(ids: Iterable[int]) -> dict[int, tuple[int, str, str]]:
    """By booking: its order, and the branch and the clerk, or partner, who sold it."""
    rows = Booking.objects.filter(pk__in=ids).order_by()
    columns = ("order__shift__branch__name", "order__seller__first_name", "order__seller__last_name")
    return {
        pk: (order, branch or "", full_name(first_name or "", surname or "") or partner or "")
        for pk, order, branch, first_name, surname, partner in rows.values_list(
            "pk", "order", *columns, "order__partner__name"
        )
    }


def _payments(orders: Iterable[int]) -> tuple[defaultdict[int, list[str]], defaultdict[int, list[str]]]:
    """Methods and references by order."""
    ways: defaultdict[int, list[str]] = defaultdict(list)
    slips: defaultdict[int, list[str]] = defaultdict(list)
    rows = Payment.objects.filter(order__in=orders).order_by("pk")
    for order, method, reference in rows.values_list("order", "method", "reference"):
        ways[order].append(method)
        slips[order] += [reference] if reference else []
    return ways, slips
