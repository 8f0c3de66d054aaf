from datetime import datetime

from bookings.domain.inventory.claims import drop_expired, expire_order, lock_schedules, refresh
from bookings.domain.sales.payments import lock_order
from bookings.models import Order, SaleStatus, SeatClaim
from bookings.models.transactions import database_now, short_transaction


def expire_unpaid(*, now: datetime | None = None) -> int:
    """Sweep what has run out: unpaid orders and the claims of dead holds. Housekeeping only: expired claims count as free anyway.

    Returns how many orders expired.
    """
    now = now or database_now()
    orders = list(Order.objects.filter(status=SaleStatus.PENDING, pay_by__lte=now).order_by("pay_by").values_list("pk", flat=True)[:500])
    expired = 0
    for order_id in orders:
        with short_transaction():
            _order, locked = lock_order(order_id)
            drop_expired(list(locked), now=now)
            expire_order(order_id, now=now)
            refresh(locked)
            expired += 1
    for schedule_id in SeatClaim.objects.expired(now).values_list("schedule", flat=True).distinct().order_by("schedule")[:500]:
        with short_transaction():
            locked = lock_schedules([schedule_id])
            drop_expired(list(locked), now=now)
            refresh(locked)
    return expired
