"""From boarding to arrival: the state of a departure, each step by somebody, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now
from bookings.domain.boarding.coach_load import (
    CoachLoad,
    actor_name,
    boarding_times,
    coach_load,
    is_skipped,
    said_at_door,
)
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, refresh
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.models import BookingEvent, RouteStop, Schedule, ScheduleEvent, Ticket, User

Status = Schedule.Status
BEFORE_LEAVING = (Status.ON_SALE, Status.CLOSED, Status.BOARDING)
NEAR_ARRIVAL: Final = timedelta(minutes=30)


def depart(
    schedule_id: int,
    *,
    actor: User,
    submission: str,
    position: int = 0,
    now: datetime | None = None,
) -> int:
    """Let the coach leave the stop of this position, once per `submission`.

    Who has not boarded there is a no-show; how many that were. Nothing changes for who boards elsewhere.
    Raises NotFound, and Conflict.
    """
    started = now or database_now()
    return int(
        run_once(
            "depart",
            submission,
            f"{schedule_id} {position}",
            action=lambda: _depart(schedule_id, position, actor, now),
            now=started,
        )
    )


def _depart(schedule_id: int, position: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    call = load.call_at(position)
    _refuse_leaving(load, call, now)
    missing = [ticket for ticket in load.boarding_at(position) if ticket.status == Ticket.Status.VALID]
    reason = _("no-show when the coach left %(stop)s") % {"stop": call.stop}
    mark_no_shows(missing, reason=reason, actor=actor, now=now)
    take_step(load.schedule, Status.DEPARTED, actor=actor, now=now, left=call)
    refresh([schedule_id])
    return str(len(missing))


def _refuse_leaving(load: CoachLoad, call: RouteStop, now: datetime) -> None:
    """Raises Conflict, in words, if the coach cannot leave the stop now."""
    schedule, leaving = load.schedule, load.leaving_at(call.position)
    if leaving:
        time = said_at_door(leaving.at, call, schedule=schedule, now=now)
        facts = {"stop": call.stop, "time": time, "name": actor_name(leaving)}
        raise Conflict(_("The coach has left %(stop)s already: %(time)s, %(name)s.") % facts)
    if schedule.status not in (*BEFORE_LEAVING, Status.DEPARTED) or load.has_left(call.position):
        raise Conflict(_("This departure is %(state)s already.") % {"state": schedule.get_status_display()})
    if is_skipped(schedule, call):
        raise Conflict(_("The coach does not stop at %(stop)s.") % {"stop": call.stop})
    if call.position == load.calls[-1].position:
        raise Conflict(_("%(stop)s is the last stop: the coach arrives there.") % {"stop": call.stop})
    closes = boarding_times(schedule, call).closes
    if now < closes:
        raise Conflict(
            _("Boarding is open until %(time)s. The coach cannot leave before.")
            % {"time": said_at_door(closes, call, schedule=schedule, now=now)}
        )


@dataclass(frozen=True)
class Arrival:
    """When the coach is due at its last stop, and whom an arrival now would strand, by stop and seat."""

    due: datetime
    is_early: bool  # by more than half an hour
    stranded: tuple[Ticket, ...]  # with valid tickets from stops that it is not known to have left

    @property
    def needs_approval(self) -> bool:
        return self.is_early or bool(self.stranded)


def plan_arrival(load: CoachLoad, now: datetime) -> Arrival:
    last = load.calls[-1].position
    due = load.arrives_at(last)
    stranded = [
        ticket
        for call in load.calls[:-1]
        if not load.has_left(call.position)
        for ticket in (*load.boarding_at(call.position), *load.standby_at(call.position))
        if ticket.status == Ticket.Status.VALID
    ]
    return Arrival(due, now < due - NEAR_ARRIVAL, tuple(stranded))


def arrive(
    schedule_id: int,
    *,
    actor: User,
    submission: str,
    approver: User | None = None,
    now: datetime | None = None,
) -> None:
    """Let the coach be at its last stop, once per `submission`.

    Before its time, or while somebody further up the road may still board, an `approver` must have signed.
    Raises Conflict, also unless the coach has left a stop.
    """
    run_once(
        "arrive",
        submission,
        str(schedule_id),
        action=lambda: _arrive(schedule_id, actor, approver, now),
        now=now or database_now(),
    )


def _arrive(schedule_id: int, actor: User, approver: User | None, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    schedule = load.schedule
    if schedule.status != Status.DEPARTED:
        raise Conflict(
            _("This departure is %(state)s: it cannot arrive now.") % {"state": schedule.get_status_display()}
        )
    arrival, reason = plan_arrival(load, now), ""
    if arrival.needs_approval:
        if approver is None or approver.pk == actor.pk or not approver.may_approve:
            raise Conflict(_("A supervisor or manager must approve this arrival."))
        reason = _("approved by %(name)s; still to board: %(number)d") % {
            "name": approver.display_name,
            "number": len(arrival.stranded),
        }
    take_step(schedule, Status.ARRIVED, actor=actor, now=now, reason=reason)
    return ""


def take_step(
    schedule: Schedule,
    to: str,
    *,
    actor: User,
    now: datetime,
    left: RouteStop | None = None,
    reason: str = "",
) -> None:
    """Change the state of a locked departure, and write down who did, and which stop it `left` by that."""
    changed = Schedule.objects.filter(pk=schedule.pk, status=schedule.status).update(
        status=to, revision=F("revision") + 1
    )
    if changed != 1:
        raise Conflict(_("Somebody else has just changed this departure. Please check again."))
    ScheduleEvent.objects.create(
        schedule=schedule,
        from_status=schedule.status,
        to_status=to,
        kind=ScheduleEvent.Kind.LEFT if left else ScheduleEvent.Kind.STEP,
        position=left.position if left else None,
        actor=actor,
        reason=reason[:200],
        at=now,
    )
    schedule.status = to


def mark_no_shows(tickets: Sequence[Ticket], *, reason: str, actor: User, now: datetime) -> None:
    """Give up the seats of valid tickets on a locked departure; the caller refreshes."""
    ids = [ticket.pk for ticket in tickets]
    changed = Ticket.objects.filter(pk__in=ids, status=Ticket.Status.VALID).update(
        status=Ticket.Status.NO_SHOW
    )
    if changed != len(ids):
        raise Conflict(_("Somebody else has just changed these tickets. Please check again."))
    claims.release_tickets(ids)
    BookingEvent.objects.bulk_create(
        BookingEvent(
            booking_id=ticket.booking_id,
            ticket=ticket,
            from_status=Ticket.Status.VALID,
            to_status=Ticket.Status.NO_SHOW,
            actor=actor,
            reason=reason[:200],
            at=now,
        )
        for ticket in tickets
    )


def locked_schedule(schedule_id: int) -> Schedule:
    """Raises NotFound."""
    # The look by the key alone bears any number that an address may hold; a list of keys does not.
    schedule = (
        lock_schedules([schedule_id]).get(schedule_id)
        if Schedule.objects.filter(pk=schedule_id).exists()
        else None
    )
    if schedule is None:
        raise NotFound(_("We could not find this departure."))
    return schedule


def locked_load(schedule_id: int, now: datetime | None) -> tuple[CoachLoad, datetime]:
    """The coach under its lock, without expired claims, and the time that counts."""
    locked_schedule(schedule_id)
    now = now or database_now()
    drop_expired([schedule_id], now=now)
    return coach_load(schedule_id, now=now), now
