"""Reminds customers who pay later."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.messages import queue_message
from bookings.models import Booking, Order, OutboxMessage, SaleStatus, Schedule

REMIND_BEFORE: Final = timedelta(hours=2)
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
