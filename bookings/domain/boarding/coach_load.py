"""One coach as boarding sees it.

Its stops, its passengers, its seats, read in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.dates import time_text
from bookings.base.errors import NotFound
from bookings.cache.reference_data import note_version, single_version_check, with_version
from bookings.database.compiled import compiled
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory.seat_choice import sold_seats
from bookings.domain.timetable.call_times import call_time
from bookings.domain.timetable.leavings import left_on_the_road
from bookings.domain.timetable.segments import route_calls
from bookings.domain.timetable.trips import expected_text
from bookings.models import (
    BookingEvent,
    RouteStop,
    SaleStatus,
    Schedule,
    ScheduleEvent,
    Seat,
    SeatClaim,
    Ticket,
)

Status: Final = Ticket.Status
TRAVELS: Final = (Status.VALID, Status.BOARDED, Status.NO_SHOW)
_LARGEST_ID: Final = 2**63 - 1  # that a column holds
Claimed = tuple[int, int, int | None]  # seat, leg, ticket


@dataclass(frozen=True)
class BoardingTimes:
    """When a stop takes passengers: from `opens` to `closes`, and the coach leaves at `departs`."""

    opens: datetime
    closes: datetime
    departs: datetime


def boarding_times(schedule: Schedule, call: RouteStop) -> BoardingTimes:
    """By the expected time; it never closes before the latest time that passengers were told."""
    times = call_time(schedule, call)
    opens = times.expected_departure - timedelta(minutes=company_settings.boarding_opens_minutes)
    closes = times.latest_departure - timedelta(minutes=company_settings.boarding_closes_minutes)
    return BoardingTimes(opens, closes, times.expected_departure)


def is_skipped(schedule: Schedule, call: RouteStop) -> bool:
    """Whether the coach passes the stop by: nobody boards there, and nobody who waits there is a no-show."""
    return call_time(schedule, call).is_skipped


def departure_day(schedule: Schedule) -> date:
    """By the clock of its first stop, as every page of the departure is headed."""
    first = route_calls(schedule.route_id)[0]
    return schedule.departure_time.astimezone(ZoneInfo(first.stop.time_zone)).date()


def at_stop(moment: datetime, call: RouteStop, *beside: date) -> str:
    """ "16:50" on the clock of the stop, "00:10 on Wed 2 Dec" beside another day."""
    return time_text(moment.astimezone(ZoneInfo(call.stop.time_zone)), *beside)


def said_at_door(moment: datetime, call: RouteStop, *, schedule: Schedule, now: datetime) -> str:
    """As a message says it: with its day unless that is the departure's and today."""
    today = now.astimezone(ZoneInfo(call.stop.time_zone)).date()
    return at_stop(moment, call, departure_day(schedule), today)


@dataclass(frozen=True)
class CoachLoad:
    schedule: Schedule
    calls: Sequence[RouteStop]
    tickets: Sequence[Ticket]  # of paid bookings: valid, boarded or no-show, in order of sale
    seats: Sequence[Seat]  # those that are sold, in order of place
    claims: Collection[Claimed]  # those that count
    stop_events: Sequence[ScheduleEvent]  # boarding closed at a stop, and stops left
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
        return self._last_event(position, ScheduleEvent.Kind.STEP)

    def leaving_at(self, position: int) -> ScheduleEvent | None:
        """When the coach left this stop."""
        return self._last_event(position, ScheduleEvent.Kind.LEFT)

    def has_left(self, position: int) -> bool:
        """As `leavings.has_left`, without a query."""
        if self.schedule.status != Schedule.Status.DEPARTED:
            return self.schedule.status == Schedule.Status.ARRIVED
        leavings = (event for event in self.stop_events if event.kind == ScheduleEvent.Kind.LEFT)
        return position in left_on_the_road(event.position for event in leavings)

    def arrives_at(self, position: int) -> datetime:
        """As expected."""
        return call_time(self.schedule, self.call_at(position)).expected_arrival

    def _last_event(self, position: int, kind: str) -> ScheduleEvent | None:
        own = (event for event in self.stop_events if (event.position, event.kind) == (position, kind))
        return max(own, key=lambda event: event.pk, default=None)


def planned_beside(load: CoachLoad, call: RouteStop, day: date) -> tuple[str, str]:
    """The planned time at a stop and what was told of it; two empty texts while all goes by plan."""
    times, is_last = call_time(load.schedule, call), call.position == load.calls[-1].position
    if not times.is_changed:
        return "", ""
    planned = times.planned_arrival if is_last else times.planned_departure
    note = expected_text(times, ZoneInfo(call.stop.time_zone), arrives=is_last)
    return at_stop(planned, call, day), note


def _by_seat(ticket: Ticket) -> tuple[int, int, int, int]:
    seat = ticket.seat
    return (seat.deck, seat.row, seat.column, ticket.pk) if seat else (9, 0, 0, ticket.pk)


@single_version_check()
def coach_load(schedule_id: int, *, now: datetime) -> CoachLoad:
    """5 queries, 2 more to read route and seats where they are not cached. Raises NotFound."""
    schedules = note_version(_schedules(schedule_id)) if schedule_id <= _LARGEST_ID else []
    if not schedules:
        raise NotFound(_("We could not find this departure."))
    schedule = schedules[0]
    calls, seats = route_calls(schedule.route_id), sold_seats(schedule.layout_id)
    return CoachLoad(
        schedule=schedule,
        calls=calls,
        tickets=_with_places(_tickets(schedule_id), calls, seats),
        seats=seats,
        claims=_claims(schedule_id, now),
        stop_events=_stop_events(schedule_id),
        boarded={event.ticket_id or 0: event for event in _boarded(schedule_id)},
    )


@compiled
def _schedules(pk: int) -> QuerySet[Schedule]:
    return with_version(Schedule.objects.select_related("route__line", "layout", "bus").filter(pk=pk))


@compiled
def _tickets(schedule_id: int) -> QuerySet[Ticket]:
    rows = Ticket.objects.filter(
        booking__schedule=schedule_id, booking__status=SaleStatus.CONFIRMED, status__in=TRAVELS
    ).exclude(place=Ticket.Place.WAITING)  # whom the disruption desk decides about
    rows = rows.select_related("passenger_type", "fare_class", "booking__order")
    return rows.order_by("booking__booking_date", "booking", "pk")


def _with_places(tickets: list[Ticket], calls: Iterable[RouteStop], seats: Iterable[Seat]) -> list[Ticket]:
    """The same tickets, with the ends of their bookings and their seats."""
    call_by_id, seat_by_id = {call.pk: call for call in calls}, {seat.pk: seat for seat in seats}
    for ticket in tickets:
        booking = ticket.booking
        booking.from_stop, booking.to_stop = call_by_id[booking.from_stop_id], call_by_id[booking.to_stop_id]
        if ticket.seat_id in seat_by_id:
            ticket.seat = seat_by_id[ticket.seat_id]
    return tickets


@compiled
def _claims(schedule_id: int, now: datetime) -> QuerySet[SeatClaim, Claimed]:
    return SeatClaim.objects.filter(schedule=schedule_id).live(now).values_list("seat", "leg", "ticket")


@compiled
def _stop_events(schedule_id: int) -> QuerySet[ScheduleEvent]:
    events = ScheduleEvent.objects.filter(schedule=schedule_id).of_stops()
    return events.select_related("actor").order_by("pk")


@compiled
def _boarded(schedule_id: int) -> QuerySet[BookingEvent]:
    events = BookingEvent.objects.filter(
        ticket__schedule=schedule_id, to_status=Status.BOARDED, from_status__in=(Status.VALID, Status.NO_SHOW)
    )
    return events.select_related("actor").order_by("pk")


def actor_name(event: BookingEvent | ScheduleEvent) -> str:
    """Who did it, as colleagues call them."""
    if event.actor is None:
        return _("somebody")
    return event.actor.display_name
