"""`/gtfs-rt/`: what is late, skipped, cancelled or new, as planners read it."""

import json
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.cache import cache
from django.test import Client
from google.transit import gtfs_realtime_pb2 as gtfs

from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.disruptions.times import Delay, StopChange
from bookings.domain.operations.time_changes import change_stop, report_delay
from bookings.models import Schedule
from bookings.tests import make
from bookings.tests.domain.disruptions.cancelled_coach import draft
from bookings.tests.make import make_booking, make_schedule, make_user
from bookings.tests.passenger.timetable import make_day

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:.*google._upb._message:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _stops_on_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed leaves out what is on no map."""
    place = {"latitude": Decimal("-26.2"), "longitude": Decimal("28.05")}
    monkeypatch.setattr(make, "PLACE_OF_STOPS", place)


@pytest.fixture
def day(client: Client, still: Any) -> list[Schedule]:
    """Five departures of tomorrow (Johannesburg, Bloemfontein 5 h later, Cape Town 5 h later), published."""
    departures = make_day(6, 8, 10, 12, 14)
    assert client.get("/gtfs.zip").status_code == 200
    return departures


def message(client: Client, name: str) -> Any:
    cache.clear()
    response = client.get(f"/gtfs-rt/{name}.pb")
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    feed = gtfs.FeedMessage()
    feed.ParseFromString(response.content)
    return feed


def test_nothing_is_said_while_all_goes_by_plan(client: Client, day: list[Schedule]) -> None:
    feed = message(client, "trip-updates")

    assert feed.header.gtfs_realtime_version == "2.0"
    assert feed.header.feed_version
    assert list(feed.entity) == []


def happen(day: list[Schedule]) -> None:
    """Late from the second stop, a stop skipped, nobody knows how late, and cancelled."""
    actor = make_user()
    make_booking(schedule=day[0])
    report_delay(day[0].pk, Delay(1, 45, reason="border"), actor=actor, submission="late")
    change_stop(day[1].pk, StopChange(1, True), actor=actor, submission="skip")
    unknown = Delay(1, None, next_word_at=day[2].departure_time + timedelta(hours=6))
    report_delay(day[2].pk, unknown, actor=actor, submission="unknown")
    Schedule.objects.filter(pk=day[3].pk).update(status="cancelled")


def test_each_kind_of_change_is_an_entity(client: Client, day: list[Schedule], still: Any) -> None:
    still.move_to(day[0].departure_time - timedelta(hours=4))
    happen(day)
    relief = {"route": day[4].route, "layout": day[4].layout, "departs": day[4].departure_time}
    make_schedule(**relief, coach=2)
    feed = message(client, "trip-updates")
    late, skip, unknown, cancelled, relief = (entity.trip_update for entity in feed.entity)
    relations = gtfs.TripDescriptor.ScheduleRelationship.Name

    names = [relations(update.trip.schedule_relationship) for update in (late, cancelled, relief)]
    assert names == ["SCHEDULED", "CANCELED", "NEW"]
    assert (late.trip.trip_id, late.trip.start_date) == (
        f"{day[0].route_id}-060000-1",
        "20261202",
    )
    assert [(stop.stop_sequence, stop.stop_id, stop.departure.delay) for stop in late.stop_time_update] == [
        (2, "bloemfontein-main", 2700),
        (3, "cape-town-main", 2700),
    ]
    assert late.stop_time_update[0].departure.time == int(
        (day[0].departure_time + timedelta(hours=5, minutes=45)).timestamp()
    )
    kinds = gtfs.TripUpdate.StopTimeUpdate.ScheduleRelationship.Name
    assert [kinds(stop.schedule_relationship) for stop in skip.stop_time_update] == ["SKIPPED", "SCHEDULED"]
    assert {kinds(stop.schedule_relationship) for stop in unknown.stop_time_update} == {"NO_DATA"}
    assert not cancelled.stop_time_update
    assert (relief.trip.start_time, len(relief.stop_time_update)) == ("14:00:00", 3)

    said = message(client, "alerts")
    effects = [gtfs.Alert.Effect.Name(entity.alert.effect) for entity in said.entity]
    assert effects == ["SIGNIFICANT_DELAYS", "MODIFIED_SERVICE", "SIGNIFICANT_DELAYS", "NO_SERVICE"]
    first = said.entity[0].alert
    assert gtfs.Alert.Cause.Name(first.cause) == "POLICE_ACTIVITY"
    assert "expected 11:45" in first.description_text.translation[0].text


def test_a_feed_published_after_a_cancellation_still_has_the_trip(client: Client, still: Any) -> None:
    departures = make_day(6, 8)
    Schedule.objects.filter(pk=departures[1].pk).update(status="cancelled")
    archive = ZipFile(BytesIO(client.get("/gtfs.zip").content))
    assert f"{departures[1].route_id}-080000-1" in archive.read("trips.txt").decode()
    (entity,) = message(client, "trip-updates").entity
    relation = gtfs.TripDescriptor.ScheduleRelationship.Name(entity.trip_update.trip.schedule_relationship)
    assert (entity.trip_update.trip.trip_id, relation) == (f"{departures[1].route_id}-080000-1", "CANCELED")


def test_it_is_read_as_json_and_known_by_its_etag(client: Client, day: list[Schedule]) -> None:
    happen(day)
    cache.clear()
    answer = client.get("/gtfs-rt/trip-updates.pb", {"format": "json"})

    entity = json.loads(answer.content)["entity"][0]
    assert entity["trip_update"]["stop_time_update"][0]["departure"]["delay"] == 2700
    assert answer["Cache-Control"] == "public, max-age=30"


# Without a relief coach: this validator does not know NEW, and asks for its trip in the timetable.
def test_the_validator_finds_no_error(
    client: Client, day: list[Schedule], still: Any, tmp_path: Path
) -> None:
    now = day[0].departure_time - timedelta(hours=4)
    still.move_to(now)
    happen(day)
    case = draft(day[4], kind="short_turn", position=1, now=now)
    confirm_case(case.pk, version=1, actor=case.created_by, submission="short turn", now=now)
    (tmp_path / "feed.zip").write_bytes(client.get("/gtfs.zip").content)
    for name in ("trip-updates", "alerts"):
        cache.clear()
        (tmp_path / f"{name}.pb").write_bytes(client.get(f"/gtfs-rt/{name}.pb").content)
    at = (day[0].departure_time - timedelta(hours=4)).isoformat()
    command = [sys.executable, "-m", "gtfs_rt_validator.cli", "-gtfs", "feed.zip", "-tu", "trip-updates.pb"]
    done = subprocess.run(
        [*command, "-sa", "alerts.pb", "--at", at, "--fail-on-error", "--out", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    reports = "\n".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert done.returncode == 0, done.stdout + done.stderr + reports
