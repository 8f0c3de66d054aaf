"""From the calls of a trip to a stop pattern with its timing and distances."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from bookings.domain.timetable.gtfs.network import PlannedStop
from bookings.domain.timetable.gtfs.trips import GtfsCall, GtfsTrip
from bookings.domain.timetable.gtfs.values import kilometres

ROAD_FACTOR: Final = 1.25  # a road is longer than the crow's flight by about this
KM_PER_MINUTE: Final = 1.0  # where a stop has no place on the map
LEAST_KM: Final = Decimal("0.1")
MAX_KM: Final = 100_000
_PLAUSIBLE: Final = (
    0.98,
    3.0,
)  # a road by the crow's flight: how travelled distances are known to be in km or in m


class PlannedCall(NamedTuple):
    stop_id: str
    arrive_min: int
    depart_min: int
    km: Decimal
    may_board: bool
    may_alight: bool


@dataclass(frozen=True)
class TripPattern:
    """The stops of a trip, in minutes since its first departure."""

    calls: tuple[PlannedCall, ...]

    @property
    def minutes(self) -> int:
        return max(1, self.calls[-1].arrive_min)

    @property
    def km(self) -> Decimal:
        return self.calls[-1].km

    def digest(self) -> str:
        """What makes two patterns the same to a passenger. Distances do not: they follow from the places."""
        text = "\n".join(repr((*call[:3], *call[4:])) for call in self.calls)
        return sha256(text.encode()).hexdigest()[:20]


def read_pattern(trip: GtfsTrip, stops: Mapping[str, PlannedStop]) -> tuple[int, TripPattern]:
    """The minute of the service day at which the trip starts, and its pattern.

    ValueError: the trip cannot be run.
    """
    if trip.calls and not (trip.calls[0].is_readable and trip.calls[-1].is_readable):
        raise ValueError(_("trip %(id)s does not say when it starts or ends") % {"id": trip.trip_id})
    calls = [call for call in trip.calls if call.is_readable]
    if len(calls) < 2:
        raise ValueError(_("trip %(id)s has fewer than two calls that can be read") % {"id": trip.trip_id})
    for before, call in itertools.pairwise(calls):
        if before.sequence == call.sequence:
            details = {"id": trip.trip_id, "number": call.sequence, "line": call.line}
            raise ValueError(
                _("trip %(id)s has stop_sequence %(number)d twice (line %(line)d of stop_times.txt)")
                % details
            )
    times = _minutes(trip.trip_id, calls)
    start = times[0][1]
    kms = _distances(calls, times, stops)
    last = len(calls) - 1
    planned = tuple(
        PlannedCall(
            call.stop_id,
            arrive - start,
            depart - start,
            km,
            call.may_board and number < last,
            call.may_alight and number > 0,
        )
        for number, (call, (arrive, depart), km) in enumerate(zip(calls, times, kms, strict=True))
    )
    return start, TripPattern(planned)


def _minutes(trip_id: str, calls: list[GtfsCall]) -> list[tuple[int, int]]:
    """(arrival, departure) of each call.

    A call without times gets its share of the way between its neighbours.
    """
    known: list[tuple[int, int] | None] = []
    for call in calls:
        arrives = call.departs if call.arrives is None else call.arrives
        departs = arrives if call.departs is None else call.departs
        known.append(None if arrives is None or departs is None else (arrives // 60, departs // 60))
    if known[0] is None or known[-1] is None:
        raise ValueError(_("trip %(id)s does not say when it starts or ends") % {"id": trip_id})
    times = _filled(known)
    # Nobody cares when a coach arrives at its first stop or leaves its last one.
    times[0], times[-1] = (times[0][1], times[0][1]), (times[-1][0], times[-1][0])
    before = times[0][1]
    for call, (arrive, depart) in list(zip(calls, times, strict=True))[1:]:
        if not before <= arrive <= depart:
            details = {"id": trip_id, "line": call.line}
            raise ValueError(_("trip %(id)s goes back in time (line %(line)d of stop_times.txt)") % details)
        before = depart
    return times


def _filled(known: list[tuple[int, int] | None]) -> list[tuple[int, int]]:
    times: list[tuple[int, int]] = []
    for number, pair in enumerate(known):
        if pair is None:
            # The last call is known, so one follows.
            ahead, (end, _leaves) = next((n, later) for n, later in enumerate(known[number:], 1) if later)
            start = times[-1][1]
            minute = start + (end - start) // ahead
            pair = (minute, minute)
        times.append(pair)
    return times


def _distances(
    calls: list[GtfsCall], times: list[tuple[int, int]], stops: Mapping[str, PlannedStop]
) -> list[Decimal]:
    """Kilometres from the first stop, never falling, and more than 0 in all."""
    crow = [0.0]
    places_known = True
    for number in range(1, len(calls)):
        here, there = stops[calls[number - 1].stop_id].place, stops[calls[number].stop_id].place
        places_known = places_known and here is not None and there is not None
        leg = (
            kilometres(here, there) * ROAD_FACTOR
            if here and there
            else (times[number][0] - times[number - 1][1]) * KM_PER_MINUTE
        )
        crow.append(crow[-1] + leg)
    stated = _stated_distances(calls, crow[-1] / ROAD_FACTOR) if places_known else None
    kms = [Decimal(f"{min(km, MAX_KM):.2f}") for km in stated or crow]
    kms[-1] = max(kms[-1], LEAST_KM)
    return kms


def _stated_distances(calls: list[GtfsCall], crow_km: float) -> list[float] | None:
    """shape_dist_traveled in km.

    Its unit is the feed's own secret: it is used where it can only be km or m.
    """
    travelled = [call.travelled for call in calls if call.travelled is not None]
    if len(travelled) < len(calls) or crow_km <= 0:
        return None
    way = [distance - travelled[0] for distance in travelled]
    if any(after < before for before, after in itertools.pairwise(way)):
        return None
    for unit in (1, 1000):
        if _PLAUSIBLE[0] <= way[-1] / unit / crow_km <= _PLAUSIBLE[1]:
            return [distance / unit for distance in way]
    return None
