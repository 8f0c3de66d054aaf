"""trips.txt, stop_times.txt and frequencies.txt."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from bookings.domain.timetable.gtfs.enumerations import check_unused_codes, read_code_or
from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import an_id, distance, seconds, whole_number

MAX_REPETITIONS: Final = 1440  # of one row of frequencies.txt
MAX_CALLS: Final = 500  # of one trip
_NOT_AVAILABLE: Final = 1


class GtfsCall(NamedTuple):
    sequence: int
    stop_id: str
    arrives: int | None  # seconds of the service day
    departs: int | None
    may_board: bool
    may_alight: bool
    travelled: float | None
    line: int
    is_readable: bool = True  # no: a time of it is none


@dataclass(slots=True)
class GtfsTrip:
    trip_id: str
    route_id: str
    service_id: str
    line: int
    calls: list[GtfsCall] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # of its repetitions, in seconds of the service day


def read_trips(
    feed: Feed, *, routes: Container[str], services: Container[str], stops: Container[str], problems: Problems
) -> dict[str, GtfsTrip]:
    """The trips whose route, service and stops are known, with their calls in order."""
    trips, left_out = _trips(feed, routes, services, problems)
    _read_calls(feed, trips, left_out, stops, problems)
    _read_repetitions(feed, trips, left_out, problems)
    for trip in trips.values():
        trip.calls.sort(key=lambda call: call.sequence)
    return trips


def _trips(
    feed: Feed, routes: Container[str], services: Container[str], problems: Problems
) -> tuple[dict[str, GtfsTrip], set[str]]:
    trips: dict[str, GtfsTrip] = {}
    left_out: set[str] = set()
    for row in feed.rows("trips.txt"):
        try:
            trip_id = an_id(row["trip_id"])
            if trip_id in trips:
                raise ValueError(_("trip %(id)s is listed twice; the first is used") % {"id": trip_id})
            left_out.add(trip_id)
            if row["route_id"] not in routes:
                raise ValueError(
                    _("trip %(id)s: route %(route)s is not in the feed")
                    % {"id": trip_id, "route": row["route_id"][:60]}
                )
            if row["service_id"] not in services:
                raise ValueError(
                    _("trip %(id)s: service %(service)s is not in the feed")
                    % {"id": trip_id, "service": row["service_id"][:60]}
                )
            check_unused_codes(row, problems)
            trips[trip_id] = GtfsTrip(trip_id, row["route_id"], row["service_id"], row.line)
            left_out.discard(trip_id)
        except ValueError as error:
            problems.add("trips.txt", row.line, str(error))
    return trips, left_out


def _read_calls(
    feed: Feed, trips: dict[str, GtfsTrip], left_out: set[str], stops: Container[str], problems: Problems
) -> None:
    for row in feed.rows("stop_times.txt"):
        trip = trips.get(row["trip_id"])
        try:
            if trip is not None:
                trip.calls.append(_call(row, trip, stops, problems))
            elif row["trip_id"] not in left_out:
                raise ValueError(_("trip %(id)s is not there") % {"id": row["trip_id"][:60]})
        except ValueError as error:
            problems.add("stop_times.txt", row.line, str(error))


def _call(row: Row, trip: GtfsTrip, stops: Container[str], problems: Problems) -> GtfsCall:
    if row["stop_id"] not in stops:
        details = {"id": row["stop_id"][:60], "trip": trip.trip_id}
        raise ValueError(_("stop %(id)s is not in the feed; trip %(trip)s goes on without it") % details)
    sequence = whole_number(row["stop_sequence"])
    if len(trip.calls) >= MAX_CALLS:
        raise ValueError(
            _("trip %(trip)s has more than %(most)d calls") % {"trip": trip.trip_id, "most": MAX_CALLS}
        )
    arrives = departs = None
    is_readable = True
    try:
        arrives, departs = seconds(row["arrival_time"]), seconds(row["departure_time"])
    except ValueError as error:
        problems.add("stop_times.txt", row.line, str(error))
        is_readable = False
    check_unused_codes(row, problems)
    # Who may get on or off where nobody can read it: nobody.
    pickup, drop_off = (
        read_code_or(row, column, problems, otherwise=_NOT_AVAILABLE)
        for column in ("pickup_type", "drop_off_type")
    )
    return GtfsCall(
        sequence,
        row["stop_id"],
        arrives,
        departs,
        pickup != _NOT_AVAILABLE,
        drop_off != _NOT_AVAILABLE,
        distance(row["shape_dist_traveled"]),
        row.line,
        is_readable,
    )


def _read_repetitions(feed: Feed, trips: dict[str, GtfsTrip], left_out: set[str], problems: Problems) -> None:
    lines: dict[str, int] = {}
    for row in feed.rows("frequencies.txt"):
        trip = trips.get(row["trip_id"])
        try:
            if trip is not None:
                lines[trip.trip_id] = row.line
                check_unused_codes(row, problems)
                trip.starts += _repetitions(row)
            elif row["trip_id"] not in left_out:
                raise ValueError(_("trip %(id)s is not there") % {"id": row["trip_id"][:60]})
        except ValueError as error:
            problems.add("frequencies.txt", row.line, str(error))
    for trip_id, line in lines.items():
        if not trips[trip_id].starts:  # its own times are a pattern, at which nothing leaves
            text = _("trip %(id)s is left out: none of its repetitions can be read") % {"id": trip_id}
            problems.add("frequencies.txt", line, text)
            del trips[trip_id]


def _repetitions(row: Row) -> range:
    """From start_time up to, but not at, end_time."""
    start, end, headway = (
        seconds(row["start_time"]),
        seconds(row["end_time"]),
        whole_number(row["headway_secs"]),
    )
    if start is None or end is None or not headway:
        raise ValueError(_("a repetition (frequencies.txt) needs a start, an end and a headway"))
    starts = range(start, end, headway)
    if not starts:
        raise ValueError(_("the repetition (frequencies.txt) ends before it starts"))
    if len(starts) > MAX_REPETITIONS:
        raise ValueError(
            _("%(count)d repetitions; at most %(most)d are read")
            % {"count": len(starts), "most": MAX_REPETITIONS}
        )
    return starts
