"""What a case tells: one message to each order, with its link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bookings.domain.sales.messages import write_message
from bookings.domain.tickets.choice_links import make_choice_link
from bookings.models import Booking, Disruption, DisruptionLine, Order, OutboxMessage


def tell_orders(
    case: Disruption, orders: Iterable[Order], lines: Sequence[DisruptionLine], *, now: datetime
) -> None:
    """One mail to each order, with its link; its passengers have links of their own to pass on."""
    for order in orders:
        tickets = [line.ticket for line in lines if line.ticket.booking.order_id == order.pk]
        if len(tickets) > 1:
            for ticket in tickets:
                make_choice_link(case, order, ticket, now=now)
        link = make_choice_link(case, order, now=now)
        write_message(OutboxMessage.Kind.DISRUPTION, order, link, now=now)


def tell_open_again(case: Disruption, orders: Iterable[Order], *, now: datetime) -> None:
    """Who has waited at a closed place hears that it is open."""
    for order in orders:
        link = make_choice_link(case, order, now=now)
        write_message(OutboxMessage.Kind.DISRUPTION, order, link, version="open", now=now)


def tell_unpaid(bookings: Iterable[Booking], *, now: datetime) -> None:
    """Who has not paid has nothing to choose: nothing will be charged, and the order runs out."""
    for booking in bookings:
        write_message(OutboxMessage.Kind.DISRUPTION_UNPAID, booking.order, booking, now=now)
