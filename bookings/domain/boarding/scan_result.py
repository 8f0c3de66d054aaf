"""What the screen at the door says about a ticket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.domain.boarding.coach_load import actor_name, boarding_times, is_skipped, said_at_door
from bookings.domain.sales.booking_page import needs_text
from bookings.domain.timetable.trips import local_text
from bookings.models import BookingEvent, RouteStop, SaleStatus, Schedule, ScheduleEvent, Ticket


class ScanOutcome(StrEnum):
    BOARDED = "boarded"
    EARLY = "early"
    LATE = "late"  # after the closing time, but nobody has given the seat away
    MISSED = "missed"  # marked as a no-show, the seat is still free
    STANDBY = "standby"
    WAITING = "waiting"  # lost the seat by a disruption
    WRONG_STOP = "wrong_stop"
    WRONG_DEPARTURE = "wrong_departure"
    ALREADY = "already"
    UNPAID = "unpaid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    SEAT_GONE = "seat_gone"
    CLOSED = "closed"
    UNKNOWN = "unknown"


GREEN: Final = frozenset({ScanOutcome.BOARDED})
AMBER: Final = frozenset(
    {ScanOutcome.EARLY, ScanOutcome.LATE, ScanOutcome.MISSED, ScanOutcome.STANDBY, ScanOutcome.WRONG_STOP}
)
MAY_BOARD_LATE: Final = frozenset({ScanOutcome.LATE, ScanOutcome.MISSED})


@dataclass(frozen=True)
class CheckIn:
    """The answer to one scan."""

    outcome: ScanOutcome
    title: str
    reason: str
    ticket_id: int = 0
    name: str = ""
    seat: str = ""
    to: str = ""
    needs: str = ""  # wheelchair, help
    proof: str = ""  # what to ask for: "Student: student card"
    code: str = ""  # to ask about the same ticket again

    @property
    def tone(self) -> str:
        return "green" if self.outcome in GREEN else "amber" if self.outcome in AMBER else "red"

    @property
    def can_board_late(self) -> bool:
        return self.outcome in MAY_BOARD_LATE

    @property
    def can_undo(self) -> bool:
        return self.outcome == ScanOutcome.BOARDED


@dataclass(frozen=True)
class Door:
    """Where and when a ticket is scanned."""

    schedule: Schedule
    call: RouteStop
    now: datetime

    @property
    def closes(self) -> str:
        return self.time(boarding_times(self.schedule, self.call).closes)

    def time(self, moment: datetime, call: RouteStop | None = None) -> str:
        """By the clock of the stop, this one unless said."""
        return said_at_door(moment, call or self.call, schedule=self.schedule, now=self.now)


def answer(outcome: ScanOutcome, ticket: Ticket | None, door: Door) -> CheckIn:
    """Put an outcome into words."""
    title, explain = _TEXTS[outcome]
    reason = explain(ticket, door)
    if ticket is None:
        return CheckIn(outcome, str(title()), reason)
    kind = ticket.passenger_type
    return CheckIn(
        outcome=outcome,
        title=title(),
        reason=reason,
        ticket_id=ticket.pk,
        name=ticket.full_name,
        seat=ticket.seat.label if ticket.seat else "",
        to=ticket.booking.to_stop.stop.city.name,
        needs=needs_text(ticket),
        proof=f"{kind.name}: {kind.proof}" if kind.proof else "" if kind.is_default else kind.name,
        code=ticket.code,
    )


def _boarded(ticket: Ticket, door: Door) -> str:
    if ticket.place == Ticket.Place.LAP:
        return _("On a lap, to %(city)s") % {"city": ticket.booking.to_stop.stop.city.name}
    return _("To %(city)s") % {"city": ticket.booking.to_stop.stop.city.name}


def _early(ticket: Ticket, door: Door) -> str:
    return _("Boarding opens at %(time)s.") % {
        "time": door.time(boarding_times(door.schedule, door.call).opens)
    }


def _late(ticket: Ticket, door: Door) -> str:
    return _("Boarding closed at %(time)s. The seat is still reserved.") % {"time": door.closes}


def _missed(ticket: Ticket, door: Door) -> str:
    return _("Marked as no-show (%(who)s). The seat is still free.") % {
        "who": _who(ticket, Ticket.Status.NO_SHOW, door)
    }


def _seat_gone(ticket: Ticket, door: Door) -> str:
    return _("Marked as no-show (%(who)s), and the seat was given to somebody else.") % {
        "who": _who(ticket, Ticket.Status.NO_SHOW, door)
    }


def _standby(ticket: Ticket, door: Door) -> str:
    return _("No seat yet. Seats are assigned when boarding closes at %(time)s, in order of sale.") % {
        "time": door.closes
    }


def _waiting(ticket: Ticket, door: Door) -> str:
    return _("A disruption took this seat, and no other is given yet. The disruption desk decides.")


def _wrong_stop(ticket: Ticket, door: Door) -> str:
    board = ticket.booking.from_stop
    facts = {"stop": board.stop, "time": door.time(ticket.booking.boards_at, board)}
    return _("Right coach, but this ticket boards at %(stop)s at %(time)s.") % facts


def _wrong_departure(ticket: Ticket, door: Door) -> str:
    return _("This ticket is for %(ride)s.") % {"ride": segment_text(ticket)}


def segment_text(ticket: Ticket) -> str:
    """ "Tue 1 Dec 2026, 17:00 from Johannesburg, Park Station to Cape Town, line FB10, coach 2" """
    booking = ticket.booking
    board = booking.from_stop.stop
    facts = {
        "when": local_text(booking.boards_at, ZoneInfo(board.time_zone)),
        "origin": board,
        "destination": booking.to_stop.stop.city.name,
        "line": booking.schedule.route.line.code,
        "coach": booking.schedule.coach,
    }
    return _("%(when)s from %(origin)s to %(destination)s, line %(line)s, coach %(coach)d") % facts


def _already(ticket: Ticket, door: Door) -> str:
    return _("This ticket has already boarded: %(who)s.") % {"who": _who(ticket, Ticket.Status.BOARDED, door)}


def _who(ticket: Ticket, became: str, door: Door) -> str:
    """ "16:41, Nomsa Dlamini" """
    event = (
        BookingEvent.objects.filter(ticket=ticket, to_status=became)
        .select_related("actor")
        .order_by("-pk")
        .first()
    )
    return f"{door.time(event.at)}, {actor_name(event)}" if event else _("time unknown")


def _unpaid(ticket: Ticket, door: Door) -> str:
    return _("Booking %(reference)s is not paid yet. It can be paid at the counter.") % {
        "reference": ticket.booking.booking_reference
    }


def _expired(ticket: Ticket, door: Door) -> str:
    return _("Booking %(reference)s was not paid in time, and its seat was released.") % {
        "reference": ticket.booking.booking_reference
    }


def _cancelled(ticket: Ticket, door: Door) -> str:
    event = (
        BookingEvent.objects.filter(ticket=ticket, to_status=Ticket.Status.CANCELLED).order_by("-pk").first()
    )
    at = event.at if event else ticket.booking.cancelled_at
    if at is None:
        return _("This ticket was cancelled.")
    return _("This ticket was cancelled on %(when)s.") % {
        "when": local_text(at, ZoneInfo(door.call.stop.time_zone))
    }


def _replaced(ticket: Ticket, door: Door) -> str:
    mates = Ticket.objects.filter(
        booking__order=ticket.booking.order_id,
        plain_surname=ticket.plain_surname,
        first_name=ticket.first_name,
    )
    mates = mates.filter(status__in=Ticket.IN_USE, booking__status=SaleStatus.CONFIRMED)
    related = (
        "booking__schedule__route__line",
        "booking__from_stop__stop__city",
        "booking__to_stop__stop__city",
    )
    new = mates.select_related(*related).order_by("-pk").first()
    if new is None:
        return _("This is an old ticket. Ask for the one that replaced it.")
    return _("This is an old ticket. The new one is for %(ride)s.") % {"ride": segment_text(new)}


def _closed(ticket: Ticket, door: Door) -> str:
    if door.schedule.status == Schedule.Status.CANCELLED:
        return _("This departure is cancelled.")
    if is_skipped(door.schedule, door.call):
        return _("The coach does not stop at %(stop)s.") % {"stop": door.call.stop}
    has_arrived = door.schedule.status == Schedule.Status.ARRIVED
    events = ScheduleEvent.objects.filter(schedule=door.schedule, undone_at=None)
    if has_arrived:
        events = events.filter(to_status=Schedule.Status.ARRIVED, position=None)
    else:
        events = events.leavings().filter(position=door.call.position)
    event = events.select_related("actor").order_by("-pk").first()
    if event is None:
        return _("The coach has left.")
    facts = {"time": door.time(event.at), "name": actor_name(event)}
    if has_arrived:
        return _("The coach has arrived at its last stop: %(time)s, %(name)s.") % facts
    return _("The coach has left: %(time)s, %(name)s.") % facts


def _unknown(ticket: None, door: Door) -> str:
    return _("We could not find this code. Scan it again, or look for the name on the list.")


Explain = Callable[
    [Any, Door], str
]  # each for the tickets that its outcome can have; none for an unknown code
_TEXTS: Final[dict[ScanOutcome, tuple[Callable[[], str], Explain]]] = {
    ScanOutcome.BOARDED: (lambda: _("Boarded"), _boarded),
    ScanOutcome.EARLY: (lambda: _("Not yet"), _early),
    ScanOutcome.LATE: (lambda: _("Late"), _late),
    ScanOutcome.MISSED: (lambda: _("Late"), _missed),
    ScanOutcome.STANDBY: (lambda: _("Standby"), _standby),
    ScanOutcome.WAITING: (lambda: _("No seat"), _waiting),
    ScanOutcome.WRONG_STOP: (lambda: _("Wrong stop"), _wrong_stop),
    ScanOutcome.WRONG_DEPARTURE: (lambda: _("Wrong departure"), _wrong_departure),
    ScanOutcome.ALREADY: (lambda: _("Already on board"), _already),
    ScanOutcome.UNPAID: (lambda: _("Not paid"), _unpaid),
    ScanOutcome.EXPIRED: (lambda: _("Expired"), _expired),
    ScanOutcome.CANCELLED: (lambda: _("Cancelled"), _cancelled),
    ScanOutcome.REPLACED: (lambda: _("Old ticket"), _replaced),
    ScanOutcome.SEAT_GONE: (lambda: _("Too late"), _seat_gone),
    ScanOutcome.CLOSED: (lambda: _("Closed"), _closed),
    ScanOutcome.UNKNOWN: (lambda: _("Unknown code"), _unknown),
}
