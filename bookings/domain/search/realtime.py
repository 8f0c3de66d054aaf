"""What happens to the departures of the published feed, in GTFS-Realtime: late, skipped, cancelled, new.

It follows the feed that was published last: what is in it is SCHEDULED or CANCELED, what is not is NEW.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from google.transit import gtfs_realtime_pb2 as gtfs

from bookings.domain.search.availability import find_layouts
from bookings.domain.search.feed_publishing import PublishedFeed
from bookings.domain.timetable.call_times import CallTimes, call_times
from bookings.domain.timetable.gtfs.export import LANGUAGE, place_of, trip_id_of
from bookings.domain.timetable.gtfs.runs import ServiceDays
from bookings.domain.timetable.segments import calls_of_routes
from bookings.domain.timetable.trips import expected_text
from bookings.models import RouteStop, Schedule, ScheduleChange, SeatClaim

SECONDS: Final = 30  # how old an answer may be
_NEW_WITHIN: Final = timedelta(hours=24)
_BACK: Final = timedelta(days=2)
_FEW: Final = 10  # passengers, below whom nobody is told how full a coach is
_WARN_AFTER: Final = 15  # minutes late
_Trip = gtfs.TripDescriptor
_Stop = gtfs.TripUpdate.StopTimeUpdate
_CAUSES: Final = {
    "traffic": "OTHER_CAUSE",
    "road_closed": "CONSTRUCTION",
    "weather": "WEATHER",
    "technical": "TECHNICAL_PROBLEM",
    "accident": "ACCIDENT",
    "border": "POLICE_ACTIVITY",
    "strike": "STRIKE",
    "staff": "OTHER_CAUSE",
    "connection": "OTHER_CAUSE",
    "other": "OTHER_CAUSE",
}


class TripRef(NamedTuple):
    """A departure as the published feed names it."""

    trip_id: str
    day: date


@dataclass(frozen=True)
class FeedIndex:
    """What of the published feed realtime refers to."""

    version: str
    services: Mapping[str, str]  # by trip
    days: Mapping[str, frozenset[date]]  # of each service

    @property
    def routes(self) -> set[int]:
        """Those that have a trip in it."""
        return {int(trip.partition("-")[0]) for trip in self.services}

    def __contains__(self, ref: TripRef) -> bool:
        return ref.day in self.days.get(self.services.get(ref.trip_id, ""), frozenset())


@dataclass(frozen=True)
class Happening:
    """A departure that does not go by the published feed."""

    schedule: Schedule
    ref: TripRef
    second: int  # of the service day, at its first stop
    calls: Sequence[RouteStop]
    times: Sequence[CallTimes]
    relationship: str
    reason: str = ""
    occupancy: Mapping[int, str] = field(default_factory=dict)  # after each call

    @property
    def entity_id(self) -> str:
        return f"{self.ref.trip_id}-{self.ref.day:%Y%m%d}"


def trip_updates(feed: PublishedFeed, *, now: datetime) -> Any:
    """A FeedMessage of each departure that is late, passes a stop by, is cancelled or new: six queries."""
    message, index = _message(feed, now)
    for happening in _happenings(index, now):
        _add_update(message, happening, now)
    return message


def alerts(feed: PublishedFeed, *, now: datetime) -> Any:
    """A FeedMessage that says the same to people."""
    message, index = _message(feed, now)
    for happening in _happenings(index, now):
        _add_alert(message, happening)
    return message


def _message(feed: PublishedFeed, now: datetime) -> tuple[Any, FeedIndex]:
    message, index = gtfs.FeedMessage(), feed_index(feed)
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = gtfs.FeedHeader.FULL_DATASET
    message.header.timestamp = _epoch(now)
    message.header.feed_version = index.version
    return message, index


def feed_index(feed: PublishedFeed) -> FeedIndex:
    """Read once for each feed that is published."""
    return _index(feed.sha256, feed)


@lru_cache(maxsize=1)
def _index(_sha256: str, feed: PublishedFeed) -> FeedIndex:
    body = feed.body()
    if body is None:
        return FeedIndex("", {}, {})
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = set(archive.namelist())

        def rows(name: str) -> Iterable[dict[str, str]]:
            text = archive.read(name).decode() if name in names else ""
            return csv.DictReader(io.StringIO(text))

        days: dict[str, set[date]] = {}
        for row in rows("calendar.txt"):
            days[row["service_id"]] = set(_days_of(row))
        for row in rows("calendar_dates.txt"):
            own, day = days.setdefault(row["service_id"], set()), _day(row["date"])
            own.add(day) if row["exception_type"] == "1" else own.discard(day)
        version = next((row["feed_version"] for row in rows("feed_info.txt")), "")
        services = {row["trip_id"]: row["service_id"] for row in rows("trips.txt")}
    return FeedIndex(version, services, {service: frozenset(own) for service, own in days.items()})


def _days_of(row: Mapping[str, str]) -> Iterable[date]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    day, end = _day(row["start_date"]), _day(row["end_date"])
    while day <= end:
        if row[names[day.weekday()]] == "1":
            yield day
        day += timedelta(days=1)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _happenings(index: FeedIndex, now: datetime) -> list[Happening]:
    cancelled = Q(status=Schedule.Status.CANCELLED)
    near = Q(departure_time__gte=now, departure_time__lt=now + _NEW_WITHIN)  # it may be newer than the feed
    rows = Schedule.objects.filter(~Q(call_changes="") | cancelled | near, departure_time__gte=now - _BACK)
    rows = rows.filter(Q(is_active=True) | cancelled).exclude(status=Schedule.Status.PLANNED)
    rows = rows.filter(route__in=index.routes)  # what else is not sold, or on no map
    schedules = list(rows.select_related("bus").order_by("departure_time", "pk"))
    calls_of = calls_of_routes({schedule.route_id for schedule in schedules})
    days, happenings = ServiceDays(settings.TIME_ZONE), []
    for schedule in schedules:
        day, second = days.place(schedule.departure_time, schedule.service_date)
        ref = TripRef(trip_id_of(schedule.route_id, second, schedule.coach), day)
        relationship = _relationship(schedule, ref in index, now)
        calls = calls_of[schedule.route_id]
        times = call_times(schedule, calls)
        if relationship and not (relationship == "SCHEDULED" and _is_over(schedule, times, now)):
            happenings.append(Happening(schedule, ref, second, calls, times, relationship))
    return _with_facts(happenings, now)


def _relationship(schedule: Schedule, is_in_feed: bool, now: datetime) -> str:
    """Empty: there is nothing to say."""
    if schedule.status == Schedule.Status.CANCELLED:
        return "CANCELED" if is_in_feed else ""
    if is_in_feed:
        return "SCHEDULED" if schedule.call_changes else ""
    is_new = schedule.status in Schedule.SOLD_IN and now <= schedule.departure_time < now + _NEW_WITHIN
    return "NEW" if is_new else ""


def _is_over(schedule: Schedule, times: Sequence[CallTimes], now: datetime) -> bool:
    has_arrived = schedule.status == Schedule.Status.ARRIVED
    return has_arrived or not any(call.is_changed for call in times) or times[-1].expected_arrival < now


def _with_facts(happenings: Sequence[Happening], now: datetime) -> list[Happening]:
    """With the reason that was told last, and how full each coach is: three queries."""
    ids = [happening.schedule.pk for happening in happenings]
    changes = ScheduleChange.objects.filter(schedule__in=ids).exclude(reason="").order_by("pk")
    reasons = dict(changes.values_list("schedule", "reason"))
    seats = {
        pk: sum(layout.seats.values())
        for pk, layout in find_layouts({happening.schedule.layout_id for happening in happenings}).items()
    }
    taken: dict[int, dict[int, int]] = {}
    claims = SeatClaim.objects.filter(schedule__in=ids, kind=SeatClaim.Kind.SOLD).order_by()
    for schedule, leg in claims.values_list("schedule", "leg"):
        legs = taken.setdefault(schedule, {})
        legs[leg] = legs.get(leg, 0) + 1
    return [
        Happening(
            happening.schedule,
            happening.ref,
            happening.second,
            happening.calls,
            happening.times,
            happening.relationship,
            reasons.get(happening.schedule.pk, ""),
            {
                leg: _occupancy(number, seats.get(happening.schedule.layout_id, 0))
                for leg, number in taken.get(happening.schedule.pk, {}).items()
            },
        )
        for happening in happenings
    ]


def _occupancy(taken: int, seats: int) -> str:
    """Coarse, so that no single passenger can be followed."""
    if taken < _FEW:
        return "MANY_SEATS_AVAILABLE"
    if taken >= seats:
        return "FULL"
    return "FEW_SEATS_AVAILABLE" if taken >= 0.8 * seats else "MANY_SEATS_AVAILABLE"


def _add_update(message: Any, happening: Happening, now: datetime) -> None:
    update = message.entity.add(id=happening.entity_id).trip_update
    _name_trip(update.trip, happening)
    update.timestamp = _epoch(now)
    if happening.schedule.bus:
        update.vehicle.id = update.vehicle.label = happening.schedule.bus.bus_number
        update.vehicle.license_plate = happening.schedule.bus.registration
    if happening.relationship == "CANCELED":
        return
    is_new = happening.relationship == "NEW"
    first = next((number for number, times in enumerate(happening.times) if times.is_changed), 0)
    for call, times in list(zip(happening.calls, happening.times, strict=True))[0 if is_new else first :]:
        if place_of(call.stop) is not None:  # else it is not in the feed either
            _add_stop(update.stop_time_update.add(), call, times, happening)


def _name_trip(trip: Any, happening: Happening) -> None:
    trip.trip_id, trip.start_date = happening.ref.trip_id, f"{happening.ref.day:%Y%m%d}"
    trip.schedule_relationship = _Trip.ScheduleRelationship.Value(happening.relationship)
    if happening.relationship == "NEW":
        hours, rest = divmod(happening.second, 3600)
        trip.start_time = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def _add_stop(stop: Any, call: RouteStop, times: CallTimes, happening: Happening) -> None:
    stop.stop_sequence, stop.stop_id = call.position + 1, call.stop.code
    if times.is_skipped:
        stop.schedule_relationship = _Stop.SKIPPED
        return
    if times.next_word_at:
        stop.schedule_relationship = _Stop.NO_DATA
        return
    for event, planned, expected in (
        (stop.arrival, times.planned_arrival, times.expected_arrival),
        (stop.departure, times.planned_departure, times.expected_departure),
    ):
        event.time = _epoch(expected)
        if happening.relationship != "NEW":
            event.delay = int((expected - planned).total_seconds())
    if occupancy := happening.occupancy.get(call.position):
        stop.departure_occupancy_status = gtfs.VehiclePosition.OccupancyStatus.Value(occupancy)


def _add_alert(message: Any, happening: Happening) -> None:
    worst = max(happening.times, key=lambda times: times.late_min)
    is_cancelled = happening.relationship == "CANCELED"
    is_skipped = any(times.is_skipped for times in happening.times)
    is_unknown = any(times.next_word_at for times in happening.times)
    if happening.relationship == "NEW" or not (
        is_cancelled or is_skipped or is_unknown or worst.late_min >= _WARN_AFTER
    ):
        return
    alert = message.entity.add(id=f"alert-{happening.entity_id}").alert
    _name_trip(alert.informed_entity.add().trip, happening)
    alert.active_period.add(end=_epoch(happening.times[-1].expected_arrival))
    effect = "NO_SERVICE" if is_cancelled else "MODIFIED_SERVICE" if is_skipped else "SIGNIFICANT_DELAYS"
    alert.effect = gtfs.Alert.Effect.Value(effect)
    alert.cause = gtfs.Alert.Cause.Value(_CAUSES.get(happening.reason, "UNKNOWN_CAUSE"))
    alert.url.translation.add(
        text=f"{settings.SITE_URL}/departures/{happening.schedule.pk}/status/", language=LANGUAGE
    )
    alert.header_text.translation.add(text=_header(happening, effect), language=LANGUAGE)
    if text := _description(happening):
        alert.description_text.translation.add(text=text, language=LANGUAGE)


def _header(happening: Happening, effect: str) -> str:
    first, last = happening.calls[0].stop, happening.calls[-1].stop
    leaves = happening.schedule.departure_time.astimezone(ZoneInfo(first.time_zone))
    facts = {"trip": f"{first.city.name} – {last.city.name}", "time": f"{leaves:%H:%M}"}
    if effect == "NO_SERVICE":
        return _("The %(time)s coach %(trip)s is cancelled") % facts
    if effect == "MODIFIED_SERVICE":
        return _("The %(time)s coach %(trip)s skips a stop") % facts
    return _("The %(time)s coach %(trip)s is late") % facts


def _description(happening: Happening) -> str:
    if happening.relationship == "CANCELED":
        return ""
    return "; ".join(
        f"{call.stop}: {note}"
        for call, times in zip(happening.calls, happening.times, strict=True)
        if (note := expected_text(times, ZoneInfo(call.stop.time_zone), arrives=call is happening.calls[-1]))
    )


def _epoch(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())
