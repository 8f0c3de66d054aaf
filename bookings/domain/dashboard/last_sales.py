"""What was sold last to people who get on at a station, whoever sold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils import timezone

from bookings.base.money import ZERO, format_zar
from bookings.base.names import full_name
from bookings.domain.counter.booking_search import ListedBooking, list_bookings
from bookings.domain.search.segments import day_bounds
from bookings.domain.timetable.trips import clock_text, local_text
from bookings.models import Booking, Branch, Channel, SaleStatus, Ticket, Total

ROWS: Final = 6


@dataclass(frozen=True)
class LastSale:
    reference: str
    name: str  # Thandi Nkosi +1
    trip: str  # Cape Town, Wed 2 Dec 2026, 17:00
    time: str
    channel: str
    amount: str


def last_sales(branch: Branch, *, now: datetime) -> tuple[LastSale, ...]:
    """The newest of today, three queries."""
    today = timezone.localtime(now).date()
    start, end = day_bounds(today, today, settings.TIME_ZONE)
    rows = Booking.objects.filter(
        booking_date__gte=start,
        booking_date__lt=end,
        from_stop__stop__city=branch.city_id,
        status=SaleStatus.CONFIRMED,
    )
    ids = list(rows.order_by("-booking_date", "-pk").values_list("pk", flat=True)[:ROWS])
    tickets = Ticket.objects.filter(booking__in=ids).exclude(status=Ticket.Status.REPLACED).order_by()
    amounts = dict(tickets.values_list("booking").annotate(total=Total("fare"))) if ids else {}
    return tuple(_sale(booking, amounts.get(booking.pk, ZERO), now) for booking in list_bookings(ids))


def _sale(booking: ListedBooking, amount: Decimal, now: datetime) -> LastSale:
    (surname, first_name), others = (booking.passengers or (("", ""),))[0], len(booking.passengers) - 1
    return LastSale(
        reference=booking.booking_reference,
        name=full_name(first_name, surname) + (f" +{others}" if others > 0 else ""),
        trip=f"{booking.destination}, {local_text(booking.boards_at)}",
        time=clock_text(booking.booking_date, now),
        channel=str(Channel(booking.channel).label),
        amount=format_zar(amount),
    )
