"""From boarding to arrival: the state of a departure, each step by somebody, once."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now
from bookings.domain.boarding.coach_load import CoachLoad, boarding_times, coach_load, said_at_door
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, refresh
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.models import BookingEvent, Schedule, ScheduleEvent, Ticket, User

Status = Schedule.Status
BEFORE_LEAVING = (Status.ON_SALE, Status.CLOSED, Status.BOARDING)


def depart(schedule_id: int, *, actor: User, submission: str, now: datetime | None = None) -> int:
    """Let the coach leave its first stop.

    Who has not boarded there is a no-show; how many that were. Raises Conflict.
    """
    started = now or database_now()
    return int(
        run_once(
            "depart",
            submission,
            str(schedule_id),
            action=lambda: _depart(schedule_id, actor, now),
            now=started,
        )
    )


def _depart(schedule_id: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    first = load.calls[0]
    if load.schedule.status not in BEFORE_LEAVING:
        raise Conflict(
            _("This departure is %(state)s already.") % {"state": load.schedule.get_status_display()}
        )
    times = boarding_times(load.schedule, first)
    if now < times.closes:
        raise Conflict(
            _("Boarding is open until %(time)s. The coach cannot leave before.")
            % {"time": said_at_door(times.closes, first, schedule=load.schedule, now=now)}
        )
    missing = [ticket for ticket in load.boarding_at(first.position) if ticket.status == Ticket.Status.VALID]
    mark_no_shows(missing, reason=_("no-show when the coach left"), actor=actor, now=now)
    take_step(load.schedule, Status.DEPARTED, actor=actor, now=now)
    refresh([schedule_id])
    return str(len(missing))


def arrive(schedule_id: int, *, actor: User, submission: str, now: datetime | None = None) -> None:
    """Let the coach be at its last stop. Raises Conflict unless it has left the first one."""
    run_once(
        "arrive",
        submission,
        str(schedule_id),
        action=lambda: _arrive(schedule_id, actor, now),
        now=now or database_now(),
    )


def _arrive(schedule_id: int, actor: User, now: datetime | None) -> str:
    schedule = locked_schedule(schedule_id)
    if schedule.status != Status.DEPARTED:
        raise Conflict(
            _("This departure is %(state)s: it cannot arrive now.") % {"state": schedule.get_status_display()}
        )
    take_step(schedule, Status.ARRIVED, actor=actor, now=now or database_now())
    return ""


def take_step(schedule: Schedule, to: str, *, actor: User, now: datetime) -> None:
    """Change the state of a locked departure, and write down who did."""
    changed = Schedule.objects.filter(pk=schedule.pk, status=schedule.status).update(
        status=to, revision=F("revision") + 1
    )
    if changed != 1:
        raise Conflict(_("Somebody else has just changed this departure. Please check again."))
    ScheduleEvent.objects.create(
        schedule=schedule, from_status=schedule.status, to_status=to, actor=actor, at=now
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
