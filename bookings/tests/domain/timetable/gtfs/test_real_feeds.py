"""Timetables that nobody of us wrote, found through FALCON_FEEDS, and departures that were read from them by
hand.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from bookings.domain.fares.prices import Party
from bookings.domain.network.places import Place, get_place
from bookings.domain.search.offers import Offer, Search, results
from bookings.domain.timetable.gtfs.importing import ImportOptions, ImportReport, import_feed
from bookings.models import Schedule, Stop
from bookings.tests.make import make_fare_classes, make_passenger_types

FOLDER = Path(os.environ.get("FALCON_FEEDS") or "/nonexistent")
FEEDS = {
    "flixbus-de-2014": (date(2014, 6, 13), date(2014, 6, 14)),
    "ktcl-goa-2021": (date(2021, 6, 3), date(2021, 6, 4)),
    "google-sample-feed-1": (date(2007, 6, 4), date(2007, 6, 9)),
}
EXPECTED = frozenset({"past", "fares-unread"})  # they are old, and their fares in dollars

pytestmark = [
    pytest.mark.feeds,
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.skipif(
        not all((FOLDER / f"{name}.zip").is_file() for name in FEEDS),
        reason="FALCON_FEEDS does not name a folder with the real timetables",
    ),
]


def import_real(name: str) -> ImportReport:
    first, last = FEEDS[name]
    return import_feed(FOLDER / f"{name}.zip", ImportOptions(first=first, last=last, accept=EXPECTED))


@pytest.fixture(scope="module")
def imported(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, ImportReport]]:
    """The feeds, imported once for all tests here and taken back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_fare_classes()
        make_passenger_types()
        reports = {name: import_real(name) for name in FEEDS}
        connection.check_constraints()  # once: what waits for a check, the end of each test would check again
        yield reports
        transaction.set_rollback(True)


def stop_place(source: str, stop_id: str) -> Place:
    """That one stop, whatever other stops its city has."""
    return get_place(Stop.objects.get(source=source, source_id=stop_id).code)


def offers(source: str, start: str, end: str, day: date) -> tuple[Offer, ...]:
    search = Search(
        stop_place(source, start), stop_place(source, end), day, Party((("adult", 1),)), page_size=100
    )
    return results(search, now=datetime(day.year, day.month, 1, tzinfo=UTC)).offers


def times(found: tuple[Offer, ...]) -> list[str]:
    return [
        f"{offer.departs} to {offer.arrives}{' ' + offer.day_mark if offer.day_mark else ''}"
        for offer in found
    ]


@pytest.mark.parametrize(
    ("source", "start", "end", "day", "expected"),
    [
        (
            "flixbus-de-2014",
            "6",
            "53",
            date(2014, 6, 14),
            ["07:00 to 14:15", "09:45 to 18:05", "15:15 to 21:55"],
        ),
        ("ktcl-goa-2021", "196", "2638", date(2021, 6, 4), ["18:00 to 20:29 +1 day"]),
        (
            "google-sample-feed-1",
            "AMV",
            "BEATTY_AIRPORT",
            date(2007, 6, 9),
            ["10:00 to 11:00", "15:00 to 16:00"],
        ),
        ("google-sample-feed-1", "AMV", "BEATTY_AIRPORT", date(2007, 6, 5), []),
        ("google-sample-feed-1", "BULLFROG", "FUR_CREEK_RES", date(2007, 6, 5), ["08:20 to 09:20"]),
        ("google-sample-feed-1", "BULLFROG", "FUR_CREEK_RES", date(2007, 6, 4), []),
    ],
)
def test_a_search_finds_the_departures_of_the_feed(
    imported: dict[str, ImportReport], source: str, start: str, end: str, day: date, expected: list[str]
) -> None:
    assert times(offers(source, start, end, day)) == expected


def test_two_coaches_at_one_minute_are_both_found(imported: dict[str, ImportReport]) -> None:
    found = offers("flixbus-de-2014", "29", "39", date(2014, 6, 13))

    assert [offer.departs for offer in found] == [
        "08:10",
        "08:30",
        "08:30",
        "09:00",
        "13:00",
        "13:00",
        "15:50",
        "16:00",
        "16:30",
    ]


def test_a_night_coach_counts_for_the_day_by_the_clock(imported: dict[str, ImportReport]) -> None:
    found = offers("flixbus-de-2014", "57", "53", date(2014, 6, 14))

    assert len(found) == 10
    assert times(found)[0] == "04:50 to 07:00"
    assert Schedule.objects.get(pk=found[0].schedule_id).source_id == "255:2014-06-13:0"


def test_coaches_of_the_service_day_before_are_found(imported: dict[str, ImportReport]) -> None:
    found = offers("ktcl-goa-2021", "1800", "1", date(2021, 6, 4))

    rows = Schedule.objects.in_bulk([offer.schedule_id for offer in found])
    before = [offer.departs for offer in found if rows[offer.schedule_id].service_date == date(2021, 6, 3)]
    assert len(found) == 15
    assert before == ["03:00", "05:09", "12:32"]


@pytest.mark.parametrize(
    ("source", "day", "expected"),
    [
        ("flixbus-de-2014", date(2014, 6, 13), 270),
        ("flixbus-de-2014", date(2014, 6, 14), 260),
        ("ktcl-goa-2021", date(2021, 6, 4), 2652),
        ("google-sample-feed-1", date(2007, 6, 4), 0),
        ("google-sample-feed-1", date(2007, 6, 5), 140),
        ("google-sample-feed-1", date(2007, 6, 9), 144),
    ],
)
def test_as_many_trips_run_on_a_day_as_the_feed_has(
    imported: dict[str, ImportReport], source: str, day: date, expected: int
) -> None:
    assert Schedule.objects.filter(source=source, service_date=day).count() == expected


def test_the_unknown_stop_is_reported_and_nothing_else(imported: dict[str, ImportReport]) -> None:
    assert imported["flixbus-de-2014"].problems.lines == [
        "stop_times.txt:4207: stop 73 is not in the feed; trip 1001 goes on without it",
        "stop_times.txt:4218: stop 73 is not in the feed; trip 1002 goes on without it",
    ]
    assert imported["ktcl-goa-2021"].problems.count == 0
    assert imported["google-sample-feed-1"].problems.by_file == {"fare_attributes.txt": 2}


def test_a_name_finds_all_the_stops_that_share_it(imported: dict[str, ImportReport]) -> None:
    assert Stop.objects.filter(source="ktcl-goa-2021").count() == 2361
    assert (
        len(get_place("teen-building").stop_ids)
        == Stop.objects.filter(source="ktcl-goa-2021", name="Teen Building").count()
        > 1
    )


@pytest.mark.parametrize("name", FEEDS)
def test_a_second_import_of_a_real_feed_changes_nothing(imported: dict[str, ImportReport], name: str) -> None:
    report = import_real(name)

    assert {
        kind: (count.new, count.changed)
        for kind, count in report.written.counts.items()
        if count.new or count.changed
    } == {}
    assert (report.departures.new, report.withdrawal.removed, report.withdrawal.remaining) == (0, 0, [])
