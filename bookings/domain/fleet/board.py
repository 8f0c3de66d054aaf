"""Which coach drives which departure, and where that cannot work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.fleet.coaches import why_not_in_service
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.network.audit import note_change
from bookings.domain.timetable.call_times import call_times
from bookings.domain.timetable.segments import calls_of_routes
from bookings.models import Bus, Schedule, SeatClaim, SeatKind, User

LONGEST_RUN: Final = timedelta(days=2)  # so far back a coach may have set out that is still on the road
_OVER: Final = (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)


class Clash(StrEnum):
    """What is wrong with a run of a coach. It is said, and nothing is forbidden by it."""

    TWO_PLACES = "two_places"
    SHORT_TURN = "short_turn"
    ELSEWHERE = "elsewhere"
    OUT_OF_SERVICE = "out_of_service"
    OTHER_LAYOUT = "other_layout"
    TOO_SMALL = "too_small"


@dataclass(frozen=True)
class CoachRun:
    """A departure as a coach drives it, by the times that are expected now."""

    schedule_id: int
    coach_id: int | None
    layout_id: int
    starts: datetime  # in the time of its first stop
    ends: datetime  # in the time of its last
    start_city: str
    end_city: str
    claimed: int  # seats that somebody has on any leg


@dataclass(frozen=True)
class ClashWarning:
    run: CoachRun
    clash: Clash
    detail: str = ""  # the other departure, the city, or the reason


@dataclass(frozen=True)
class CoachLine:
    coach: Bus
    runs: tuple[CoachRun, ...]


@dataclass(frozen=True)
class FleetBoard:
    lines: tuple[CoachLine, ...]
    unassigned: tuple[CoachRun, ...]
    warnings: tuple[ClashWarning, ...]


def fleet_board(start: datetime, end: datetime) -> FleetBoard:
    """Every coach with what it drives between two moments; five queries, one less when stops are cached."""
    schedules = Schedule.objects.departing_between(start - LONGEST_RUN, end)
    runs = _runs(schedules.exclude(status=Schedule.Status.CANCELLED).filter(is_active=True))
    sold = Count("layout__seats", filter=~Q(layout__seats__kind=SeatKind.CREW))
    coaches = list(
        Bus.objects.select_related("layout")
        .annotate(seats_sold=sold)
        .prefetch_related("out_of_service")
        .order_by("bus_number")
    )
    by_coach: dict[int | None, list[CoachRun]] = defaultdict(list)
    for run in runs:
        by_coach[run.coach_id].append(run)
    warnings = [
        warning
        for coach in coaches
        for warning in find_clashes(coach, by_coach[coach.pk], seats=coach.seats_sold)
        if warning.run.ends >= start
    ]
    shown = [
        CoachLine(coach, tuple(run for run in by_coach[coach.pk] if run.ends >= start)) for coach in coaches
    ]
    unassigned = tuple(run for run in by_coach[None] if run.starts >= start)
    return FleetBoard(
        tuple(shown), unassigned, tuple(sorted(warnings, key=lambda warning: warning.run.starts))
    )


def find_clashes(coach: Bus, runs: Iterable[CoachRun], *, seats: int | None = None) -> list[ClashWarning]:
    """What is wrong with these runs of one coach, in the order in which it drives them. Its days out of
    service must be read; `seats` is how many it has.
    """
    turn = timedelta(minutes=settings.COACH_TURN_MINUTES)
    warnings, before = [], None
    for run in sorted(runs, key=lambda run: run.starts):
        if before is not None:
            if run.starts < before.ends:
                warnings.append(
                    ClashWarning(run, Clash.TWO_PLACES, f"{before.start_city} → {before.end_city}")
                )
            elif before.end_city != run.start_city:
                warnings.append(ClashWarning(run, Clash.ELSEWHERE, before.end_city))
            elif run.starts - before.ends < turn:
                minutes = int((run.starts - before.ends) / timedelta(minutes=1))
                warnings.append(ClashWarning(run, Clash.SHORT_TURN, str(minutes)))
        days = sorted({run.starts.date(), run.ends.date()})
        why_not = next(filter(None, (why_not_in_service(coach, day) for day in days)), None)
        if why_not is not None:
            warnings.append(ClashWarning(run, Clash.OUT_OF_SERVICE, why_not))
        if seats is not None and run.claimed > seats:
            warnings.append(ClashWarning(run, Clash.TOO_SMALL, str(run.claimed)))
        elif coach.layout_id != run.layout_id:
            warnings.append(ClashWarning(run, Clash.OTHER_LAYOUT, coach.layout.name))
        if before is None or run.ends > before.ends:
            before = run
    return warnings


def _runs(schedules: QuerySet[Schedule]) -> list[CoachRun]:
    rows = list(schedules.order_by("departure_time", "pk"))
    calls = calls_of_routes({schedule.route_id for schedule in rows})
    claims = SeatClaim.objects.filter(schedule__in=[schedule.pk for schedule in rows])
    claimed = dict(claims.values_list("schedule").annotate(Count("seat", distinct=True)).order_by())
    runs = []
    for schedule in rows:
        stops = calls[schedule.route_id]
        times = call_times(schedule, stops)
        first, last = stops[0].stop, stops[-1].stop
        runs.append(
            CoachRun(
                schedule.pk,
                schedule.bus_id,
                schedule.layout_id,
                times[0].expected_departure.astimezone(ZoneInfo(first.time_zone)),
                times[-1].expected_arrival.astimezone(ZoneInfo(last.time_zone)),
                first.city.name,
                last.city.name,
                claimed.get(schedule.pk, 0),
            )
        )
    return runs


@dataclass(frozen=True)
class Candidate:
    """A coach for a departure, and what would be wrong with it."""

    coach: Bus
    warnings: tuple[ClashWarning, ...]

    @property
    def is_possible(self) -> bool:
        """Whether it has the seats that are on sale: else it takes a swap."""
        return not any(warning.clash in (Clash.OTHER_LAYOUT, Clash.TOO_SMALL) for warning in self.warnings)


def list_candidates(schedule: Schedule) -> list[Candidate]:
    """Every coach for this departure, those without a warning first; four queries."""
    around = Schedule.objects.departing_between(
        schedule.departure_time - LONGEST_RUN, schedule.departure_time + LONGEST_RUN
    )
    runs = _runs(around.exclude(status=Schedule.Status.CANCELLED).filter(is_active=True))
    own = next((run for run in runs if run.schedule_id == schedule.pk), None)
    if own is None:
        return []
    candidates = []
    for coach in (
        Bus.objects.select_related("layout").prefetch_related("out_of_service").order_by("bus_number")
    ):
        others = [run for run in runs if run.coach_id == coach.pk and run.schedule_id != schedule.pk]
        warnings = _of_run(find_clashes(coach, [*others, own]), own, _next_after(own, others))
        candidates.append(Candidate(coach, tuple(warnings)))
    return sorted(candidates, key=lambda candidate: (not candidate.is_possible, len(candidate.warnings)))


def _next_after(own: CoachRun, others: Sequence[CoachRun]) -> CoachRun | None:
    return min((run for run in others if run.starts >= own.starts), key=lambda run: run.starts, default=None)


def _of_run(warnings: Iterable[ClashWarning], own: CoachRun, after: CoachRun | None) -> list[ClashWarning]:
    """Those of this run, and what it does to the next one of the coach."""
    between = (Clash.TWO_PLACES, Clash.SHORT_TURN, Clash.ELSEWHERE)
    return [
        warning
        for warning in warnings
        if warning.run == own or (warning.run == after and warning.clash in between)
    ]


def assign_coach(
    schedule_id: int, coach_id: int | None, *, actor: User, now: datetime | None = None
) -> Schedule:
    """Let this coach drive a departure, or none. Raises NotFound; Conflict for one that is over, or whose
    seats on sale are not those of the coach: that takes a swap, which says who sits where.
    """
    with short_transaction():
        schedule = lock_schedules([schedule_id]).get(schedule_id)
        coach = Bus.objects.filter(pk=coach_id).first() if coach_id else None
        if schedule is None or (coach_id and coach is None):
            raise NotFound(_("We could not find this departure or coach."))
        if schedule.status in _OVER:
            raise Conflict(_("This departure is over or cancelled: it takes no coach."))
        if coach is not None and coach.layout_id != schedule.layout_id:
            raise Conflict(_("This coach has other seats than those on sale. Open a case “another coach”."))
        before = schedule.bus.bus_number if schedule.bus else ""
        schedule.bus, schedule.revision = coach, schedule.revision + 1
        schedule.save(update_fields=["bus", "revision"])
        note_change(
            f"departure:{schedule.pk}",
            _("Coach of a departure"),
            before={"coach": before},
            after={"coach": coach.bus_number if coach else ""},
            actor=actor,
            now=now or database_now(),
        )
    return schedule
