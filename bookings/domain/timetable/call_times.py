"""The times of a call: planned, expected and actual. Nothing else adds minutes to a plan.

`Schedule.call_changes` holds what the ScheduleChanges of a departure come to, so that a list reads it with
the row and a departure that keeps its time costs nothing; `compact` writes it from the rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from math import ceil
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

from bookings.models import Booking, RouteStop, Schedule, ScheduleChange

MOST_LATE: Final = timedelta(hours=24)  # beyond it, it is another departure
REACH_BACK: Final = timedelta(hours=12)  # how late a coach may be and still be listed
_MINUTE: Final = timedelta(minutes=1)


class Timed(Protocol):
    """A call of a route."""

    @property
    def position(self) -> int: ...
    @property
    def arrive_min(self) -> int: ...
    @property
    def depart_min(self) -> int: ...


class Dated(Protocol):
    """A Schedule, or its row in a list."""

    @property
    def departure_time(self) -> datetime: ...
    @property
    def call_changes(self) -> str: ...


class CallChange(NamedTuple):
    """What was told of one call, in minutes after its plan."""

    arrive_late: int = 0
    depart_late: int = 0
    latest: int = 0  # the most that was ever told of its departure: until then passengers may come
    is_skipped: bool = False
    next_word: int = 0  # epoch seconds; the delay is not known, and will be told then

    @property
    def next_word_at(self) -> datetime | None:
        return datetime.fromtimestamp(self.next_word, UTC) if self.next_word else None


AS_PLANNED: Final = CallChange()


@dataclass(frozen=True)
class CallTimes:
    """When a coach calls at a stop. Expected is never before planned, nor before the stop above it."""

    position: int
    planned_arrival: datetime
    planned_departure: datetime
    expected_arrival: datetime
    expected_departure: datetime
    latest_departure: datetime  # that was ever told: boarding does not close before
    is_skipped: bool
    next_word_at: datetime | None  # the delay is not known; the expected times are the earliest possible
    actual_departure: datetime | None = None

    @property
    def late_min(self) -> int:
        return (self.expected_departure - self.planned_departure) // _MINUTE

    @property
    def is_changed(self) -> bool:
        return bool(
            self.is_skipped
            or self.next_word_at
            or self.expected_departure != self.planned_departure
            or self.expected_arrival != self.planned_arrival
        )


def read_changes(call_changes: str) -> Mapping[int, CallChange]:
    """By position, of the calls of which something was told."""
    return _read(call_changes) if call_changes else {}


@lru_cache(maxsize=2000)
def _read(call_changes: str) -> Mapping[int, CallChange]:
    return {
        position: CallChange(arrive, depart, latest, bool(skipped), next_word)
        for position, arrive, depart, latest, skipped, next_word in json.loads(call_changes)
    }


def call_time(departure: Dated, call: Timed, left: datetime | None = None) -> CallTimes:
    """The times of one call; `left` is when staff said that the coach left it."""
    change = read_changes(departure.call_changes).get(call.position, AS_PLANNED)
    arrives = departure.departure_time + timedelta(minutes=call.arrive_min)
    departs = departure.departure_time + timedelta(minutes=call.depart_min)
    return CallTimes(
        position=call.position,
        planned_arrival=arrives,
        planned_departure=departs,
        expected_arrival=arrives + change.arrive_late * _MINUTE,
        expected_departure=departs + change.depart_late * _MINUTE,
        latest_departure=departs + change.latest * _MINUTE,
        is_skipped=change.is_skipped,
        next_word_at=change.next_word_at,
        actual_departure=left,
    )


def expected_times(planned: Sequence[datetime], call_changes: str, first: int) -> list[datetime]:
    """The expected times of the calls from the position `first` on, from the planned ones; of the last its
    arrival.
    """
    changes, last = read_changes(call_changes), first + len(planned) - 1
    late = [changes.get(position, AS_PLANNED) for position in range(first, last + 1)]
    return [
        moment + (change.arrive_late if position == last else change.depart_late) * _MINUTE
        for position, (moment, change) in enumerate(zip(planned, late, strict=True), first)
    ]


def expected_boards_at(booking: Booking) -> datetime:
    """The later of planned and last told: what decides over refunds and changes of a booking, which must be
    loaded with its schedule.
    """
    if not booking.schedule.call_changes:
        return booking.boards_at
    return call_time(booking.schedule, booking.from_stop).expected_departure


def expected_alights_at(booking: Booking) -> datetime:
    """As `expected_boards_at`, where it ends."""
    if not booking.schedule.call_changes:
        return booking.alights_at
    return call_time(booking.schedule, booking.to_stop).expected_arrival


def call_times(
    departure: Dated, calls: Iterable[Timed], left: Mapping[int, datetime] | None = None
) -> tuple[CallTimes, ...]:
    """The times of all calls of a departure, in order; `left` says when it left which, by position."""
    known = left or {}
    return tuple(call_time(departure, call, known.get(call.position)) for call in calls)


def changes_of(schedule: Schedule) -> str:
    """What `schedule.call_changes` has to be: 2 queries where something was told, else 1."""
    rows = list(ScheduleChange.objects.filter(schedule=schedule.pk))
    calls = RouteStop.objects.filter(route=schedule.route_id).order_by("position") if rows else ()
    return compact(schedule.departure_time, list(calls), rows)


def compact(departure_time: datetime, calls: Sequence[Timed], changes: Iterable[ScheduleChange]) -> str:
    """What the changes of a departure, oldest first, come to; empty if all goes by plan and always did.

    `calls` are all calls of its route, in order.
    """
    state: dict[int, CallChange] = {}
    late: dict[int, ScheduleChange] = {}  # the newest of each position
    skipped: set[int] = set()
    floors: dict[int, dict[int, int]] = {}  # of an unknown delay, by the position it begins at
    positions = {call.position for call in calls}
    known = (change for change in changes if change.position in positions)  # the route may be another by now
    for _at, together in groupby(known, attrgetter("at")):
        for change in together:
            if change.kind == ScheduleChange.Kind.LATE:
                late[change.position] = change
                floors[change.position] = _floor(departure_time, calls, change, state)
            elif change.kind == ScheduleChange.Kind.SKIPPED:
                skipped.add(change.position)
            else:
                skipped.discard(change.position)
        state = _state(calls, late, skipped, floors, before=state)
    rows = [
        [
            position,
            change.arrive_late,
            change.depart_late,
            change.latest,
            int(change.is_skipped),
            change.next_word,
        ]
        for position, change in state.items()
        if change != AS_PLANNED
    ]
    return json.dumps(rows, separators=(",", ":")) if rows else ""


def _floor(
    departure_time: datetime, calls: Sequence[Timed], change: ScheduleChange, state: Mapping[int, CallChange]
) -> dict[int, int]:
    """How late a coach is at least whose delay is not known: as told before, and not before the next word."""
    if change.next_word_at is None:
        return {}
    start = next(call for call in calls if call.position == change.position)
    planned = departure_time + timedelta(minutes=start.depart_min)
    wait = max(0, ceil((change.next_word_at - planned) / _MINUTE))
    return {call.position: max(wait, state.get(call.position, AS_PLANNED).depart_late) for call in calls}


def _state(
    calls: Sequence[Timed],
    late: Mapping[int, ScheduleChange],
    skipped: Iterable[int],
    floors: Mapping[int, Mapping[int, int]],
    *,
    before: Mapping[int, CallChange],
) -> dict[int, CallChange]:
    """What counts now at each call, with expected times that never decrease along the ride."""
    state: dict[int, CallChange] = {}
    holds: ScheduleChange | None = None
    reached = 0  # minutes after the planned start of the ride
    for call in calls:
        holds = late.get(call.position, holds)
        minutes, next_word = 0, 0
        if holds is not None:
            floor = floors[holds.position]
            minutes = floor[call.position] if holds.late_min is None else holds.late_min
            next_word = int(holds.next_word_at.timestamp()) if holds.next_word_at else 0
        arrives = max(call.arrive_min + minutes, reached)
        departs = max(call.depart_min + minutes, arrives)
        reached = departs
        latest = max(departs - call.depart_min, before.get(call.position, AS_PLANNED).latest)
        state[call.position] = CallChange(
            arrives - call.arrive_min, departs - call.depart_min, latest, call.position in skipped, next_word
        )
    return state
