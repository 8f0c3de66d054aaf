"""Departures of the demo company.

Made by the one generator, sold for the days near today, driven by its coaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Final

from django.db.models import Exists, F, OuterRef, QuerySet

from bookings.database.transactions import short_transaction
from bookings.demo.bookings import Writer, adult_fare
from bookings.demo.loads import (
    DAYS_SOLD_AHEAD,
    DOOR_OPENS,
    SeatOccupancy,
    WeightedSegment,
    sales_of,
    standbys_of,
    target_load,
    weighted_segment,
)
from bookings.demo.network import SOURCE
from bookings.demo.tills import Counters
from bookings.domain.fares.prices import FareTable, fare_table
from bookings.domain.timetable.generate import generate_departures
from bookings.models import (
    Booking,
    Bus,
    Partner,
    RouteStop,
    Schedule,
    Seat,
    SeatClaim,
    SeatKind,
    Service,
    Ticket,
    User,
)

Progress = Callable[[int, int], None]
YESTERDAY: Final = timedelta(days=1)
_BATCH: Final = 40
_CROWDED_FROM: Final = timedelta(hours=2)  # from now: late enough to watch people come
_TURNAROUND: Final = timedelta(hours=2)
_ORDER: Final = (
    Schedule.Status.ON_SALE,
    Schedule.Status.BOARDING,
    Schedule.Status.DEPARTED,
    Schedule.Status.ARRIVED,
)


def make_departures(today: date, days: int, progress: Progress | None) -> int:
    """Departures from yesterday on. How many are new."""
    ours = Service.objects.filter(source=SOURCE)
    return generate_departures(
        first_day=today - YESTERDAY, days=days + 1, services=ours, progress=progress
    ).new


def _near(today: date, days: int) -> QuerySet[Schedule]:
    ours = Schedule.objects.filter(
        service__source=SOURCE, service_date__range=(today - YESTERDAY, today + timedelta(days=days))
    )
    return ours.select_related("service", "route__origin").order_by("service_date", "service__source_id")


def fill_coaches(
    today: date, now: datetime, seed: int, clerk: User, partner: Partner, progress: Progress | None
) -> int:
    """Sell the coming fortnight as if the company had been at it for a while.

    Departures that sold anything are left alone.
    """
    touched = Exists(Booking.objects.filter(schedule=OuterRef("pk"))) | Exists(
        SeatClaim.objects.filter(schedule=OuterRef("pk"))
    )
    empty = list(_near(today, DAYS_SOLD_AHEAD).filter(~touched, status__in=Schedule.SOLD_IN))
    segments, fares, seats = _Segments(), _FareCache(), _Seats()
    writer, sold, done = Writer(now, clerk, Counters(now), partner), 0, 0
    waiting, crowded = iter(empty), _crowded(empty, today, now)
    while batch := list(islice(waiting, _BATCH)):
        for schedule in batch:
            service, day = _plan_of(schedule)
            rng = Random(f"{seed} {service.source_id} {day}")
            calls = segments.of(schedule.route_id)
            prices = fares.of(schedule.route_id, calls)
            coach = SeatOccupancy(seats.of(schedule.layout_id), calls[-1].alight.position)
            load = target_load((day - today).days, day.weekday(), rng)
            offered = [
                segment
                for segment in calls
                if adult_fare(prices, segment, schedule, SeatKind.STANDARD) is not None
            ]
            sales = sales_of(coach, offered, 1 if schedule in crowded else load, rng)
            if schedule in crowded:
                sales += standbys_of(coach, offered, rng)
            for sale in sales:
                writer.add(sale, schedule, prices, rng)
            schedule.available_seats = len(coach.seats)
            schedule.revision += 1
        sold += len(writer.sold)
        writer.write(batch)
        done += len(batch)
        if progress:
            progress(done, len(empty))
    return sold


def _plan_of(schedule: Schedule) -> tuple[Service, date]:
    """The service and the day that a generated departure is of."""
    if schedule.service is None or schedule.service_date is None:
        raise LookupError(f"{schedule} was not generated.")
    return schedule.service, schedule.service_date


def _crowded(departures: Iterable[Schedule], today: date, now: datetime) -> list[Schedule]:
    """One departure of today and one of tomorrow that is sold out, with people who stand by.

    From Johannesburg if one leaves there.
    """
    crowded = []
    for day in (today, today + timedelta(days=1)):
        ahead = [
            departure
            for departure in departures
            if departure.service_date == day and departure.departure_time >= now + _CROWDED_FROM
        ]
        crowded += sorted(
            ahead,
            key=lambda departure: (departure.route.origin.slug != "johannesburg", departure.departure_time),
        )[:1]
    return crowded


class _Segments:
    """All rides of a route, read once."""

    def __init__(self) -> None:
        self._known: dict[int, list[WeightedSegment]] = {}

    def of(self, route_id: int) -> list[WeightedSegment]:
        if route_id not in self._known:
            calls = list(
                RouteStop.objects.filter(route=route_id).select_related("stop__city").order_by("position")
            )
            pairs = [
                (a, b)
                for a in calls
                for b in calls
                if a.position < b.position and a.may_board and b.may_alight
            ]
            self._known[route_id] = [weighted_segment(*pair) for pair in pairs]
        return self._known[route_id]


class _FareCache:
    def __init__(self) -> None:
        self._known: dict[int, FareTable] = {}

    def of(self, route_id: int, segments: list[WeightedSegment]) -> FareTable:
        if route_id not in self._known:
            self._known[route_id] = fare_table([(segment.board, segment.alight) for segment in segments])
        return self._known[route_id]


class _Seats:
    def __init__(self) -> None:
        self._known: dict[int, list[Seat]] = {}

    def of(self, layout_id: int) -> list[Seat]:
        if layout_id not in self._known:
            self._known[layout_id] = list(Seat.objects.filter(layout=layout_id).exclude(kind=SeatKind.CREW))
        return self._known[layout_id]


def send_buses(today: date) -> int:
    """Give the departures until tomorrow a bus that has come to their origin in time, else one that has not
    run yet.
    """
    buses = list(Bus.objects.order_by("bus_number"))
    whereabouts: dict[
        int, tuple[datetime, int]
    ] = {}  # of a bus that runs: free again from when, in which city
    sent = []
    for schedule in sorted(_near(today, 1), key=lambda schedule: (schedule.departure_time, schedule.pk)):
        bus_id = schedule.bus_id or _bus_for(schedule, buses, whereabouts)
        if bus_id is None:
            continue
        if schedule.bus_id is None:
            schedule.bus_id = bus_id
            sent.append(schedule)
        whereabouts[bus_id] = (_arrival(schedule) + _TURNAROUND, schedule.route.destination_id)
    Schedule.objects.bulk_update(sent, ["bus"])
    return len(sent)


def _bus_for(
    schedule: Schedule, buses: list[Bus], whereabouts: dict[int, tuple[datetime, int]]
) -> int | None:
    fit = [bus.pk for bus in buses if bus.layout_id == schedule.layout_id]
    for pk in fit:
        if pk in whereabouts:
            free_at, city = whereabouts[pk]
            if city == schedule.route.origin_id and free_at <= schedule.departure_time:
                return pk
    return next((pk for pk in fit if pk not in whereabouts), None)


def _arrival(schedule: Schedule) -> datetime:
    return schedule.departure_time + timedelta(hours=float(schedule.route.duration_hours))


def move_on(today: date, now: datetime) -> int:
    """What a dispatcher would note: which coaches are boarding, which have left and which have arrived."""
    moved = 0
    with short_transaction():
        for schedule in _near(today, 0):
            state = _state(schedule, now)
            if schedule.status in Schedule.SOLD_IN and _ORDER.index(schedule.status) < _ORDER.index(state):
                moved += Schedule.objects.filter(pk=schedule.pk, status=schedule.status).update(
                    status=state, revision=F("revision") + 1
                )
    return moved


def _state(schedule: Schedule, now: datetime) -> str:
    if _arrival(schedule) <= now:
        return Schedule.Status.ARRIVED
    if schedule.departure_time <= now:
        return Schedule.Status.DEPARTED
    boards = Ticket.objects.filter(booking__schedule=schedule, status=Ticket.Status.BOARDED)
    if schedule.departure_time - DOOR_OPENS <= now and boards.exists():
        return Schedule.Status.BOARDING
    return Schedule.Status.ON_SALE
