"""The feed that goes out, against what is sold, our own import, and the canonical validator's rules."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bookings.base.errors import NotFound
from bookings.demo.network import make_network
from bookings.domain.search.feed import export_timetable
from bookings.domain.timetable.generate import generate_departures
from bookings.domain.timetable.gtfs.export import ExportReport
from bookings.domain.timetable.gtfs.importing import ImportOptions, import_feed
from bookings.models import City, Fare, Schedule, Service, Stop
from bookings.tests import make
from bookings.tests.domain.search.sales import forget_the_timetable, sold
from bookings.tests.make import make_fare_classes, make_passenger_types, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 12, 7)
FOLDER = Path(os.environ.get("FALCON_FEEDS") or "/nonexistent")
# The whole of KTCL, whose 439,130 fares take minutes, is read again in `make soak`.
REAL = {
    "flixbus-de-2014": (date(2014, 6, 13), date(2014, 6, 14)),
    "google-sample-feed-1": (date(2007, 6, 4), date(2007, 6, 9)),
}
LARGE = {"ktcl-goa-2021": (date(2021, 6, 3), date(2021, 6, 3))} if os.environ.get("SOAK_SCALE") else {}


@pytest.fixture(autouse=True)
def _stops_on_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed leaves out what is on no map."""
    place = {"latitude": Decimal("-26.2"), "longitude": Decimal("28.05")}
    monkeypatch.setattr(make, "PLACE_OF_STOPS", place)


@pytest.fixture(autouse=True)
def _public_address(settings: Any) -> None:
    settings.SITE_URL = "https://example.org"


EXPECTED = frozenset({"past", "fares-unread"})  # these timetables are old, and their fares in dollars


def export(folder: Path, first: date = MONDAY, days: int = 7, *, name: str = "out.zip") -> ExportReport:
    return export_timetable(folder / name, first_day=first, days=days)


def table(folder: Path, file: str, *, name: str = "out.zip") -> list[dict[str, str]]:
    with zipfile.ZipFile(folder / name) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(file).decode())))


def notices(path: Path, day: date) -> set[tuple[str, str]]:
    """What the canonical rules find wrong, as on that day."""
    out = path.parent / "validated"
    command = [
        sys.executable,
        "-m",
        "gtfs_validator.cli",
        "-i",
        str(path),
        "-o",
        str(out),
        "-d",
        day.isoformat(),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return {
        (each["severity"], each["code"]) for each in json.loads((out / "report.json").read_text())["notices"]
    }


def local(hour: int, minute: int = 0, *, day: int = 0) -> datetime:
    """By the clock of Johannesburg, counted from the Monday."""
    return datetime(2026, 12, 7, hour, minute, tzinfo=UTC) + timedelta(days=day, hours=-2)


@pytest.fixture
def demo() -> None:
    """The demo network over a change of prices: normal days, then those of the December holidays."""
    make_network(date(2026, 11, 24))
    generate_departures(first_day=date(2026, 12, 8), days=4)


def test_the_demo_network_comes_back_as_it_went_out(demo: None, tmp_path: Path) -> None:
    before = sold()
    report = export(tmp_path)
    unsold = Fare.objects.filter(amount=None).values_list(
        "route__line__code", "from_stop__stop__code", "to_stop__stop__code"
    )
    unsold_pairs = set(unsold)

    forget_the_timetable()
    imported = import_feed(tmp_path / "out.zip", ImportOptions(source="again", accept=EXPECTED))
    after = sold(source="again")

    assert imported.problems.lines == []
    assert after.departures == before.departures
    assert (report.departures, report.lines) == (before.departures.total(), 14)
    assert {pair: after.lowest[pair] for pair in before.lowest} == before.lowest
    assert (
        set(after.lowest) - set(before.lowest) <= unsold_pairs
    )  # the format cannot say that a pair is not sold


def test_the_demo_network_breaks_no_rule_of_the_canonical_validator(demo: None, tmp_path: Path) -> None:
    export(tmp_path)

    assert notices(tmp_path / "out.zip", date(2026, 12, 8)) <= {
        ("WARNING", "feed_expiration_date7_days"),
        *_SHORT,
    }


_SHORT = {
    ("WARNING", "feed_expiration_date30_days"),
    ("WARNING", "trip_coverage_not_active_for_next7_days"),
    ("INFO", "future_feed"),
}


@pytest.mark.feeds
@pytest.mark.parametrize("name", [*REAL, *LARGE])
def test_a_real_feed_comes_back_as_it_went_out(name: str, tmp_path: Path) -> None:
    if not (FOLDER / f"{name}.zip").is_file():
        pytest.skip("FALCON_FEEDS does not name a folder with the real timetables")
    make_fare_classes()
    make_passenger_types()
    first, last = (REAL | LARGE)[name]
    import_feed(FOLDER / f"{name}.zip", ImportOptions(first=first, last=last, accept=EXPECTED))
    before = sold()
    report = export(tmp_path, first - timedelta(days=1), 10)

    found = {code for severity, code in notices(tmp_path / "out.zip", first) if severity == "ERROR"}
    forget_the_timetable()
    imported = import_feed(tmp_path / "out.zip", ImportOptions(source="again", accept=EXPECTED))

    assert (imported.problems.lines, found) == ([], set())
    assert report.departures == before.departures.total() > 0
    assert sold(source="again") == before


def test_the_same_timetable_makes_the_same_bytes(demo: None, tmp_path: Path) -> None:
    export(tmp_path, name="one.zip")
    export(tmp_path, name="two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def days_of(folder: Path) -> dict[str, set[str]]:
    """The dates on which each trip runs, by an own reading of the two calendar files."""
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    running: dict[str, set[date]] = {}
    for row in table(folder, "calendar.txt"):
        day, last = (
            datetime.strptime(row[column], "%Y%m%d").replace(tzinfo=UTC).date()
            for column in ("start_date", "end_date")
        )
        while day <= last:
            if row[names[day.weekday()]] == "1":
                running.setdefault(row["service_id"], set()).add(day)
            day += timedelta(days=1)
    for row in table(folder, "calendar_dates.txt"):
        day = datetime.strptime(row["date"], "%Y%m%d").replace(tzinfo=UTC).date()
        days = running.setdefault(row["service_id"], set())
        (days.add if row["exception_type"] == "1" else days.discard)(day)
    return {
        row["trip_id"]: {f"{day:%m-%d}" for day in running[row["service_id"]]}
        for row in table(folder, "trips.txt")
    }


def test_only_what_is_on_sale_or_cancelled_goes_out(tmp_path: Path) -> None:
    route, resting = make_route(), make_route()
    departures = [make_schedule(route=route, departs=local(8, day=day)) for day in range(7)]
    by_hand = make_schedule(route=route, departs=local(9, 30, day=2), coach=1)
    for departure, status in zip(departures[1:5], ("cancelled", "closed", "planned", "arrived"), strict=True):
        Schedule.objects.filter(pk=departure.pk).update(status=status)
    Schedule.objects.filter(pk=departures[5].pk).update(is_active=False)
    Schedule.objects.filter(pk=departures[6].pk).update(status="departed")  # still sold further down the road
    make_schedule(route=resting, departs=local(8))
    resting.is_active = False
    resting.save()

    report = export(tmp_path)

    assert by_hand.service is None
    assert days_of(tmp_path) == {
        # What is cancelled stays until its day ends: realtime says that it does not run
        f"{route.pk}-080000-1": {"12-07", "12-08", "12-13"},
        f"{route.pk}-093000-1": {"12-09"},
    }
    assert (report.lines, report.trips, report.departures) == (1, 2, 4)


def test_times_pass_midnight_and_count_from_the_service_day(tmp_path: Path) -> None:
    route = make_route(minutes_apart=300, stand=20)
    late = make_schedule(route=route, departs=local(23, 30))
    after_midnight = make_schedule(route=route, departs=local(0, 30, day=1))
    layout = late.layout
    service = Service.objects.create(
        route=route, departs_min=24 * 60 + 30, starts_on=MONDAY, layout=layout, price_zar=600
    )
    Schedule.objects.filter(pk=after_midnight.pk).update(service=service, service_date=MONDAY)

    export(tmp_path)

    times = {
        (row["trip_id"], row["stop_id"]): (row["arrival_time"], row["departure_time"])
        for row in table(tmp_path, "stop_times.txt")
    }
    assert times[f"{route.pk}-233000-1", "bloemfontein-main"] == ("28:30:00", "28:50:00")
    assert times[f"{route.pk}-243000-1", "johannesburg-main"] == ("24:30:00", "24:30:00")
    assert times[f"{route.pk}-243000-1", "cape-town-main"] == ("34:30:00", "34:30:00")
    assert days_of(tmp_path) == {f"{route.pk}-233000-1": {"12-07"}, f"{route.pk}-243000-1": {"12-07"}}


def test_times_are_told_by_the_agencys_clock_where_the_clocks_change(settings: Any, tmp_path: Path) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    route = make_route(minutes_apart=120)
    for day in (24, 25, 26):  # October 2026: on the 25th the clocks go back
        make_schedule(route=route, departs=datetime(2026, 10, day, 7, tzinfo=UTC))
    make_schedule(
        route=route, departs=datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    )  # 00:30 on the 25th, before that service day starts

    export(tmp_path, date(2026, 10, 23), 5)

    first = {
        row["trip_id"]: row["departure_time"]
        for row in table(tmp_path, "stop_times.txt")
        if row["stop_sequence"] == "1"
    }
    assert {first[trip]: days for trip, days in days_of(tmp_path).items()} == {
        "09:00:00": {"10-24"},
        "08:00:00": {"10-25", "10-26"},
        "24:30:00": {"10-24"},
    }


def test_nobody_gets_on_where_no_ride_is_sold(tmp_path: Path) -> None:
    route = make_route("Johannesburg", "Polokwane", "Beitbridge", "Harare")
    make_schedule(route=route, departs=local(8))
    calls = list(route.calls.order_by("position"))
    calls[1].may_board = calls[1].may_alight = False  # a halt
    calls[1].save()
    standard, _premium = make_fare_classes()
    never = {"route": route, "fare_class": standard, "valid_from": date(2026, 1, 1)}
    Fare.objects.create(from_stop=calls[2], to_stop=calls[3], amount=None, **never)

    export(tmp_path)

    rows = table(tmp_path, "stop_times.txt")
    assert [(row["pickup_type"], row["drop_off_type"]) for row in rows] == [
        ("0", "1"),
        ("1", "1"),
        ("1", "0"),
        ("1", "0"),
    ]
    pairs = {(row["origin_id"], row["destination_id"]) for row in table(tmp_path, "fare_rules.txt")}
    assert pairs == {("johannesburg-main", "beitbridge-main"), ("johannesburg-main", "harare-main")}


def test_a_ride_has_its_lowest_price_of_these_days(tmp_path: Path) -> None:
    route = make_route()
    for day, price in enumerate((900, 600, 750)):
        make_schedule(route=route, departs=local(23, day=day), price=price)
    calls = list(route.calls.order_by("position"))
    standard, _premium = make_fare_classes()
    ends = {"route": route, "fare_class": standard, "from_stop": calls[1], "to_stop": calls[2]}
    Fare.objects.create(
        **ends, amount=Decimal("399.50"), valid_from=MONDAY, valid_to=MONDAY
    )  # boarded on the Tuesday: too late for this one
    Fare.objects.create(**ends, amount=410, valid_from=date(2026, 12, 8))

    export(tmp_path)

    fares = {
        row["fare_id"]: (row["price"], row["currency_type"]) for row in table(tmp_path, "fare_attributes.txt")
    }
    found = {
        (row["origin_id"], row["destination_id"]): fares[row["fare_id"]]
        for row in table(tmp_path, "fare_rules.txt")
    }
    assert found == {
        ("johannesburg-main", "bloemfontein-main"): ("300.00", "ZAR"),
        ("johannesburg-main", "cape-town-main"): ("600.00", "ZAR"),
        ("bloemfontein-main", "cape-town-main"): ("410.00", "ZAR"),
    }


def test_two_coaches_are_two_trips_and_distances_always_rise(tmp_path: Path) -> None:
    route = make_route("Johannesburg", "Midrand", "Centurion", "Pretoria")
    route.calls.update(km=0)
    route.calls.filter(position=3).update(km="58.25")
    make_schedule(route=route, departs=local(8))
    make_schedule(route=route, departs=local(8), coach=2)

    export(tmp_path)

    assert sorted(days_of(tmp_path)) == [f"{route.pk}-080000-1", f"{route.pk}-080000-2"]
    assert [row["shape_dist_traveled"] for row in table(tmp_path, "stop_times.txt")][:4] == [
        "0.00",
        "0.0001",
        "0.0002",
        "58.25",
    ]


def test_a_stop_without_a_place_takes_its_citys_or_is_left_out_and_named(tmp_path: Path) -> None:
    stop = make_stop("Windhoek", time_zone="Africa/Windhoek")
    Stop.objects.filter(pk=stop.pk).update(address="Bahnhof  Street\n12")
    make_schedule(route=make_route("Johannesburg", "Upington", "Windhoek"), departs=local(8))
    Stop.objects.exclude(code="upington-main").update(latitude=None, longitude=None)
    City.objects.filter(slug="windhoek").update(latitude="-22.56", longitude="17.08")

    report = export(tmp_path)

    rows = {row["stop_id"]: row for row in table(tmp_path, "stops.txt")}
    assert report.unplaced == ["Johannesburg station (johannesburg-main)"]
    assert rows["windhoek-main"] == {
        "stop_id": "windhoek-main",
        "stop_name": "Windhoek station",
        "stop_desc": "Bahnhof Street 12",
        "stop_lat": "-22.56000",
        "stop_lon": "17.08000",
        "zone_id": "windhoek-main",
        "stop_timezone": "Africa/Windhoek",
    }
    assert sorted(rows) == ["upington-main", "windhoek-main"]
    assert [row["stop_id"] for row in table(tmp_path, "stop_times.txt")] == ["upington-main", "windhoek-main"]
    assert {(row["origin_id"], row["destination_id"]) for row in table(tmp_path, "fare_rules.txt")} == {
        ("upington-main", "windhoek-main")
    }


def test_services_are_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    route = make_route()
    for number in range(12):
        for day in (day for day in range(5) if (number + 1) >> day & 1):
            make_schedule(route=route, departs=local(6 + number, day=day))

    export(tmp_path)

    for name, columns in (
        ("calendar.txt", ("service_id",)),
        ("calendar_dates.txt", ("service_id", "date")),
    ):
        keys = [tuple(row[column] for column in columns) for row in table(tmp_path, name)]
        assert keys == sorted(keys)
        assert name != "calendar.txt" or len(keys) > 9


def test_a_feed_has_no_more_fares_than_an_import_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.domain.timetable.gtfs.export.MAX_FARES", 4)
    for _line in range(2):
        make_schedule(route=make_route(), departs=local(8))

    report = export(tmp_path)

    assert (report.lines, report.fares, report.lines_without_fares) == (2, 3, 1)


def test_nothing_on_sale_makes_no_file(tmp_path: Path) -> None:
    make_schedule(departs=local(8, day=30))

    with pytest.raises(NotFound):
        export(tmp_path)

    assert list(tmp_path.iterdir()) == []
