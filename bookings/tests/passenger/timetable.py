"""A small timetable that lies ahead of the real clock, which the pages use."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings.models import Route, Schedule
from bookings.tests.make import make_layout, make_route, make_schedule

ZONE = ZoneInfo("Africa/Johannesburg")


def tomorrow(days: int = 1) -> date:
    return timezone.now().astimezone(ZONE).date() + timedelta(days=days)


def departs_at(hour: int, *, days: int = 1) -> datetime:
    return datetime.combine(tomorrow(days), time(hour), ZONE)


def make_day(
    *hours: int, route: Route | None = None, seats: int = 8, days: int = 1, price: int = 600
) -> list[Schedule]:
    """Departures tomorrow at these hours, Johannesburg – Bloemfontein – Cape Town unless said."""
    route, layout = route or make_route(minutes_apart=300), make_layout(seats=seats)
    return [
        make_schedule(route=route, layout=layout, departs=departs_at(hour, days=days), price=price)
        for hour in hours
    ]


def search_address(**changes: object) -> dict[str, object]:
    return {
        "from": "johannesburg",
        "to": "cape-town",
        "date": tomorrow().isoformat(),
        "passengers": 1,
    } | changes
