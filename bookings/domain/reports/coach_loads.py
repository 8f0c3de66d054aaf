"""How full coaches were or will be: by day, by route, and of each departure leg by leg.

A seat counts once it is sold, on each leg that it is sold for. Standby and a child on a lap are no seat.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reports.periods import ReportPeriod
from bookings.domain.search.availability import find_layouts
from bookings.models import RouteStop, SaleStatus, Schedule, SeatClaim, Ticket

MOST_DEPARTURES: Final = 5_000  # of a list that is sorted


@dataclass(frozen=True)
class LoadSum:
    """Of the departures of a day (`key` is the day) or of a route (its id): those that were not cancelled,
    their seats, those that anybody has on any leg, and who did not come.
    """

    key: Any
    departures: int
    seats: int
    taken: int
    no_shows: int


@dataclass(frozen=True)
class DepartureLoad:
    """Of one departure. What follows `taken` is read by `with_legs` alone."""

    schedule_id: int
    departs_at: datetime
    route_id: int
    name: str
    seats: int
    taken: int  # that anybody has on any leg
    legs: tuple[tuple[str, int], ...] = ()  # the stop that a leg begins at, seats sold on it
    no_shows: int = 0
    standby: int = 0

    @property
    def peak(self) -> tuple[str, int]:
        """The first leg on which most seats are sold."""
        return max(self.legs, key=lambda leg: leg[1], default=("", 0))


def load_by_day(period: ReportPeriod) -> list[LoadSum]:
    """Three queries, at most one more for layouts."""
    return _sums(period, by_day=True)


def load_by_route(period: ReportPeriod) -> list[LoadSum]:
    """As `load_by_day`."""
    return _sums(period, by_day=False)


def departure_loads(period: ReportPeriod) -> list[DepartureLoad]:
    """The first MOST_DEPARTURES of the period, in order: one query, at most one more for layouts."""
    rows = _departures(period).order_by("departure_time", "pk")
    values = rows.values_list(
        "pk", "departure_time", "route", "route__line__code", "route__name", "layout", "available_seats"
    )[:MOST_DEPARTURES]
    departures = list(values)
    seats = _seats(row[5] for row in departures)
    return [
        DepartureLoad(
            pk, at, route, f"{code} {name}".strip(), seats[layout], max(seats[layout] - available, 0)
        )
        for pk, at, route, code, name, layout, available in departures
    ]


def with_legs(departures: Sequence[DepartureLoad]) -> list[DepartureLoad]:
    """The same, with what is sold on each leg, and who did not come or stands by: three queries."""
    ids = [departure.schedule_id for departure in departures]
    claims = SeatClaim.objects.filter(schedule__in=ids, ticket__isnull=False).order_by()
    sold: dict[int, Counter[int]] = defaultdict(Counter)
    for schedule, leg, number in claims.values_list("schedule", "leg").annotate(Count("pk")):
        sold[schedule][leg] = number
    stops: dict[int, list[str]] = defaultdict(list)
    calls = RouteStop.objects.filter(route__in={departure.route_id for departure in departures})
    for route, name in calls.order_by("route", "position").values_list("route", "stop__city__name"):
        stops[route].append(name)
    tickets = Ticket.objects.filter(schedule__in=ids, booking__status=SaleStatus.CONFIRMED).order_by()
    standing = {
        schedule: numbers
        for schedule, *numbers in tickets.values_list("schedule").annotate(
            missed=Count("pk", filter=Q(status=Ticket.Status.NO_SHOW)),
            standby=Count(
                "pk",
                filter=Q(place=Ticket.Place.STANDBY, status__in=(Ticket.Status.VALID, Ticket.Status.BOARDED)),
            ),
        )
    }
    return [
        replace(
            departure,
            legs=tuple(
                (name, sold[departure.schedule_id][leg])
                for leg, name in enumerate(stops[departure.route_id][:-1])
            ),
            no_shows=standing.get(departure.schedule_id, (0, 0))[0],
            standby=standing.get(departure.schedule_id, (0, 0))[1],
        )
        for departure in departures
    ]


def _departures(period: ReportPeriod) -> QuerySet[Schedule]:
    rows = Schedule.objects.filter(departure_time__gte=period.start, departure_time__lt=period.end)
    return rows.exclude(status=Schedule.Status.CANCELLED)


def _seats(layouts: Iterable[int]) -> dict[int, int]:
    return {pk: sum(layout.seats.values()) for pk, layout in find_layouts(layouts).items()}


def _sums(period: ReportPeriod, *, by_day: bool) -> list[LoadSum]:
    day = TruncDate("departure_time", tzinfo=SOUTH_AFRICA)
    rows = _departures(period).order_by().annotate(of_day=day)
    counted = list(
        rows.values_list("of_day" if by_day else "route", "layout").annotate(
            Count("pk"), Sum("available_seats")
        )
    )
    size = _seats(layout for _key, layout, *_numbers in counted)
    departures, seats, taken = Counter[Any](), Counter[Any](), Counter[Any]()
    for key, layout, number, available in counted:
        departures[key] += number
        seats[key] += number * size[layout]
        taken[key] += max(number * size[layout] - available, 0)
    missed = _no_shows(period, by_day=by_day)
    return [
        LoadSum(key, departures[key], seats[key], taken[key], missed.get(key, 0))
        for key in sorted(departures)
    ]


def _no_shows(period: ReportPeriod, *, by_day: bool) -> dict[date | int, int]:
    tickets = Ticket.objects.filter(
        status=Ticket.Status.NO_SHOW,
        schedule__departure_time__gte=period.start,
        schedule__departure_time__lt=period.end,
    ).order_by()
    if not by_day:
        return dict(tickets.values_list("schedule__route").annotate(Count("pk")))
    day = TruncDate("schedule__departure_time", tzinfo=SOUTH_AFRICA)
    return dict(tickets.annotate(of_day=day).values_list("of_day").annotate(Count("pk")))
