"""The lines of a plan: what a ticket has before the case, and what is proposed instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from bookings.domain.disruptions.seats import SeatOf
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import local_text
from bookings.models import Disruption, DisruptionLine, Ticket


def line_of(case: Disruption, ticket: Ticket) -> DisruptionLine:
    """What a ticket has before the case."""
    booking = ticket.booking
    return DisruptionLine(
        disruption=case,
        ticket=ticket,
        from_schedule=booking.schedule,
        from_stop=booking.from_stop,
        to_stop=booking.to_stop,
        from_seat=ticket.seat,
        from_place=ticket.place,
        boards_at=booking.boards_at,
    )


def propose(line: DisruptionLine, segment: Segment, seats: SeatOf) -> None:
    """Let the passenger go over this segment."""
    line.action, line.new_seat = DisruptionLine.Action.MOVE, seats[line.ticket_id]
    line.new_schedule, line.new_from_stop, line.new_to_stop = segment.schedule, segment.board, segment.alight
    line.note = _("moved to %(when)s") % {"when": local_text(segment.boards_at)}
