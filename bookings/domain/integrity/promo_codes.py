"""What must always be true of promo codes. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, F, Q

from bookings.domain.integrity.order_lines import total_of
from bookings.domain.sales.promo_codes import LIVE
from bookings.models import Booking, Order, OrderLine, PromoCode, Ticket


def promo_codes_count_their_orders(now: datetime) -> Iterator[object]:
    """The uses of a code are the unpaid and paid orders that have it; an order of such lines has one."""
    live = Count("orders", filter=Q(orders__status__in=LIVE))
    yield from PromoCode.objects.annotate(live=live).exclude(uses=F("live")).values_list("code", flat=True)
    lines = OrderLine.objects.filter(kind=OrderLine.Kind.PROMO)
    bare = Order.objects.filter(promo_code=None, pk__in=lines.values("order"))
    yield from (f"order {pk}" for pk in bare.values_list("pk", flat=True))


def discounts_are_in_the_lines(now: datetime) -> Iterator[object]:
    """What a booking that stands saves is what its tickets say."""
    lines = OrderLine.objects.filter(kind=OrderLine.Kind.PROMO)
    tickets = Ticket.objects.exclude(status__in=(Ticket.Status.CANCELLED, Ticket.Status.REPLACED))
    of_code = Booking.objects.filter(status__in=LIVE).filter(
        Q(order__promo_code__isnull=False) | Q(tickets__discount__gt=0)
    )
    rows = of_code.distinct().annotate(
        lines_say=total_of(lines, "booking"), tickets_say=total_of(tickets, "booking", "discount")
    )
    yield from rows.exclude(lines_say=-F("tickets_say")).values_list("booking_reference", flat=True)
