"""One coach as boarding sees it.

Its stops, its passengers, its seats, read in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.models import (
    BookingEvent,
    RouteStop,
    SaleStatus,
    Schedule,
    ScheduleEvent,
    Seat,
    SeatClaim,
    SeatKind,
    Ticket,
)

Status: Final = Ticket.Status
TRAVELS: Final = (Status.VALID, Status.BOARDED, Status.NO_SHOW)
Claimed = tuple[int, int, int | None]  # seat, leg, ticket


@dataclass(frozen=True)
class BoardingTimes:
    """When a stop takes passengers: from `opens` to `closes`, and the coach leaves at `departs`."""

    opens: datetime
    closes: datetime
    departs: datetime


def boarding_times(schedule: Schedule, call: RouteStop) -> BoardingTimes:
    departs = schedule.departure_time + timedelta(minutes=call.depart_min)
    opens = departs - timedelta(minutes=settings.BOARDING_OPENS_MINUTES)
    return BoardingTimes(opens, departs - timedelta(minutes=settings.BOARDING_CLOSES_MINUTES), departs)


def at_stop(moment: datetime, call: RouteStop) -> str:
    """ "16:50" on the clock of the stop."""
    return f"{moment.astimezone(ZoneInfo(call.stop.time_zone)):%H:%M}"


def has_left(schedule: Schedule, call: RouteStop) -> bool:
    """Whether the coach is known to have left the stop.

    Staff say so for the first one, and when all is over.
    """
    return schedule.status == Schedule.Status.ARRIVED or (
        call.position == 0 and schedule.status == Schedule.Status.DEPARTED
    )


@dataclass(frozen=True)
class CoachLoad:
    schedule: Schedule
    calls: Sequence[RouteStop]
    tickets: Sequence[Ticket]  # of paid bookings: valid, boarded or no-show, in order of sale
    seats: Sequence[Seat]  # those that are sold, in order of place
    claims: Collection[Claimed]  # those that count
    closings: Sequence[ScheduleEvent]  # boarding closed at a stop
    boarded: dict[int, BookingEvent]  # how a ticket got on, by its id

    def call_at(self, position: int) -> RouteStop:
        """Raises NotFound."""
        match = next((call for call in self.calls if call.position == position), None)
        if match is None:
            raise NotFound(_("This coach does not call at this stop."))
        return match

    def boarding_at(self, position: int) -> list[Ticket]:
        """Who gets on here with a seat (or on a lap), in order of seat."""
        own = [
            ticket
            for ticket in self.tickets
            if ticket.place != Ticket.Place.STANDBY and ticket.booking.from_stop.position == position
        ]
        return sorted(own, key=_by_seat)

    def alighting_at(self, position: int) -> list[Ticket]:
        own = [
            ticket
            for ticket in self.tickets
            if ticket.place != Ticket.Place.STANDBY and ticket.booking.to_stop.position == position
        ]
        return sorted((ticket for ticket in own if ticket.status != Status.NO_SHOW), key=_by_seat)

    def standby_at(self, position: int) -> list[Ticket]:
        """Who waits here for a seat, first sold first."""
        return [
            ticket
            for ticket in self.tickets
            if ticket.place == Ticket.Place.STANDBY
            and ticket.status == Status.VALID
            and ticket.booking.from_stop.position == position
        ]

    def taken(self, legs: range, *, but: Collection[int] = ()) -> set[int]:
        """Seats that somebody has on any of the legs, leaving aside the tickets `but`."""
        return {seat for seat, leg, ticket in self.claims if leg in legs and ticket not in but}

    def closing_at(self, position: int) -> ScheduleEvent | None:
        """The last time that boarding was closed here."""
        return next((event for event in reversed(self.closings) if event.position == position), None)


def _by_seat(ticket: Ticket) -> tuple[int, int, int, int]:
    seat = ticket.seat
    return (seat.deck, seat.row, seat.column, ticket.pk) if seat else (9, 0, 0, ticket.pk)


def coach_load(schedule_id: int, *, now: datetime) -> CoachLoad:
    """7 queries. Raises NotFound."""
    schedule = Schedule.objects.select_related("route__line", "layout", "bus").filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound(_("We could not find this departure."))
    calls = list(
        RouteStop.objects.filter(route=schedule.route_id).select_related("stop__city").order_by("position")
    )
    got_on = BookingEvent.objects.filter(
        ticket__schedule=schedule, to_status=Status.BOARDED, from_status__in=(Status.VALID, Status.NO_SHOW)
    )
    return CoachLoad(
        schedule=schedule,
        calls=calls,
        tickets=_tickets(schedule),
        seats=list(
            Seat.objects.filter(layout=schedule.layout_id)
            .exclude(kind=SeatKind.CREW)
            .order_by("deck", "row", "column")
        ),
        claims=list(
            SeatClaim.objects.filter(schedule=schedule).live(now).values_list("seat", "leg", "ticket")
        ),
        closings=list(
            ScheduleEvent.objects.filter(schedule=schedule, position__isnull=False)
            .select_related("actor")
            .order_by("pk")
        ),
        boarded={event.ticket_id or 0: event for event in got_on.select_related("actor").order_by("pk")},
    )


def _tickets(schedule: Schedule) -> list[Ticket]:
    rows = Ticket.objects.filter(
        booking__schedule=schedule, booking__status=SaleStatus.CONFIRMED, status__in=TRAVELS
    )
    rows = rows.select_related(
        "seat",
        "passenger_type",
        "fare_class",
        "booking__order",
        "booking__from_stop__stop__city",
        "booking__to_stop__stop__city",
    )
    return list(rows.order_by("booking__booking_date", "booking", "pk"))


def actor_name(event: BookingEvent | ScheduleEvent) -> str:
    """Who did it, as colleagues call them."""
    if event.actor is None:
        return _("somebody")
    return event.actor.display_name
