"""Until when places for wheelchairs are kept for those who declare one."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count

from bookings.cache.reference_data import cached
from bookings.domain.company.settings import company_settings
from bookings.models import Seat, SeatKind


def places_by_layout() -> list[tuple[str, int]]:
    """The names of the coaches that have such places, and how many: one query, none while it is cached."""
    return cached(("wheelchair places",), _read_places)


def _read_places() -> list[tuple[str, int]]:
    seats = Seat.objects.filter(kind=SeatKind.ACCESSIBLE).order_by("layout__name")
    return list(seats.values_list("layout__name").annotate(number=Count("pk")))


def _release_time(boards_at: datetime) -> datetime:
    """From when on anybody may take them, for who boards then."""
    return boards_at - timedelta(hours=company_settings.wheelchair_release_hours)


def are_places_reserved(boards_at: datetime, now: datetime) -> bool:
    return now < _release_time(boards_at)


def next_release(boarding: Iterable[datetime], now: datetime) -> datetime | None:
    """When such places are next released, of departures that are boarded at these times."""
    return min(
        (release for boards_at in boarding if (release := _release_time(boards_at)) > now), default=None
    )
