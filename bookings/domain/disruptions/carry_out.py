"""What confirming a case does: departures, seats and messages, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.domain.disruptions.links import make_choice_link
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.cancellations import is_whole_booking
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.orders import split_off
from bookings.domain.sales.reaccommodation import move_booking, take_seats_away
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    Disruption,
    DisruptionLine,
    Order,
    OutboxMessage,
    SaleStatus,
    Schedule,
    ScheduleEvent,
    Ticket,
    User,
)


def carry_out(
    case: Disruption,
    schedules: Sequence[Schedule],
    lines: Sequence[DisruptionLine],
    *,
    actor: User,
    now: datetime,
) -> None:
    """Cancel the departures, move who has a new seat, let the others wait, and tell each order once.

    The caller holds all departures of the case and the case, and its plan is up to date.
    """
    touched = {schedule.pk for schedule in schedules} | {
        line.new_schedule_id for line in lines if line.new_schedule_id
    }
    drop_expired(sorted(touched), now=now)
    for schedule in schedules:
        _cancel_departure(case, schedule, actor, now)
    orders = _lock_orders(lines)
    reason = _("case %(number)d: %(reason)s") % {"number": case.pk, "reason": case.get_reason_display()}
    for booking in Booking.objects.filter(tickets__in=[line.ticket_id for line in lines]).distinct():
        booking.order = orders[booking.order_id]
        own = [line for line in lines if line.ticket.booking_id == booking.pk]
        tickets = [line.ticket for line in own]
        _take_off_board(tickets, booking, reason, actor, now)
        if not is_whole_booking(
            booking, tickets
        ):  # who did not come at an earlier stop stays where they were
            booking = split_off(booking, tickets, now, actor=actor)
        if own[0].new_schedule_id:
            segment = get_segment(_new_ref(own[0]))
            seats = {line.ticket_id: line.new_seat for line in own}
            move_booking(booking, segment, seats, reason=reason, actor=actor, now=now)
        else:
            take_seats_away(booking, tickets, reason=reason, actor=actor, now=now)
    for order in orders.values():
        of_order = [line.ticket for line in lines if line.ticket.booking.order_id == order.pk]
        if len(of_order) > 1:
            for ticket in of_order:
                make_choice_link(case, order, ticket, now=now)
        link = make_choice_link(case, order, now=now)
        write_message(OutboxMessage.Kind.DISRUPTION, order, link, now=now)
    _tell_unpaid(schedules, now)
    refresh(touched)


def _new_ref(line: DisruptionLine) -> SegmentRef:
    if line.new_schedule_id is None or line.new_from_stop is None or line.new_to_stop is None:
        raise ValueError(f"{line} proposes nothing")
    return SegmentRef(line.new_schedule_id, line.new_from_stop.ref, line.new_to_stop.ref)


def _cancel_departure(case: Disruption, schedule: Schedule, actor: User, now: datetime) -> None:
    ScheduleEvent.objects.create(
        schedule=schedule,
        from_status=schedule.status,
        to_status=Schedule.Status.CANCELLED,
        actor=actor,
        reason=f"{case.get_reason_display()}: {case.text}"[:200] if case.text else case.get_reason_display(),
        at=now,
    )
    Schedule.objects.filter(pk=schedule.pk).update(status=Schedule.Status.CANCELLED)


def _lock_orders(lines: Sequence[DisruptionLine]) -> dict[int, Order]:
    ids = Booking.objects.filter(tickets__in=[line.ticket_id for line in lines]).values("order")
    rows = Order.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {order.pk: order for order in rows}


def _take_off_board(
    tickets: Sequence[Ticket], booking: Booking, reason: str, actor: User, now: datetime
) -> None:
    """Who has boarded already gets off again."""
    for ticket in tickets:
        if ticket.status == Ticket.Status.BOARDED:
            Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.VALID)
            BookingEvent.objects.record(
                BookingStep(
                    booking,
                    Ticket.Status.BOARDED,
                    Ticket.Status.VALID,
                    at=now,
                    ticket=ticket,
                    actor=actor,
                    reason=reason,
                )
            )
            ticket.status = Ticket.Status.VALID


def _tell_unpaid(schedules: Sequence[Schedule], now: datetime) -> None:
    """Who has not paid has nothing to choose: nothing will be charged, and the order runs out."""
    unpaid = Booking.objects.filter(schedule__in=schedules, status=SaleStatus.PENDING)
    for booking in unpaid.select_related("order").order_by("pk"):
        write_message(OutboxMessage.Kind.DISRUPTION_UNPAID, booking.order, booking, now=now)
