"""The day of a station along the clock: each coach that leaves here, with how full it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.utils import timezone

from bookings.domain.dashboard.today import block_key, level_of
from bookings.domain.operations.station import WAITING, Coming, Inactive, coming, ways
from bookings.domain.search.availability import find_layouts
from bookings.domain.search.segments import day_bounds
from bookings.models import Branch, Schedule


@dataclass(frozen=True)
class TimelineDeparture:
    schedule_id: int
    minute: int  # of the day
    time: str
    destination: str
    level: str  # low, easy, mid, high, full, cancelled, withdrawn
    percent: int  # of the seats, on any part of the trip
    is_gone: bool


@dataclass(frozen=True)
class Timeline:
    branch: Branch
    now: datetime
    shown: tuple[Coming, ...]

    @property
    def cache_key(self) -> str:
        return block_key("timeline", self.branch, self.shown, f"{self.now:%d%H%M}")

    @property
    def minute(self) -> int:
        local = timezone.localtime(self.now)
        return local.hour * 60 + local.minute

    @cached_property
    def departures(self) -> tuple[TimelineDeparture, ...]:
        """No query while ways and layouts are cached."""
        by_route = ways(departure.call.route_id for departure in self.shown)
        seats = {
            pk: sum(layout.seats.values())
            for pk, layout in find_layouts(departure.layout_id for departure in self.shown).items()
        }
        rows = []
        for departure in self.shown:
            size, local = seats.get(departure.layout_id, 0), departure.local
            percent = round(100 * max(size - departure.available, 0) / size) if size else 0
            rows.append(
                TimelineDeparture(
                    schedule_id=departure.id,
                    minute=local.hour * 60 + local.minute,
                    time=" ".join(filter(None, [f"{local:%H:%M}", departure.departs_note])),
                    destination=by_route[departure.call.route_id].end_after(departure.call.position),
                    level=_level(departure, percent),
                    percent=percent,
                    is_gone=departure.expected_at < self.now and departure.status not in WAITING,
                )
            )
        return tuple(rows)


def _level(departure: Coming, percent: int) -> str:
    if departure.is_withdrawn:
        return "withdrawn"
    return "cancelled" if departure.status == Schedule.Status.CANCELLED else level_of(percent)


def timeline(branch: Branch, *, now: datetime) -> Timeline:
    """What leaves the branch's city today: one query and the cached calls."""
    today = timezone.localtime(now).date()
    start, end = day_bounds(today, today, settings.TIME_ZONE)
    return Timeline(branch, now, tuple(coming(branch.city_id, start, end, inactive=Inactive.SOLD)))
