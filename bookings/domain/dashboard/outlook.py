"""Five days of a station: each of its trips by day, with the load on the fullest leg."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.domain.dashboard.today import level_of
from bookings.domain.operations.station import Coming, Load, coming, fingerprint, loads, ways
from bookings.domain.search.segments import day_bounds
from bookings.models import Branch, Schedule

DAYS: Final = 5
TRIPS: Final = 10  # a page


@dataclass(frozen=True)
class Cell:
    """A coach of a trip on a day."""

    schedule_id: int
    percent: int
    level: str  # low, easy, mid, high, full, cancelled
    text: str  # 87 %
    name: str  # for those who hear it: Wed 2 Dec, 17:00 Cape Town: 52 of 60 seats


@dataclass(frozen=True)
class Trip:
    time: str
    destination: str
    line: str
    cells: tuple[tuple[Cell, ...], ...]  # for each day; several where a relief coach runs


@dataclass(frozen=True)
class Day:
    date: date
    label: str
    is_today: bool


@dataclass(frozen=True)
class Outlook:
    branch: Branch
    now: datetime
    days: tuple[Day, ...]
    shown: tuple[Coming, ...]
    page: int
    pages: int

    @property
    def cache_key(self) -> str:
        parts = (
            str(self.branch.pk),
            get_language() or "",
            str(self.page),
            str(self.pages),
            f"{self.days[0].date}",
            fingerprint(self.shown),
        )
        return f"office:outlook:{sha256('|'.join(parts))[:32]}"

    @property
    def numbers(self) -> range:
        return range(1, self.pages + 1)

    @cached_property
    def trips(self) -> tuple[Trip, ...]:
        """Three queries."""
        routes = ways(departure.call.route_id for departure in self.shown)
        full = loads(self.shown, routes, now=self.now)
        trips = []
        for (time, _line, _route, _position), departures in _by_trip(self.shown).items():
            way, call = routes[departures[0].call.route_id], departures[0].call
            destination = way.end_after(call.position)
            by_day: dict[date, list[Cell]] = defaultdict(list)
            for departure in departures:
                by_day[departure.local.date()].append(_cell(departure, full[departure.id], destination))
            trips.append(
                Trip(
                    time, destination, departures[0].line, tuple(tuple(by_day[day.date]) for day in self.days)
                )
            )
        return tuple(trips)


def outlook(branch: Branch, *, now: datetime, page: int = 1) -> Outlook:
    """The trips from the branch's city on today and the days after, a page of them.

    Two queries, three more for the loads.
    """
    today = timezone.localtime(now).date()
    dates = [today + timedelta(days=ahead) for ahead in range(DAYS)]
    start, end = day_bounds(dates[0], dates[-1], settings.TIME_ZONE)
    by_key = _by_trip(
        departure
        for departure in coming(branch.city_id, start, end)
        if departure.status != Schedule.Status.PLANNED
    )
    trips = [by_key[key] for key in sorted(by_key)]
    pages = max(-(-len(trips) // TRIPS), 1)
    page = min(max(page, 1), pages)
    shown = tuple(departure for trip in trips[(page - 1) * TRIPS : page * TRIPS] for departure in trip)
    days = tuple(Day(day, date_format(day, "D j M"), day == today) for day in dates)
    return Outlook(branch, now, days, shown, page, pages)


def _by_trip(departures: Iterable[Coming]) -> dict[tuple[str, str, int, int], list[Coming]]:
    """Coaches of the same line and route that leave here at the same time of the day."""
    trips: dict[tuple[str, str, int, int], list[Coming]] = defaultdict(list)
    for departure in departures:
        trips[
            f"{departure.local:%H:%M}", departure.line, departure.call.route_id, departure.call.position
        ].append(departure)
    return trips


def _cell(departure: Coming, load: Load, destination: str) -> Cell:
    day = date_format(departure.local, "D j M")
    time = " ".join(filter(None, [f"{departure.local:%H:%M}", departure.departs_note]))
    title = f"{day}, {time} {destination}"
    if departure.coach > 1:
        title += " · " + _("Coach %(number)d") % {"number": departure.coach}
    if departure.status == Schedule.Status.CANCELLED:
        return Cell(departure.id, 0, "cancelled", "×", _("%(title)s: cancelled") % {"title": title})
    percent = load.percent(load.peak)
    counts = {"title": title, "taken": load.peak, "seats": load.seats}
    return Cell(
        departure.id,
        percent,
        level_of(percent),
        f"{percent} %",
        _("%(title)s: %(taken)d of %(seats)d seats") % counts,
    )
