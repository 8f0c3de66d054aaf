"""Paying for a change of a paid booking, through a gateway as in a purchase."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.database.transactions import short_transaction
from bookings.domain.sales.exchange_requests import request_called
from bookings.domain.sales.gateways import chosen_gateway
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.payments import open_attempt, payment_address
from bookings.models import PaymentAttempt


def pay_change(token: str, *, gateway: str = "", now: datetime | None = None) -> str:
    """Open an attempt to pay for the change through `gateway`, or the first that is offered, and return the
    address to send the browser to; an attempt that waits for the customer there is taken up again.

    Raises NotFound, and Conflict when there is nothing to pay (any more) or the bank has not decided yet.
    """
    gateway = chosen_gateway(gateway)
    order_id = request_called(token).booking.order_id
    with short_transaction():
        locked = lock_order(order_id)
        request, now = request_called(token), now or locked.now
        if not request.is_open(now):
            raise Conflict(_("There is nothing to pay for this change any more."))
        attempts = list(request.attempts.order_by("pk"))
        if any(attempt.status == PaymentAttempt.Status.PENDING for attempt in attempts):
            raise Conflict(_("Your bank is still confirming this; do not pay again."))
        for attempt in attempts:
            if attempt.status == PaymentAttempt.Status.STARTED and attempt.gateway == gateway:
                return payment_address(attempt)
        return open_attempt(locked.order, request.amount, gateway=gateway, request=request, now=now)
