"""Closing a stop: who is not there loses the seat, who waits for one gets it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.database.transactions import database_now
from bookings.domain.boarding.coach_load import (
    CoachLoad,
    actor_name,
    boarding_times,
    is_skipped,
    said_at_door,
)
from bookings.domain.boarding.departure_status import locked_load, mark_no_shows, take_step
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.idempotency import run_once
from bookings.models import (
    BookingEvent,
    BookingStep,
    RouteStop,
    Schedule,
    ScheduleEvent,
    Seat,
    SeatKind,
    Ticket,
    User,
)


@dataclass(frozen=True)
class ClosingPlan:
    """What closing a stop would do."""

    no_shows: tuple[Ticket, ...]
    seated: tuple[tuple[Ticket, Seat], ...]  # standby tickets with the seats they get
    waiting: tuple[Ticket, ...]  # standby tickets for whom there is none

    @property
    def is_empty(self) -> bool:
        return not self.no_shows and not self.seated


def plan_closing(load: CoachLoad, call: RouteStop) -> ClosingPlan:
    """First sold, first seated.

    In a seat of the class that was paid for if one is free, else in any other.
    """
    no_shows = tuple(
        ticket for ticket in load.boarding_at(call.position) if ticket.status == Ticket.Status.VALID
    )
    gone = {ticket.pk for ticket in no_shows}
    given: list[tuple[Ticket, Seat]] = []
    waiting: list[Ticket] = []
    for ticket in load.standby_at(call.position):
        legs = legs_of(ticket)
        taken = load.taken(legs, but=gone) | {seat.pk for other, seat in given if _meet(legs, legs_of(other))}
        seat = _seat_for(ticket, load, taken)
        if seat is None:
            waiting.append(ticket)
        else:
            given.append((ticket, seat))
    return ClosingPlan(no_shows, tuple(given), tuple(waiting))


def legs_of(ticket: Ticket) -> range:
    return range(ticket.booking.from_stop.position, ticket.booking.to_stop.position)


def _meet(one: range, two: range) -> bool:
    return one.start < two.stop and two.start < one.stop


def _seat_for(ticket: Ticket, load: CoachLoad, taken: Collection[int]) -> Seat | None:
    free = [seat for seat in load.seats if seat.pk not in taken]
    paid_for = ticket.fare_class.seat_kinds
    return min(
        free,
        key=lambda seat: (
            seat.kind not in paid_for,
            (seat.kind == SeatKind.ACCESSIBLE) != ticket.needs_wheelchair,
        ),
        default=None,
    )


@dataclass(frozen=True)
class Closed:
    no_shows: int
    seated: int
    waiting: int


def close_boarding(
    schedule_id: int,
    position: int,
    *,
    actor: User,
    submission: str,
    seen: int = 0,
    now: datetime | None = None,
) -> Closed:
    """Mark the no-shows of a stop, free their seats, seat who stands by: once per `submission`.

    `seen` is the closing (a ScheduleEvent's id) that the actor knew of: a second one would else throw out who
    was seated by the first. Raises Conflict before the closing time, when the coach has left, when somebody
    was first, and when there is nothing left to close.
    """
    result = run_once(
        "close-boarding",
        submission,
        f"{schedule_id} {position}",
        action=lambda: _close(schedule_id, position, actor, seen, now),
        now=now or database_now(),
    )
    return Closed(*map(int, result.split()))


def _close(schedule_id: int, position: int, actor: User, seen: int, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    call = load.call_at(position)
    plan = plan_closing(load, call)
    _refuse(load, call, plan, seen, now)
    mark_no_shows(
        plan.no_shows,
        reason=_("no-show when boarding closed at %(stop)s") % {"stop": call.stop},
        actor=actor,
        now=now,
    )
    for ticket, seat in plan.seated:
        _give_seat(ticket, seat, call, actor, now)
    if position == 0 and load.schedule.status == Schedule.Status.ON_SALE:
        take_step(load.schedule, Schedule.Status.BOARDING, actor=actor, now=now)
    _record(load.schedule, call, plan, actor, now)
    refresh([schedule_id])
    return f"{len(plan.no_shows)} {len(plan.seated)} {len(plan.waiting)}"


def _refuse(load: CoachLoad, call: RouteStop, plan: ClosingPlan, seen: int, now: datetime) -> None:
    """Raises Conflict, in words, if the stop cannot be closed now."""
    closes = boarding_times(load.schedule, call).closes
    if load.schedule.status not in Schedule.SOLD_IN and load.schedule.status != Schedule.Status.CLOSED:
        raise Conflict(
            _("This departure is %(state)s: boarding is not possible.")
            % {"state": load.schedule.get_status_display()}
        )
    if load.has_left(call.position):
        raise Conflict(_("The coach has left %(stop)s.") % {"stop": call.stop})
    if is_skipped(load.schedule, call):
        raise Conflict(_("The coach does not stop at %(stop)s.") % {"stop": call.stop})
    if now < closes:
        raise Conflict(
            _("Boarding at %(stop)s is open until %(time)s.")
            % {"stop": call.stop, "time": said_at_door(closes, call, schedule=load.schedule, now=now)}
        )
    before = load.closing_at(call.position)
    if before and (before.pk != seen or plan.is_empty):
        time = said_at_door(before.at, call, schedule=load.schedule, now=now)
        facts = {"stop": call.stop, "time": time, "name": actor_name(before)}
        raise Conflict(_("Boarding at %(stop)s was closed at %(time)s by %(name)s.") % facts)


def _give_seat(ticket: Ticket, seat: Seat, call: RouteStop, actor: User, now: datetime) -> None:
    row = Ticket.objects.filter(pk=ticket.pk, status=Ticket.Status.VALID, place=Ticket.Place.STANDBY)
    if row.update(place=Ticket.Place.SEAT, seat=seat, version=F("version") + 1) != 1:
        raise Conflict(_("Somebody else has just changed these tickets. Please check again."))
    claims.claim(claims.claims_of_ticket(ticket, legs_of(ticket), seat=seat))
    reason = _("standby: seat %(seat)s at %(stop)s") % {"seat": seat.label, "stop": call.stop}
    BookingEvent.objects.record(
        BookingStep(
            ticket.booking,
            Ticket.Status.VALID,
            Ticket.Status.VALID,
            at=now,
            ticket=ticket,
            actor=actor,
            reason=reason,
        )
    )


def _record(schedule: Schedule, call: RouteStop, plan: ClosingPlan, actor: User, now: datetime) -> None:
    reason = _(
        "boarding closed at %(stop)s: no-shows %(gone)d, standby seated %(seated)d, "
        "standby without a seat %(waiting)d"
    ) % {
        "stop": call.stop,
        "gone": len(plan.no_shows),
        "seated": len(plan.seated),
        "waiting": len(plan.waiting),
    }
    ScheduleEvent.objects.create(
        schedule=schedule,
        from_status=schedule.status,
        to_status=schedule.status,
        position=call.position,
        actor=actor,
        reason=reason[:200],
        at=now,
    )
