"""Reminds customers who pay later, and all passengers of their trip."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.messages import queue_message
from bookings.models import Booking, Order, OutboxMessage, SaleStatus, Schedule, Ticket

REMIND_BEFORE: Final = timedelta(hours=2)
BOOKED_BEFORE: Final = timedelta(hours=12)
WORTHWHILE_AFTER: Final = timedelta(hours=4)  # who got less time than this has just read how to pay


def queue_pay_reminders(*, now: datetime | None = None) -> int:
    """Remind, once, those who pay later and have two hours left. Returns how many."""
    now = now or database_now()
    reminded = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.PAY_REMINDER, order=OuterRef("pk"))
    withdrawn = Booking.objects.filter(
        Q(schedule__is_active=False) | Q(schedule__status=Schedule.Status.CANCELLED), order=OuterRef("pk")
    )
    due = Order.objects.filter(
        ~Exists(reminded),
        ~Exists(withdrawn),  # nothing can be paid on it
        status=SaleStatus.PENDING,
        pays_later=True,
        pay_by__gt=now,
        pay_by__lte=now + REMIND_BEFORE,
        placed_at__lte=F("pay_by") - WORTHWHILE_AFTER,
    )
    queued = 0
    for order in due.order_by("pay_by")[:500]:
        with short_transaction():
            if queue_message(OutboxMessage.Kind.PAY_REMINDER, order, order, now=now):
                queued += 1
    return queued


def queue_trip_reminders(*, now: datetime | None = None) -> int:
    """Remind, once, the passengers of each trip that begins within TRIP_REMINDER_HOURS and was booked half a
    day before that: who booked later has just read all of it. Returns how many bookings.
    """
    now, ahead = now or database_now(), timedelta(hours=settings.TRIP_REMINDER_HOURS)
    if not ahead:
        return 0
    reminded = OutboxMessage.objects.filter(
        kind=OutboxMessage.Kind.TRIP_REMINDER, order=OuterRef("order"), about_id=OuterRef("pk")
    )
    due = Booking.objects.filter(
        ~Exists(reminded),
        status=SaleStatus.CONFIRMED,
        boards_at__gt=now,
        boards_at__lte=now + ahead,
        booking_date__lte=F("boards_at") - ahead - BOOKED_BEFORE,
        schedule__is_active=True,
        tickets__status=Ticket.Status.VALID,
    ).exclude(schedule__status__in=(Schedule.Status.CANCELLED, Schedule.Status.ARRIVED))
    queued = 0
    for booking in due.select_related("order").distinct().order_by("boards_at", "pk")[:500]:
        with short_transaction():
            if queue_message(OutboxMessage.Kind.TRIP_REMINDER, booking.order, booking, now=now):
                queued += 1
    return queued
