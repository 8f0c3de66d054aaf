"""`/gtfs.zip`: kept, conditional, limited, and never made twice at a time."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from bookings import tasks
from bookings.domain.search.feed_publishing import publish_feed
from bookings.models import PublishedFile, Schedule, Stop
from bookings.tests import make
from bookings.tests.passenger.timetable import make_day

pytestmark = pytest.mark.django_db
ADDRESS = "/gtfs.zip"


@pytest.fixture(autouse=True)
def _stops_on_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed leaves out what is on no map."""
    place = {"latitude": Decimal("-26.2"), "longitude": Decimal("28.05")}
    monkeypatch.setattr(make, "PLACE_OF_STOPS", place)


def trips(body: bytes) -> int:
    return len(zipfile.ZipFile(io.BytesIO(body)).read("trips.txt").splitlines()) - 1


def test_the_feed_is_a_zip_that_caches_may_keep(client: Client) -> None:
    make_day(8, 17)

    response = client.get(ADDRESS)

    assert (response.status_code, response["Content-Type"], trips(response.content)) == (
        200,
        "application/zip",
        2,
    )
    assert response["Cache-Control"] == "public, max-age=900"
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers or "Cookie" not in response["Vary"]


def test_an_unchanged_feed_is_not_sent_again(client: Client, django_assert_num_queries: Callable) -> None:
    make_day(8)
    first = client.get(ADDRESS)
    publish_feed(now=timezone.now() + timedelta(hours=1))

    with django_assert_num_queries(1):
        by_etag = client.get(ADDRESS, headers={"if-none-match": first["ETag"]})
    by_time = client.get(ADDRESS, headers={"if-modified-since": first["Last-Modified"]})

    assert (by_etag.status_code, by_etag.content, by_etag["ETag"]) == (304, b"", first["ETag"])
    assert by_time.status_code == 304


def test_a_cancelled_departure_stays_in_the_feed_for_realtime_to_tell_of(client: Client) -> None:
    departure, other = make_day(8, 17)
    client.get(ADDRESS)
    Schedule.objects.filter(pk=departure.pk).update(status="cancelled")
    Schedule.objects.filter(pk=other.pk).update(available_seats=0)

    tasks.renew_feed.call_local()

    assert trips(client.get(ADDRESS).content) == 2


def test_a_coach_still_under_way_since_yesterday_is_in_the_feed(client: Client) -> None:
    make_day(8, days=-1)
    Schedule.objects.update(status="departed")

    assert trips(client.get(ADDRESS).content) == 1


@pytest.mark.usefixtures("queued")
def test_visitors_wait_for_nothing_while_the_feed_is_made(client: Client) -> None:
    make_day(8)
    PublishedFile.objects.create(name="gtfs.zip", builder_until=timezone.now() + timedelta(minutes=5))

    response = client.get(ADDRESS)

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert response["Content-Type"].startswith("text/plain")
    assert b"<" not in response.content


def test_of_two_builders_one_builds(client: Client) -> None:
    make_day(8)
    now = timezone.now()
    PublishedFile.objects.create(name="gtfs.zip", builder_until=now + timedelta(minutes=5))

    assert publish_feed(now=now) is False
    assert PublishedFile.objects.get().body is None
    assert publish_feed(now=now + timedelta(minutes=6)) is True  # the first one was killed
    assert trips(bytes(PublishedFile.objects.get().body)) == 1


def test_a_builder_that_fails_gives_its_place_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    make_day(8)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "full"))

    with pytest.raises(OSError):
        publish_feed()

    assert PublishedFile.objects.get().builder_until is None


def test_without_a_timetable_there_is_nothing_to_fetch(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 404


def test_being_sent_the_whole_feed_is_limited_but_asking_is_not(client: Client, settings: Any) -> None:
    make_day(8)
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "feed": "1/h"}
    first = client.get(ADDRESS)

    assert client.get(ADDRESS).status_code == 429
    assert client.get(ADDRESS, headers={"if-none-match": first["ETag"]}).status_code == 304


def test_head_costs_no_body(client: Client) -> None:
    make_day(8)
    client.get(ADDRESS)

    response = client.head(ADDRESS)

    assert (response.status_code, response.content) == (200, b"")


def test_the_command_says_what_it_wrote(tmp_path: Any) -> None:
    make_day(8, 17, days=0)
    make_day(8, days=3)
    out = io.StringIO()

    call_command("export_gtfs", str(tmp_path / "out.zip"), "--days", "2", stdout=out)

    assert "1 lines, 2 trips with 2 departures, 3 stops, 3 fares" in out.getvalue()


def test_the_command_names_the_stops_that_it_left_out(tmp_path: Any) -> None:
    make_day(8, 17, days=0)
    first = Stop.objects.order_by("pk")[0]
    Stop.objects.filter(pk=first.pk).update(latitude=None, longitude=None)
    out = io.StringIO()

    call_command("export_gtfs", str(tmp_path / "out.zip"), "--days", "2", stdout=out)

    assert "Stops left out; enter their place on the map in the admin (1):" in out.getvalue()
    assert first.code in out.getvalue()


@pytest.mark.parametrize(
    "options", [["--days", "0"], ["--days", "99999"], ["--from", "9999-12-31"], ["--from", "2001-01-01"]]
)
def test_days_that_make_no_sense_are_refused_in_words(tmp_path: Any, options: list[str]) -> None:
    make_day(8)

    with pytest.raises(CommandError) as refused:
        call_command("export_gtfs", str(tmp_path / "out.zip"), *options)

    assert str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Any) -> None:
    make_day(8)

    with pytest.raises(CommandError, match="No such file"):
        call_command("export_gtfs", str(tmp_path / "no" / "out.zip"))
