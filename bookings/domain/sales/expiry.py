"""An order unpaid past its pay-by time expires with its bookings, and its seats are free again."""

from collections.abc import Collection, Iterable, Set
from datetime import datetime

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import ClaimedLeg, lock_schedules, refresh
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.order_lines import Cause, take_back_sale
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.promo_codes import free_uses
from bookings.domain.sales.refunds import owe_back
from bookings.domain.sales.voucher_sales import expire_voucher_order
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    Order,
    SaleStatus,
    SeatClaim,
    Webhook,
)


def expire_unpaid(*, now: datetime | None = None) -> int:
    """Sweep what has run out: unpaid orders and the claims of dead holds. Housekeeping only: expired claims
    count as free anyway.

    Returns how many orders expired.
    """
    now = now or database_now()
    orders = list(
        Order.objects.filter(status=SaleStatus.PENDING, pay_by__lte=now)
        .order_by("pay_by")
        .values_list("pk", flat=True)[:500]
    )
    expired = 0
    for order_id in orders:
        with short_transaction():
            locked = lock_order(order_id)
            drop_expired(list(locked.schedules), now=now)
            if expire_order(order_id, now=now):
                free_uses([locked.order.promo_code_id])
            refresh(locked.schedules)
            expired += 1
    for schedule_id in (
        SeatClaim.objects.expired(now)
        .values_list("schedule", flat=True)
        .distinct()
        .order_by("schedule")[:500]
    ):
        with short_transaction():
            schedules = lock_schedules([schedule_id])
            drop_expired(list(schedules), now=now)
            refresh(schedules)
    return expired


def drop_expired(schedule_ids: Collection[int], *, now: datetime) -> None:
    """Remove the expired claims of locked departures.

    An order that lost its seats so is expired with them.
    """
    expired = SeatClaim.objects.filter(schedule__in=schedule_ids).expired(now)
    orders = set(expired.values_list("ticket__booking__order", flat=True))
    if orders:
        _drop(schedule_ids, orders, now)


def drop_claims(schedule_ids: Collection[int], expired: Iterable[ClaimedLeg], *, now: datetime) -> None:
    """As `drop_expired`, where the expired claims have been read already."""
    _drop(schedule_ids, {claim.order_id for claim in expired}, now)


def _drop(schedule_ids: Collection[int], orders: Set[int | None], now: datetime) -> None:
    """`orders` of the expired claims, None for those of holds and blocks."""
    ids = sorted(order_id for order_id in orders if order_id is not None)
    expired = [order for order_id in ids if (order := expire_order(order_id, now=now))]
    free_uses(order.promo_code_id for order in expired)
    claims.release_expired(schedule_ids, now=now)


def expire_order(order_id: int, *, now: datetime) -> Order | None:
    """Expire an unpaid order past its pay-by time, with its bookings.

    What was owed is taken back; the caller frees the use of its promo code when all are expired. None if
    there was nothing to do.
    """
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    due = Order.objects.filter(pk=order_id, status=SaleStatus.PENDING, pay_by__lte=now)
    if due.update(status=SaleStatus.EXPIRED) != 1:
        return None
    for booking in Booking.objects.filter(order=order_id, status=SaleStatus.PENDING).order_by("pk"):
        name = f"expired:{booking.pk}:{booking.events.count()}"
        take_back_sale(booking, Cause(name=name, against=Account.RECEIVABLE, at=now))
        Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.EXPIRED)
        BookingEvent.objects.record(
            BookingStep(booking, SaleStatus.PENDING, SaleStatus.EXPIRED, at=now, reason="not paid in time")
        )
        notify_partner(order, Webhook.Event.EXPIRED, booking, at=now)
    expire_voucher_order(order, now=now)
    owe_back(Order.objects.get(pk=order_id), now=now)
    return order
