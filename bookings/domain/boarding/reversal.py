"""What was said too early at the door, taken back: a no-show, a closing, a stop left, an arrival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now
from bookings.domain.boarding.closing import legs_of
from bookings.domain.boarding.coach_load import CoachLoad
from bookings.domain.boarding.departure_status import BEFORE_LEAVING, locked_load, take_step
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.idempotency import run_once
from bookings.models import BookingEvent, BookingStep, RouteStop, Schedule, ScheduleEvent, Ticket, User

Status = Ticket.Status


@dataclass(frozen=True)
class Reversal:
    """How many no-shows are expected again, and how many seats somebody else has by now."""

    expected_again: int
    seats_gone: int


def undo_no_show(
    schedule_id: int, ticket_id: int, *, actor: User, nonce: str, now: datetime | None = None
) -> Ticket:
    """Expect a passenger again who was marked as a no-show, in the same seat, once per `nonce`.

    Raises NotFound, and Conflict when the coach has left the stop or the seat is somebody else's.
    """
    run_once(
        "undo-no-show",
        nonce,
        f"{schedule_id} {ticket_id}",
        action=lambda: _undo_no_show(schedule_id, ticket_id, actor, now),
        now=now or database_now(),
    )
    return Ticket.objects.get(pk=ticket_id)


def _undo_no_show(schedule_id: int, ticket_id: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    ticket = next((ticket for ticket in load.tickets if ticket.pk == ticket_id), None)
    if ticket is None:
        raise NotFound(_("This ticket is not for this departure."))
    call = ticket.booking.from_stop
    if load.has_left(call.position):
        raise Conflict(
            _("The coach has left %(stop)s: this can no longer be undone, unless that is undone first.")
            % {"stop": call.stop}
        )
    if ticket.status != Status.NO_SHOW:
        raise Conflict(_("This passenger is not a no-show any more."))
    if not _expect_again([ticket], load, actor, now).expected_again:
        raise Conflict(_("The seat was given to somebody else."))
    refresh([schedule_id])
    return str(ticket.pk)


def undo_departure(
    schedule_id: int, position: int, *, actor: User, submission: str, now: datetime | None = None
) -> Reversal:
    """Let the coach still stand at a stop that it was said to have left, once per `submission`.

    Who became a no-show by that is expected again, if the seat is still free. Raises Conflict unless that
    stop was left and the coach is on the road.
    """
    result = run_once(
        "undo-depart",
        submission,
        f"{schedule_id} {position}",
        action=lambda: _undo_departure(schedule_id, position, actor, now),
        now=now or database_now(),
    )
    return Reversal(*map(int, result.split()))


def _undo_departure(schedule_id: int, position: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    schedule, call = load.schedule, load.call_at(position)
    if schedule.status != Schedule.Status.DEPARTED or not load.has_left(position):
        raise Conflict(_("The coach is not on the road from %(stop)s.") % {"stop": call.stop})
    leaving = load.leaving_at(position)
    again = _reverse(leaving, load, call, actor, now) if leaving else Reversal(0, 0)
    if not ScheduleEvent.objects.filter(schedule=schedule).leavings().exists():
        before = leaving.from_status if leaving else ""
        to = before if before in BEFORE_LEAVING else Schedule.Status.BOARDING
        reason = _("undone: it has not left %(stop)s") % {"stop": call.stop}
        take_step(schedule, to, actor=actor, now=now, reason=reason)
    refresh([schedule.pk])
    return f"{again.expected_again} {again.seats_gone}"


def undo_closing(
    schedule_id: int, position: int, *, actor: User, submission: str, now: datetime | None = None
) -> Reversal:
    """Open boarding at a stop again, once per `submission`.

    Who got a seat from standby and has not boarded waits again; who became a no-show is expected again, if
    the seat is free. Raises Conflict unless boarding was closed there and the coach still stands.
    """
    result = run_once(
        "undo-closing",
        submission,
        f"{schedule_id} {position}",
        action=lambda: _undo_closing(schedule_id, position, actor, now),
        now=now or database_now(),
    )
    return Reversal(*map(int, result.split()))


def _undo_closing(schedule_id: int, position: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    call, closing = load.call_at(position), load.closing_at(position)
    if load.has_left(position):
        raise Conflict(_("The coach has left %(stop)s.") % {"stop": call.stop})
    if closing is None:
        raise Conflict(_("Boarding at %(stop)s is not closed.") % {"stop": call.stop})
    given = _changed_at(closing, load.boarding_at(position), Status.VALID, Status.VALID)
    for ticket in given:
        _take_seat_back(ticket, actor, now)
    load = locked_load(schedule_id, now)[0] if given else load
    again = _reverse(closing, load, call, actor, now)
    refresh([schedule_id])
    return f"{again.expected_again} {again.seats_gone}"


def undo_arrival(schedule_id: int, *, actor: User, submission: str, now: datetime | None = None) -> None:
    """Put a coach back on the road that was said to have arrived, once per `submission`. Raises Conflict."""
    run_once(
        "undo-arrive",
        submission,
        str(schedule_id),
        action=lambda: _undo_arrival(schedule_id, actor, now),
        now=now or database_now(),
    )


def _undo_arrival(schedule_id: int, actor: User, now: datetime | None) -> str:
    load, now = locked_load(schedule_id, now)
    schedule = load.schedule
    if schedule.status != Schedule.Status.ARRIVED:
        raise Conflict(_("This departure is %(state)s.") % {"state": schedule.get_status_display()})
    arrivals = ScheduleEvent.objects.filter(schedule=schedule, to_status=schedule.status, undone_at=None)
    arrivals.update(undone_at=now)
    take_step(
        schedule, Schedule.Status.DEPARTED, actor=actor, now=now, reason=_("undone: it has not arrived")
    )
    return ""


def _reverse(event: ScheduleEvent, load: CoachLoad, call: RouteStop, actor: User, now: datetime) -> Reversal:
    """Mark what was done at a stop as undone, by whom, and expect those again whom it made no-shows."""
    if ScheduleEvent.objects.filter(pk=event.pk, undone_at=None).update(undone_at=now) != 1:
        raise Conflict(_("Somebody else has just changed this departure. Please check again."))
    status = load.schedule.status
    ScheduleEvent.objects.create(
        schedule=load.schedule,
        from_status=status,
        to_status=status,
        kind=ScheduleEvent.Kind.UNDONE,
        position=call.position,
        actor=actor,
        at=now,
    )
    return _expect_again(
        _changed_at(event, load.boarding_at(call.position), Status.VALID, Status.NO_SHOW), load, actor, now
    )


def _changed_at(event: ScheduleEvent, tickets: Iterable[Ticket], before: str, after: str) -> list[Ticket]:
    """Those whose last change of this kind was by the event: one transaction has one time."""
    own = {ticket.pk: ticket for ticket in tickets if ticket.status == after}
    changes = BookingEvent.objects.filter(
        ticket__in=own, from_status=before, to_status=after, at=event.at, actor=event.actor_id
    )
    return [own[pk] for pk in changes.order_by("pk").values_list("ticket", flat=True) if pk in own]


def _expect_again(tickets: Iterable[Ticket], load: CoachLoad, actor: User, now: datetime) -> Reversal:
    """In their seats, on a locked departure; who finds the seat taken stays a no-show."""
    again = gone = 0
    for ticket in tickets:
        legs = legs_of(ticket)
        if ticket.seat_id in load.taken(legs):
            gone += 1
            continue
        if Ticket.objects.filter(pk=ticket.pk, status=Status.NO_SHOW).update(status=Status.VALID) != 1:
            raise Conflict(_("Somebody else has just changed these tickets. Please check again."))
        claims.claim(claims.claims_of_ticket(ticket, legs))
        _record(ticket, Status.NO_SHOW, _("expected again"), actor, now)
        again += 1
    return Reversal(again, gone)


def _take_seat_back(ticket: Ticket, actor: User, now: datetime) -> None:
    row = Ticket.objects.filter(pk=ticket.pk, status=Status.VALID, place=Ticket.Place.SEAT)
    if row.update(place=Ticket.Place.STANDBY, seat=None, version=F("version") + 1) != 1:
        raise Conflict(_("Somebody else has just changed these tickets. Please check again."))
    claims.release_tickets([ticket.pk])
    _record(ticket, Status.VALID, _("standby: boarding was opened again"), actor, now)


def _record(ticket: Ticket, before: str, reason: str, actor: User, now: datetime) -> None:
    BookingEvent.objects.record(
        BookingStep(ticket.booking, before, Status.VALID, at=now, ticket=ticket, actor=actor, reason=reason)
    )
