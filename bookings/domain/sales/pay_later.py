"""Paying later on the web: only who has a mailbox that answers keeps the seats."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.database.transactions import short_transaction
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.checkout import pay_later_until
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.orders import check_running, lock_order
from bookings.domain.sales.payments import give_time
from bookings.models import (
    BookingEvent,
    BookingStep,
    Order,
    OutboxMessage,
)


def confirm_mailbox(order_id: int, *, now: datetime | None = None) -> Order:
    """Keep the seats of an order that is paid later until its pay-by time: its mailbox has answered. Again it
    changes nothing.

    Raises Conflict when the time for that has run out or there is nothing to pay, SalesClosed when the
    departure does not run any more.
    """
    with short_transaction():
        locked = lock_order(order_id)
        order, now = locked.order, now or locked.now
        if order.mailbox_confirmed_at:
            return order
        if not order.is_unproven or not order.is_open(now):
            raise Conflict(_("These seats are not held for you any more. Please search again."))
        check_running(locked.schedules.values())
        Order.objects.filter(pk=order.pk).update(mailbox_confirmed_at=now)
        order.mailbox_confirmed_at = now
        boards_at = min(booking.boards_at for booking in locked.bookings)
        until = pay_later_until(boards_at, order.placed_at)
        if until:
            give_time(order, until)
            order.refresh_from_db(fields=["pay_by"])
        for booking in locked.bookings:
            step = BookingStep(booking, booking.status, booking.status, at=now, reason="mailbox confirmed")
            BookingEvent.objects.record(step)
        write_message(OutboxMessage.Kind.PAY_BY, order, order, version="confirmed", now=now)
        refresh(locked.schedules)
        return order
