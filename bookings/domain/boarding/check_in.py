"""A ticket at the door: it boards, or it is told why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.codes import SPOKEN_LENGTH, is_old_ticket_code, is_ticket_code, read_scan
from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now
from bookings.domain.boarding.closing import legs_of
from bookings.domain.boarding.coach_load import boarding_times, is_skipped
from bookings.domain.boarding.departure_status import locked_schedule, take_step
from bookings.domain.boarding.scan_result import CheckIn, Door, ScanOutcome, answer
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh, taken_seats
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.timetable.leavings import has_left
from bookings.models import (
    BookingEvent,
    BookingStep,
    RouteStop,
    SaleStatus,
    Schedule,
    Ticket,
    User,
)

_LONGEST: Final = 200  # of what a scanner sends
_NEAR: Final = timedelta(days=3)  # how far away another departure with this spoken code is looked for
_OLDEST_SCAN: Final = timedelta(hours=12)
_MOST_MINUTES_AHEAD: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Scan:
    """A scanned or spoken code at the stop of this position; sent again it has the same `nonce`.

    `late` boards after the closing time, as long as the seat is still free. `scanned_at` is the clock of a
    device that sends later.
    """

    text: str
    at_stop: int
    nonce: str
    late: bool = False
    scanned_at: datetime | None = None


def check_in(schedule_id: int, scan: Scan, *, actor: User, now: datetime | None = None) -> CheckIn:
    """Board the ticket of a scanned or spoken code at the stop of this position, if all is well; one answer
    per `nonce`.

    Raises NotFound for an unknown departure or stop.
    """
    now = now or database_now()
    at = _believed(scan.scanned_at, now)
    text = read_scan(scan.text[:_LONGEST])
    content = f"{schedule_id} {scan.at_stop} {text} {scan.late}"
    result = run_once(
        "check-in",
        scan.nonce,
        content,
        action=lambda: _check_in(schedule_id, text, scan.at_stop, actor, scan.late, at, now),
        now=now,
    )
    outcome, _colon, ticket_id = result.partition(":")
    schedule = Schedule.objects.get(pk=schedule_id)
    ticket = _tickets().get(pk=int(ticket_id)) if ticket_id else None
    return answer(ScanOutcome(outcome), ticket, Door(schedule, _call(schedule, scan.at_stop), now))


def undo_check_in(
    schedule_id: int, ticket_id: int, *, actor: User, nonce: str, now: datetime | None = None
) -> Ticket:
    """Take a scan back while the coach stands at the stop, once per `nonce`. Raises Conflict."""
    now = now or database_now()
    run_once(
        "undo-check-in",
        nonce,
        f"{schedule_id} {ticket_id}",
        action=lambda: _undo(schedule_id, ticket_id, actor, now),
        now=now,
    )
    return Ticket.objects.get(pk=ticket_id)


def _believed(scanned_at: datetime | None, now: datetime) -> datetime:
    """A device's clock counts if it makes sense."""
    if scanned_at is None or not now - _OLDEST_SCAN <= scanned_at <= now + _MOST_MINUTES_AHEAD:
        return now
    return min(scanned_at, now)


def _call(schedule: Schedule, position: int) -> RouteStop:
    call = (
        RouteStop.objects.select_related("stop__city")
        .filter(route=schedule.route_id, position=position)
        .first()
    )
    if call is None:
        raise NotFound(_("This coach does not call at this stop."))
    return call


def _tickets() -> QuerySet[Ticket]:
    return Ticket.objects.select_related(
        "seat",
        "passenger_type",
        "booking__order",
        "booking__schedule__route__line",
        "booking__from_stop__stop__city",
        "booking__to_stop__stop__city",
    )


def _find(schedule: Schedule, code: str) -> Ticket | None:
    """The ticket of a code.

    A spoken code is unique on its departure only: ours first, then the departures around it. An old code in
    another case is only looked for among ours, and must be the only one.
    """
    if is_ticket_code(code):
        ticket = _tickets().filter(code=code).first()
        if ticket or not is_old_ticket_code(code):
            return ticket
        alike = list(_tickets().filter(schedule=schedule, code__iexact=code)[:2])
        return alike[0] if len(alike) == 1 else None
    if len(code) != SPOKEN_LENGTH:
        return None
    ours = _tickets().filter(schedule=schedule, spoken_code=code).first()
    if ours:
        return ours
    around = (schedule.departure_time - _NEAR, schedule.departure_time + _NEAR)
    others = list(_tickets().filter(schedule__departure_time__range=around, spoken_code=code)[:10])
    return min(
        others, key=lambda ticket: abs(ticket.booking.boards_at - schedule.departure_time), default=None
    )


def _check_in(
    schedule_id: int, text: str, position: int, actor: User, late: bool, at: datetime, now: datetime
) -> str:
    schedule = locked_schedule(schedule_id)
    call = _call(schedule, position)
    ticket = _find(schedule, text)
    if ticket is None:
        return ScanOutcome.UNKNOWN.value
    outcome = _judge(ticket, schedule, call, late, at, now)
    if outcome == ScanOutcome.BOARDED:
        _board(ticket, schedule, call, actor, at, now)
    return f"{outcome.value}:{ticket.pk}"


def _judge(
    ticket: Ticket, schedule: Schedule, call: RouteStop, late: bool, at: datetime, now: datetime
) -> ScanOutcome:
    """What stands first decides: a ticket that is no ticket, then the wrong place, then the wrong time."""
    return (
        _as_ticket(ticket, now)
        or _as_place(ticket, schedule, call)
        or _as_time(ticket, schedule, call, late, at, now)
    )


def _as_ticket(ticket: Ticket, now: datetime) -> ScanOutcome | None:
    booking = ticket.booking
    if ticket.status == Ticket.Status.REPLACED:
        return ScanOutcome.REPLACED
    if ticket.status == Ticket.Status.CANCELLED or booking.status == SaleStatus.CANCELLED:
        return ScanOutcome.CANCELLED
    if booking.status == SaleStatus.PENDING:
        return ScanOutcome.UNPAID if booking.order.is_open(now) else ScanOutcome.EXPIRED
    return ScanOutcome.EXPIRED if booking.status == SaleStatus.EXPIRED else None


def _as_place(ticket: Ticket, schedule: Schedule, call: RouteStop) -> ScanOutcome | None:
    if ticket.booking.schedule_id != schedule.pk:
        return ScanOutcome.WRONG_DEPARTURE
    if ticket.status == Ticket.Status.BOARDED:
        return ScanOutcome.ALREADY
    if schedule.status == Schedule.Status.CANCELLED:
        return ScanOutcome.CLOSED
    if ticket.booking.from_stop_id != call.pk:
        return ScanOutcome.WRONG_STOP
    return ScanOutcome.CLOSED if has_left(schedule, call) or is_skipped(schedule, call) else None


def _as_time(
    ticket: Ticket, schedule: Schedule, call: RouteStop, late: bool, at: datetime, now: datetime
) -> ScanOutcome:
    times = boarding_times(schedule, call)
    if ticket.place == Ticket.Place.WAITING:
        return ScanOutcome.WAITING
    if at < times.opens:
        return ScanOutcome.EARLY
    if ticket.place == Ticket.Place.STANDBY:
        return ScanOutcome.STANDBY
    if ticket.status == Ticket.Status.NO_SHOW:
        if ticket.seat_id in taken_seats(schedule.pk, legs_of(ticket), now=now):
            return ScanOutcome.SEAT_GONE
        return ScanOutcome.BOARDED if late else ScanOutcome.MISSED
    if at < times.closes or late:
        return ScanOutcome.BOARDED
    # Who is still on the list after a colleague closed the stop got the seat then, or bought it since.
    is_closed = schedule.events.of_stops().filter(position=call.position).exists()
    return ScanOutcome.BOARDED if is_closed else ScanOutcome.LATE


def _board(
    ticket: Ticket, schedule: Schedule, call: RouteStop, actor: User, at: datetime, now: datetime
) -> None:
    before = ticket.status
    if Ticket.objects.filter(pk=ticket.pk, status=before).update(status=Ticket.Status.BOARDED) != 1:
        raise Conflict(_("Somebody else has just changed this ticket. Please scan it again."))
    if before == Ticket.Status.NO_SHOW and ticket.seat_id:
        drop_expired([schedule.pk], now=now)
        claims.claim(claims.claims_of_ticket(ticket, legs_of(ticket)))
        refresh([schedule.pk])
    is_late = before == Ticket.Status.NO_SHOW or at >= boarding_times(schedule, call).closes
    reason = _("late, at %(stop)s") if is_late else _("at %(stop)s")
    BookingEvent.objects.record(
        BookingStep(
            ticket.booking,
            before,
            Ticket.Status.BOARDED,
            at=at,
            ticket=ticket,
            actor=actor,
            reason=reason % {"stop": call.stop},
        )
    )
    if call.position == 0 and schedule.status == Schedule.Status.ON_SALE:
        take_step(schedule, Schedule.Status.BOARDING, actor=actor, now=now)


def _undo(schedule_id: int, ticket_id: int, actor: User, now: datetime) -> str:
    schedule = locked_schedule(schedule_id)
    ticket = _tickets().filter(pk=ticket_id, booking__schedule=schedule).first()
    if ticket is None:
        raise NotFound(_("This ticket is not for this departure."))
    call = ticket.booking.from_stop
    if has_left(schedule, call):
        raise Conflict(
            _("The coach has left %(stop)s: this can no longer be undone, unless that is undone first.")
            % {"stop": call.stop}
        )
    own_row = Ticket.objects.filter(pk=ticket.pk, status=Ticket.Status.BOARDED)
    if own_row.update(status=Ticket.Status.VALID) != 1:
        raise Conflict(_("This ticket is not on board any more."))
    reason = _("undone at %(stop)s") % {"stop": call.stop}
    BookingEvent.objects.record(
        BookingStep(
            ticket.booking,
            Ticket.Status.BOARDED,
            Ticket.Status.VALID,
            at=now,
            ticket=ticket,
            actor=actor,
            reason=reason,
        )
    )
    return str(ticket.pk)
