"""Which departures call at a city between two times: what a closed road or border stops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.timetable.call_times import REACH_BACK, call_times
from bookings.models import RouteStop, SaleStatus, Schedule, Ticket

_LONGEST = timedelta(days=3)
_LONGEST_RIDE = timedelta(days=3)
_STANDING = (
    Schedule.Status.PLANNED,
    Schedule.Status.ON_SALE,
    Schedule.Status.CLOSED,
    Schedule.Status.BOARDING,
)


@dataclass(frozen=True)
class PassingDeparture:
    schedule: Schedule
    passes_at: datetime  # as it is expected
    people: int  # with paid tickets, wherever they get on


def departures_passing(city_slug: str, start: datetime, end: datetime) -> list[PassingDeparture]:
    """Those that have not left their first stop, by when they pass: three queries. Raises Refusal for a time
    of more than three days, or none.
    """
    if not start < end <= start + _LONGEST:
        raise Refusal(_("Choose a time of at most three days."))
    calls: dict[int, list[RouteStop]] = {}
    for call in RouteStop.objects.filter(stop__city__slug=city_slug).order_by("route", "position"):
        calls.setdefault(call.route_id, []).append(call)
    passing = [
        PassingDeparture(schedule, passes_at, 0)
        for schedule in _candidates(calls.values(), start, end)
        if (passes_at := _first_pass(schedule, calls[schedule.route_id], start, end))
    ]
    rows = Ticket.objects.filter(
        booking__schedule__in=[row.schedule.pk for row in passing],
        booking__status=SaleStatus.CONFIRMED,
        status=Ticket.Status.VALID,
    ).exclude(place=Ticket.Place.WAITING)
    people = dict(rows.order_by().values_list("booking__schedule").annotate(Count("pk")))
    counted = [
        PassingDeparture(row.schedule, row.passes_at, people.get(row.schedule.pk, 0)) for row in passing
    ]
    return sorted(counted, key=attrgetter("passes_at"))


def _candidates(routes: Iterable[list[RouteStop]], start: datetime, end: datetime) -> list[Schedule]:
    on_routes = Q(route__in=[calls[0].route_id for calls in routes])
    near = Q(departure_time__gte=start - _LONGEST_RIDE - REACH_BACK, departure_time__lte=end)
    rows = Schedule.objects.filter(on_routes & near, status__in=_STANDING, is_active=True)
    return list(rows.select_related("route__line").order_by("departure_time", "pk"))


def _first_pass(
    schedule: Schedule, calls: list[RouteStop], start: datetime, end: datetime
) -> datetime | None:
    for times in call_times(schedule, calls):
        if times.expected_arrival <= end and times.expected_departure >= start:
            return max(times.expected_arrival, start)
    return None
