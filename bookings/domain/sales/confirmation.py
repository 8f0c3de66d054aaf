"""A paid order is confirmed with its seats; one that is paid too late gets them again if they are free."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from bookings.base.errors import Conflict
from bookings.base.metrics import SALES
from bookings.base.money import ZERO
from bookings.database.compiled import compiled_update, insert_rows
from bookings.database.transactions import count_committed
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import taken_seats
from bookings.domain.inventory.luggage import LuggageFull, check_luggage
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.messages import notify_partner, write_message
from bookings.domain.sales.order_lines import Cause, LineChange, lines_to_sell_again, write_lines
from bookings.domain.sales.promo_codes import use_again
from bookings.domain.sales.voucher_sales import issue_sold_voucher, sell_voucher_again
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.leavings import has_passed
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    Order,
    OutboxMessage,
    SaleStatus,
    Schedule,
    SeatClaim,
    Shift,
    Ticket,
    Webhook,
)


def confirm_order(
    order: Order, bookings: Iterable[Booking], *, now: datetime, shift: Shift | None = None
) -> None:
    """Make the seats of a paid order its own, with those of its `bookings` that are in the same state as the
    order.

    The caller holds the locks of its schedules and of the order since before it read them, and refreshes.
    `shift` is the till that took the money: its clerk stands in the history.
    """
    actor = shift.clerk if shift else None
    bookings = [booking for booking in bookings if booking.status == order.status]
    if _confirm_orders(order.pk, order.status) != 1 or _confirm_bookings(order.pk, order.status) != len(
        bookings
    ):
        raise Conflict("The order changed meanwhile.")
    insert_rows(
        [
            BookingEvent(
                booking=booking, from_status=order.status, to_status=SaleStatus.CONFIRMED, actor=actor, at=now
            )
            for booking in bookings
        ]
    )
    for booking in bookings:
        notify_partner(order, Webhook.Event.CONFIRMED, booking, at=now)
    claims.sell(order)
    order.status = SaleStatus.CONFIRMED
    if not bookings:
        issue_sold_voucher(order, now=now)
    count_committed(SALES, order.channel)
    write_message(OutboxMessage.Kind.CONFIRMATION, order, order, now=now)


@compiled_update
def _confirm_orders(pk: int, status: str) -> tuple[QuerySet[Order], dict[str, Any]]:
    return Order.objects.filter(pk=pk, status=status), {"status": SaleStatus.CONFIRMED}


@compiled_update
def _confirm_bookings(order_id: int, status: str) -> tuple[QuerySet[Booking], dict[str, Any]]:
    return Booking.objects.filter(order=order_id, status=status), {"status": SaleStatus.CONFIRMED}


def take_seats_again(order: Order, *, now: datetime) -> bool:
    """Claim the seats of an expired order anew and sell it anew, all of it or nothing; or its voucher.

    False if a seat is gone, extra luggage no longer fits, a coach has left, its promo code is used up by
    others, or the money on the order is not enough. The caller holds the locks; expired claims are already
    dropped.
    """
    bookings = list(
        order.bookings.filter(status=SaleStatus.EXPIRED)
        .select_related("schedule", "from_stop", "to_stop")
        .order_by("pk")
    )
    changes = [LineChange(sold=lines_to_sell_again(booking)) for booking in bookings]
    if -owed_on(order) < sum((change.total for change in changes), ZERO):
        return False
    new_claims: list[SeatClaim] = []
    for booking in bookings:
        segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
        passengers = list(booking.tickets.filter(status=Ticket.Status.VALID))
        tickets = [ticket for ticket in passengers if ticket.seat_id]
        gone = taken_seats(booking.schedule_id, segment.legs, now=now)
        left = (
            expected_boards_at(booking) <= now
            or not booking.schedule.is_active
            or booking.schedule.status not in Schedule.SOLD_IN
            or has_passed(booking.schedule, booking.from_stop)
        )
        if left or any(ticket.seat_id in gone for ticket in tickets):
            return False
        try:
            check_luggage(segment, sum(ticket.extra_luggage for ticket in passengers), now=now)
        except LuggageFull:
            return False
        new_claims += [row for ticket in tickets for row in claims.claims_of_ticket(ticket, segment.legs)]
    if order.status == SaleStatus.EXPIRED and not use_again(order):
        return False
    claims.claim(new_claims)
    for booking, change in zip(bookings, changes, strict=True):
        name = f"resale:{booking.pk}:{booking.events.count()}"
        write_lines(booking, change, Cause(name=name, against=Account.RECEIVABLE, at=now))
    return bool(bookings) or sell_voucher_again(order, paid=-owed_on(order), now=now)
