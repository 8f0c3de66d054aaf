"""What confirming a case does: departures, seats and messages, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.disruptions.closures import pause_sale
from bookings.domain.disruptions.cut_short import CUTS_SHORT, ENDS_EARLY, skipped_positions
from bookings.domain.disruptions.messages import tell_orders, tell_unpaid
from bookings.domain.disruptions.replacement import REPLACES, replace_departure
from bookings.domain.disruptions.swap import end_unpaid, refund_downgrades, seat_the_others
from bookings.domain.disruptions.times import StopChange, change_times
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.bookings import mail_new_tickets, next_cause
from bookings.domain.sales.cancellations import is_whole_booking
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.orders import split_off
from bookings.domain.sales.reaccommodation import move_booking, replace_tickets, take_seats_away
from bookings.domain.timetable.segments import SegmentRef, get_segment, route_calls
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    Order,
    SaleStatus,
    Schedule,
    ScheduleChange,
    ScheduleEvent,
    Ticket,
    User,
)

Action, Kind = DisruptionLine.Action, Disruption.Kind
# What a case says of a departure takes the place of what an earlier one said
_ENDS: Final = {
    Kind.REINSTATE: Kind.CANCEL,
    Kind.CANCEL: Kind.DELAY,
    Kind.RETIME: Kind.DELAY,
    Kind.MOVE_STOP: Kind.DELAY,
}
_Why = ScheduleChange.Reason
_REASONS: Final[Mapping[str, str]] = {
    Disruption.Reason.BREAKDOWN: _Why.TECHNICAL,
    Disruption.Reason.NO_COACH: _Why.TECHNICAL,
    Disruption.Reason.NO_DRIVER: _Why.STAFF,
    Disruption.Reason.ROAD_CLOSED: _Why.ROAD_CLOSED,
    Disruption.Reason.BORDER_CLOSED: _Why.BORDER,
    Disruption.Reason.WEATHER: _Why.WEATHER,
    Disruption.Reason.STRIKE: _Why.STRIKE,
    Disruption.Reason.ACCIDENT: _Why.ACCIDENT,
}


def carry_out(
    case: Disruption,
    schedules: Sequence[Schedule],
    lines: Sequence[DisruptionLine],
    *,
    actor: User,
    now: datetime,
) -> None:
    """Change the departures, move who has a new seat, let others wait, and tell each order once.

    The caller holds all departures of the case and the case, and its plan is up to date.
    """
    touched = {schedule.pk for schedule in schedules}
    touched |= {line.new_schedule_id for line in lines if line.new_schedule_id}
    touched |= {line.ticket.schedule_id for line in lines}
    drop_expired(sorted(touched), now=now)
    _change_departures(case, schedules, actor, now)
    if case.kind == Kind.CLOSURE:
        pause_sale(case, schedules, actor=actor, now=now)
    if case.kind in REPLACES:
        touched |= _replace_departures(case, schedules, lines, now)
    orders = _lock_orders(lines)
    if case.kind == Kind.SWAP_COACH:
        claims.release_tickets(line.ticket_id for line in lines)
    for booking in Booking.objects.filter(tickets__in=[line.ticket_id for line in lines]).distinct():
        booking.order = orders[booking.order_id]
        own = [line for line in lines if line.ticket.booking_id == booking.pk]
        _change_booking(case, booking, own, actor, now)
    if case.kind == Kind.SWAP_COACH:
        refund_downgrades([line for line in lines if line.action == Action.MOVE], actor=actor, now=now)
        _seat_who_has_not_paid(case, schedules, now)
    if case.kind in CUTS_SHORT:
        _skip_stops(case, schedules, orders, actor, now)
    tell_orders(case, orders.values(), lines, now=now)
    if case.kind in (Kind.CANCEL, *REPLACES):
        unpaid = Booking.objects.filter(schedule__in=schedules, status=SaleStatus.PENDING)
        tell_unpaid(unpaid.select_related("order").order_by("pk"), now=now)
    refresh(touched)


def _change_departures(case: Disruption, schedules: Sequence[Schedule], actor: User, now: datetime) -> None:
    for schedule in schedules:
        if case.kind == Kind.CANCEL:
            _take_step(case, schedule, Schedule.Status.CANCELLED, actor, now)
        elif case.kind == Kind.REINSTATE:
            last = ScheduleEvent.objects.filter(schedule=schedule, to_status=Schedule.Status.CANCELLED)
            before = last.order_by("-pk").values_list("from_status", flat=True).first()
            is_planned = before in (Schedule.Status.PLANNED, Schedule.Status.CLOSED)
            status = Schedule.Status(before) if before and is_planned else Schedule.Status.ON_SALE
            _take_step(case, schedule, status, actor, now)
        elif case.kind == Kind.SWAP_COACH:
            Schedule.objects.filter(pk=schedule.pk).update(layout=case.layout_id, bus=None)
    if case.target and case.target.status == Schedule.Status.PLANNED:
        _take_step(case, case.target, Schedule.Status.CLOSED, actor, now)  # boards, and is not sold
    if case.kind in _ENDS:
        others = Disruption.objects.filter(
            kind=_ENDS[Kind(case.kind)], status=Disruption.Status.CONFIRMED, schedules__schedule__in=schedules
        )
        Disruption.objects.filter(pk__in=list(others.values_list("pk", flat=True))).update(
            status=Disruption.Status.CLOSED, closed_at=now
        )


def _replace_departures(
    case: Disruption, schedules: Sequence[Schedule], lines: Sequence[DisruptionLine], now: datetime
) -> set[int]:
    """Put the new departures into the plan of the case; returns their ids."""
    new_ids: set[int] = set()
    for schedule in schedules:
        new = replace_departure(case, schedule, now=now)
        new_ids.add(new.pk)
        if new.pk == schedule.pk:
            continue
        _take_step(case, schedule, Schedule.Status.CANCELLED, case.created_by, now)
        DisruptedSchedule.objects.create(disruption=case, schedule=new, is_target=True, revision=new.revision)
        calls = {call.position: call for call in route_calls(new.route_id)}
        for line in lines:
            if line.action == Action.MOVE and line.from_schedule_id == schedule.pk:
                line.new_schedule = new
                line.new_from_stop, line.new_to_stop = (
                    calls[line.from_stop.position],
                    calls[line.to_stop.position],
                )
    DisruptionLine.objects.bulk_update(lines, ["new_schedule", "new_from_stop", "new_to_stop"])
    return new_ids


def _skip_stops(
    case: Disruption, schedules: Sequence[Schedule], order_ids: Collection[int], actor: User, now: datetime
) -> None:
    for schedule in schedules:
        for position in skipped_positions(case, route_calls(schedule.route_id)):
            change = StopChange(position, is_skipped=True, reason=_REASONS.get(case.reason, _Why.OTHER))
            change_times(schedule, change, actor=actor, orders_told=order_ids, now=now)


def _take_step(case: Disruption, schedule: Schedule, status: str, actor: User, now: datetime) -> None:
    why = f"{case.get_reason_display()}: {case.text}" if case.text else str(case.get_reason_display())
    ScheduleEvent.objects.create(
        schedule=schedule,
        from_status=schedule.status,
        to_status=status,
        actor=actor,
        reason=why[:200],
        at=now,
    )
    Schedule.objects.filter(pk=schedule.pk).update(status=status)


def _change_booking(
    case: Disruption, booking: Booking, lines: Sequence[DisruptionLine], actor: User, now: datetime
) -> None:
    """Whoever of a booking gets a new seat, and whoever loses it, each group split off; who is on board of a
    coach that goes no further gets a new ticket for the rest.
    """
    reason = _("case %(number)d: %(reason)s") % {"number": case.pk, "reason": case.get_reason_display()}
    for action, is_on_board in product((Action.WAIT, Action.MOVE), (False, True)):
        own = [
            line
            for line in lines
            if line.action == action and (line.ticket.status == Ticket.Status.BOARDED) == is_on_board
        ]
        if not own:
            continue
        goes_on = is_on_board and case.kind in ENDS_EARLY
        tickets = [line.ticket for line in own]
        if not goes_on:
            _take_off_board(tickets, booking, reason, actor, now)
        part = booking
        if not is_whole_booking(booking, tickets):  # others did not come at an earlier stop, or stay
            part = split_off(booking, tickets, now, actor=actor)
        seats = {line.ticket_id: line.new_seat for line in own}
        if goes_on:
            segment = get_segment(_new_ref(own[0]) if action == Action.MOVE else _ref_of(own[0]))
            chosen = seats if action == Action.MOVE else None
            issued = replace_tickets(part, segment, chosen, reason=reason, actor=actor, now=now)
            for line in own:
                line.ticket = issued[line.ticket_id]
            DisruptionLine.objects.bulk_update(own, ["ticket"])
            if action == Action.MOVE:
                mail_new_tickets(part, next_cause("case", part), now=now)
        elif action == Action.MOVE:
            move_booking(part, get_segment(_new_ref(own[0])), seats, reason=reason, actor=actor, now=now)
        else:
            take_seats_away(part, tickets, reason=reason, actor=actor, now=now)


def _ref_of(line: DisruptionLine) -> SegmentRef:
    """What is left of the trip of before."""
    return SegmentRef(line.from_schedule_id, line.from_stop.ref, line.to_stop.ref)


def _new_ref(line: DisruptionLine) -> SegmentRef:
    if line.new_schedule_id is None or line.new_from_stop is None or line.new_to_stop is None:
        raise ValueError(f"{line} proposes nothing")
    return SegmentRef(line.new_schedule_id, line.new_from_stop.ref, line.new_to_stop.ref)


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
            step = BookingStep(
                booking,
                Ticket.Status.BOARDED,
                Ticket.Status.VALID,
                at=now,
                ticket=ticket,
                actor=actor,
                reason=reason,
            )
            BookingEvent.objects.record(step)
            ticket.status = Ticket.Status.VALID


def _seat_who_has_not_paid(case: Disruption, schedules: Sequence[Schedule], now: datetime) -> None:
    if case.layout_id is None:
        raise ValueError(f"{case} has no other coach")
    for schedule in schedules:
        lost = seat_the_others(schedule, case.layout_id, now=now)
        for order in lost:
            end_unpaid(order, now=now)
            tell_unpaid(order.bookings.filter(schedule=schedule).select_related("order"), now=now)
        drop_expired([schedule.pk], now=now)
