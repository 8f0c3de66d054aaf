"""Searches for the tests of this folder."""

from datetime import date
from typing import Any

from bookings.domain.fares.prices import read_party
from bookings.domain.network.places import get_place
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.search.offers import Search
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Hold, RouteStop, Schedule
from bookings.tests.make import NOW, make_passenger_types

DAY = date(2026, 12, 4)  # that of make_schedule


def look(
    start: str = "johannesburg",
    end: str = "cape-town",
    *,
    day: date = DAY,
    passengers: int = 1,
    **options: Any,
) -> Search:
    make_passenger_types()
    counts = {slug: options.pop(slug) for slug in ("child", "student") if slug in options}
    return Search(get_place(start), get_place(end), day, read_party(passengers, counts), **options)


def hold(
    schedule: Schedule,
    count: int,
    start: str = "johannesburg",
    end: str = "cape-town",
    *,
    fare_class: str = "standard",
) -> Hold:
    segment = get_segment(SegmentRef(schedule.pk, start, end))
    return hold_any(
        segment,
        count,
        HoldRequest(f"owner {count} {start} {end} {fare_class}"),
        fare_class=fare_class,
        now=NOW,
    )


def move_call(schedule: Schedule, position: int, minutes: int) -> None:
    RouteStop.objects.filter(route=schedule.route, position=position).update(
        arrive_min=minutes, depart_min=minutes
    )
