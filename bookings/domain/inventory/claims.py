"""The only place that writes SeatClaim. Every function here wants to be called inside a transaction that holds the schedules' locks."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    LedgerEntry,
    Order,
    OutboxMessage,
    Refund,
    SaleStatus,
    Schedule,
    SeatClaim,
    SeatKind,
    Webhook,
)


def lock_schedules(ids: Iterable[int]) -> dict[int, Schedule]:
    """Lock departures in id order (the first of all locks of any action) and read them fresh. SQLite: the transaction is the lock.

    `ids` may be a query that gives them.
    """
    wanted = ids.order_by() if isinstance(ids, QuerySet) else set(ids)
    rows = Schedule.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    return {schedule.pk: schedule for schedule in rows}


def drop_expired(schedule_ids: Collection[int], *, now: datetime) -> None:
    """Remove the expired claims of locked departures; an order that lost its seats so is expired with them."""
    expired = SeatClaim.objects.filter(schedule__in=schedule_ids).expired(now)
    found = set(expired.values_list("ticket__booking__order", flat=True))
    for order_id in sorted(found - {None}):
        expire_order(order_id, now=now)
    if found:
        expired.delete()


def expire_order(order_id: int, *, now: datetime) -> bool:
    """Expire an unpaid order past its pay-by time, with its bookings; what was owed is taken back. False if there was nothing to do."""
    order = Order.objects.select_for_update(no_key=True).filter(pk=order_id).first()
    due = Order.objects.filter(pk=order_id, status=SaleStatus.PENDING, pay_by__lte=now)
    if due.update(status=SaleStatus.EXPIRED) != 1:
        return False
    for booking in Booking.objects.filter(order=order_id, status=SaleStatus.PENDING).order_by("pk"):
        take_back_sale(booking, cause=f"expired:{booking.pk}:{booking.events.count()}", now=now)
        Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.EXPIRED)
        BookingEvent.objects.record(booking, SaleStatus.PENDING, SaleStatus.EXPIRED, at=now, reason="not paid in time")
        OutboxMessage.objects.tell_partner(order, Webhook.Event.EXPIRED, booking, at=now)
    owe_back(Order.objects.get(pk=order_id), now=now)
    return True


def owe_back(order: Order, *, now: datetime) -> None:
    """Money on an order that nothing is owed for any more has to go back to who paid it."""
    excess = -LedgerEntry.objects.balance(Account.RECEIVABLE, order=order)
    if excess > 0:
        cause = f"excess:{order.pk}:{order.refunds.count()}"
        LedgerEntry.objects.post(cause, {Account.RECEIVABLE: excess, Account.REFUNDS_OWED: -excess}, at=now, order=order)
        Refund.objects.create(order=order, cause=cause, amount=excess, created_at=now)


def take_back_sale(booking: Booking, *, cause: str, now: datetime) -> None:
    """Undo the sale posting of an unpaid booking: nothing is owed for it any more."""
    owed = LedgerEntry.objects.balance(Account.REVENUE, booking=booking)
    if owed:
        LedgerEntry.objects.post(cause, {Account.REVENUE: -owed, Account.RECEIVABLE: owed}, at=now, booking=booking)


def add_claims(claims: Iterable[SeatClaim]) -> None:
    """Insert in (schedule, seat, leg) order, so that no two sellers wait for each other crosswise. A clash is an IntegrityError."""
    SeatClaim.objects.bulk_create(sorted(claims, key=lambda claim: (claim.schedule_id, claim.seat_id, claim.leg)))


def taken_seats(schedule_id: int, legs: range, *, now: datetime) -> set[int]:
    """Ids of the seats that are claimed on any of the legs."""
    return set(SeatClaim.objects.filter(schedule=schedule_id).on_legs(legs.start, legs.stop).live(now).values_list("seat", flat=True))


# By hand, as every sale says it three times, and putting it together each time costs more than all that the database does for it.
_REFRESH: Final = """
UPDATE bookings_schedule SET revision = revision + 1, available_seats = {greatest}(
    0,
    (SELECT COUNT(*) FROM bookings_seat WHERE layout_id = bookings_schedule.layout_id AND kind <> %s)
    - (SELECT COUNT(DISTINCT seat_id) FROM bookings_seatclaim WHERE schedule_id = bookings_schedule.id)
) WHERE id IN ({ids})"""


def refresh(schedule_ids: Iterable[int]) -> None:
    """Bring the summary of locked departures up to date and raise their revision, after any change to their claims."""
    ids = sorted(set(schedule_ids))
    if not ids:
        return
    greatest = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(greatest=greatest, ids=", ".join(["%s"] * len(ids))), [SeatKind.CREW.value, *ids])
