"""One small feed for each oddity of real ones."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bookings.domain.timetable.gtfs.problems import FeedRefused
from bookings.models import Line, Route, RouteStop, Schedule, Service, ServiceException, Stop
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, MONDAY, import_small

pytestmark = pytest.mark.django_db

TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence"


def calls(route: Route | None = None) -> list[tuple[str, int, int]]:
    rows = RouteStop.objects.filter(route=route or Route.objects.get()).order_by("position")
    return [(row.stop.source_id, row.arrive_min, row.depart_min) for row in rows.select_related("stop")]


def departures() -> list[datetime]:
    return list(Schedule.objects.order_by("departure_time").values_list("departure_time", flat=True))


def test_a_plain_feed_becomes_our_rows(tmp_path: Path) -> None:
    report = import_small(tmp_path)

    line, route, service, schedule = (
        Line.objects.get(),
        Route.objects.get(),
        Service.objects.get(),
        Schedule.objects.get(),
    )
    assert (line.source_id, line.code, line.name) == ("R1", "10", "Aandster to Cilliers")
    assert (route.name, route.origin.slug, route.destination.slug, route.line) == (
        "Aandster – Cilliers",
        "aandster",
        "cilliers",
        line,
    )
    assert route.duration_hours == Decimal("15.00")
    assert 1300 < route.distance_km < 1700
    assert calls() == [("A", 0, 0), ("B", 240, 255), ("C", 900, 900)]
    flags = list(RouteStop.objects.order_by("position").values_list("may_board", "may_alight"))
    assert flags == [(True, False), (True, True), (False, True)]
    assert (service.source_id, service.departs_min, service.time_zone) == ("T1:0", 480, "Africa/Johannesburg")
    assert (schedule.source, schedule.source_id) == ("small", "T1:2026-12-07:0")
    assert (schedule.departure_time, schedule.available_seats) == (datetime(2026, 12, 7, 6, tzinfo=UTC), 48)
    assert list(Stop.objects.order_by("code").values_list("code", flat=True)) == [
        "small-a",
        "small-b",
        "small-c",
    ]
    assert (report.problems.count, report.departures.new) == (0, 1)


def test_times_are_read_in_the_agencys_zone_and_shown_in_the_stops(tmp_path: Path) -> None:
    import_small(
        tmp_path,
        {
            "agency.txt": GOOD["agency.txt"].replace("Africa/Johannesburg", "Europe/Berlin"),
            "stops.txt": (
                "stop_id,stop_name,stop_lat,stop_lon,stop_timezone\nA,Aachen,50.8,6.1,\n"
                "B,Bern,46.9,7.4,\nC,London,51.5,-0.1,Europe/London\n"
            ),
        },
    )

    assert departures() == [datetime(2026, 12, 7, 7, tzinfo=UTC)]
    assert dict(Stop.objects.values_list("source_id", "time_zone")) == {
        "A": "Europe/Berlin",
        "B": "Europe/Berlin",
        "C": "Europe/London",
    }


def test_an_unknown_zone_of_a_stop_is_reported_and_the_agencys_holds(tmp_path: Path) -> None:
    report = import_small(
        tmp_path,
        {
            "stops.txt": (
                "stop_id,stop_name,stop_lat,stop_lon,stop_timezone\nA,A,1,1,Moon\nB,B,1,2,\nC,C,1,3,\n"
            )
        },
    )

    assert Stop.objects.get(source_id="A").time_zone == "Africa/Johannesburg"
    assert report.problems.lines == ["stops.txt:2: unknown time zone “Moon”; the agency's is used"]


def test_a_feed_without_a_known_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedRefused, match="no known time zone"):
        import_small(tmp_path, {"agency.txt": "agency_id,agency_timezone\nF,Moon/Base\n"})


def test_times_past_midnight_stay_with_their_service_day(tmp_path: Path) -> None:
    import_small(
        tmp_path, {"stop_times.txt": f"{TIMES}\nT1,25:10:00,25:10:00,A,1\nT1,41:10:00,41:10:00,C,2\n"}
    )

    assert departures() == [datetime(2026, 12, 7, 23, 10, tzinfo=UTC)]
    assert Schedule.objects.get().service_date == MONDAY
    assert calls() == [("A", 0, 0), ("C", 960, 960)]


def test_a_night_trip_over_the_change_of_clocks_keeps_its_minutes(tmp_path: Path) -> None:
    day = date(2026, 3, 28)  # clocks go on at 02:00 of the 29th

    import_small(
        tmp_path,
        {
            "agency.txt": GOOD["agency.txt"].replace("Africa/Johannesburg", "Europe/Berlin"),
            "calendar.txt": GOOD["calendar.txt"].replace("20261207,20261213", "20260328,20260329"),
            "stop_times.txt": f"{TIMES}\nT1,23:00:00,23:00:00,A,1\nT1,28:00:00,28:00:00,C,2\n",
        },
        first=day,
        last=date(2026, 3, 29),
    )

    # On the 29th 23:00 is counted from noon minus 12 hours, which is 23:00 by the clock of the 28th.
    assert departures() == [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 21, tzinfo=UTC)]
    assert calls()[-1] == ("C", 300, 300)


@pytest.mark.parametrize("text", ["6:05:00", "06:05:00", "06:05:59", "6:5:0", " 06:05:00 "])
def test_times_are_read_with_and_without_leading_zeros(tmp_path: Path, text: str) -> None:
    import_small(tmp_path, {"stop_times.txt": f"{TIMES}\nT1,{text},{text},A,1\nT1,9:00:00,9:00:00,C,2"})

    assert departures() == [datetime(2026, 12, 7, 4, 5, tzinfo=UTC)]


def test_stops_without_times_get_their_share_of_the_way(tmp_path: Path) -> None:
    times = f"{TIMES}\nT1,08:00:00,08:00:00,A,1\nT1,,,B,2\nT1,,,A,3\nT1,11:00:00,,C,4\n"

    import_small(tmp_path, {"stop_times.txt": times})

    assert calls() == [("A", 0, 0), ("B", 60, 60), ("A", 120, 120), ("C", 180, 180)]


def test_the_arrival_at_the_first_stop_and_the_departure_from_the_last_do_not_count(tmp_path: Path) -> None:
    times = f"{TIMES}\nT1,240:00:00,08:00:00,A,1\nT1,09:00:00,01:00:00,C,2\n"

    import_small(tmp_path, {"stop_times.txt": times})

    assert calls() == [("A", 0, 0), ("C", 60, 60)]


def test_calls_are_put_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    times = f"{TIMES}\nT1,23:00:00,23:00:00,C,30\nT1,08:00:00,08:00:00,A,5\nT1,12:00:00,12:00:00,B,7\n"

    import_small(tmp_path, {"stop_times.txt": times})

    assert [stop for stop, _arrive, _depart in calls()] == ["A", "B", "C"]


def test_a_trip_that_calls_twice_at_a_stop_keeps_both_calls(tmp_path: Path) -> None:
    times = (
        f"{TIMES}\nT1,08:00:00,08:00:00,A,1\nT1,09:00:00,09:00:00,B,2\nT1,09:30:00,09:30:00,C,3\n"
        "T1,10:00:00,10:00:00,B,4\n"
    )

    import_small(tmp_path, {"stop_times.txt": times})

    assert [stop for stop, _arrive, _depart in calls()] == ["A", "B", "C", "B"]


def test_a_circular_trip_of_no_distance_and_no_time_obeys_the_constraints(tmp_path: Path) -> None:
    import_small(
        tmp_path, {"stop_times.txt": f"{TIMES}\nT1,08:00:00,08:00:00,A,1\nT1,08:00:00,08:00:00,A,2\n"}
    )

    route = Route.objects.get()
    assert (route.distance_km, route.duration_hours) == (Decimal("0.10"), Decimal("0.02"))
    assert route.origin == route.destination


def test_only_type_1_forbids_boarding_and_leaving(tmp_path: Path) -> None:
    rows = [
        "T1,08:00:00,08:00:00,A,1,0,0",
        "T1,09:00:00,09:00:00,B,2,1,0",
        "T1,10:00:00,10:00:00,B,3,2,1",
        "T1,11:00:00,11:00:00,C,4,,3",
    ]

    import_small(tmp_path, {"stop_times.txt": "\n".join([f"{TIMES},pickup_type,drop_off_type", *rows])})

    flags = list(RouteStop.objects.order_by("position").values_list("may_board", "may_alight"))
    assert flags == [(True, False), (False, True), (True, False), (False, True)]


def test_an_unknown_stop_is_reported_and_the_trip_goes_on(tmp_path: Path) -> None:
    report = import_small(tmp_path, {"stop_times.txt": GOOD["stop_times.txt"].replace(",B,", ",73,")})

    assert report.problems.lines == [
        "stop_times.txt:3: stop 73 is not in the feed; trip T1 goes on without it"
    ]
    assert calls() == [("A", 0, 0), ("C", 900, 900)]


def test_frequencies_repeat_a_trip_up_to_but_not_at_their_end(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\nT1,6:00:00,8:00:00,3600\nT1,22:00:00,23:59:59,5400\n"

    import_small(tmp_path, {"frequencies.txt": rows})

    assert dict(Service.objects.values_list("source_id", "departs_min")) == {
        "T1:1": 360,
        "T1:2": 420,
        "T1:3": 1320,
        "T1:4": 1410,
    }
    assert Route.objects.count() == 1
    assert sorted(Schedule.objects.values_list("source_id", flat=True)) == [
        f"T1:2026-12-07:{number}" for number in (1, 2, 3, 4)
    ]


def test_two_trips_at_one_minute_are_two_coaches_of_one_route(tmp_path: Path) -> None:
    again = GOOD["stop_times.txt"].partition("\n")[2].replace("T1", "T2")

    import_small(
        tmp_path,
        {"trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n", "stop_times.txt": GOOD["stop_times.txt"] + again},
        accept={"doubles"},
    )

    assert Route.objects.count() == 1
    assert list(Schedule.objects.order_by("coach").values_list("coach", "source_id")) == [
        (1, "T1:2026-12-07:0"),
        (2, "T2:2026-12-07:0"),
    ]


def test_another_timing_is_another_route_of_the_line(tmp_path: Path) -> None:
    again = GOOD["stop_times.txt"].partition("\n")[2].replace("T1", "T2").replace("23:00:00", "22:30:00")

    import_small(
        tmp_path,
        {"trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n", "stop_times.txt": GOOD["stop_times.txt"] + again},
    )

    assert Route.objects.count() == 2
    assert Line.objects.get().routes.count() == 2


def test_calendar_dates_add_and_remove_days(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nDAILY,20261208,2\nDAILY,20261215,1\nDAILY,20261209,1\n"

    import_small(tmp_path, {"calendar_dates.txt": dates}, first=MONDAY, last=date(2026, 12, 20))

    assert [row.service_date.day for row in Schedule.objects.order_by("service_date")] == [
        7,
        9,
        10,
        11,
        12,
        13,
        15,
    ]
    assert ServiceException.objects.count() == 2  # the 9th is a day of the calendar anyway


@pytest.mark.parametrize("calendar", [None, "", "\n"])
def test_an_empty_calendar_is_as_good_as_none(tmp_path: Path, calendar: str | None) -> None:
    dates = "service_id,date,exception_type\nDAILY,20261207,1\n"

    import_small(tmp_path, {"calendar.txt": calendar, "calendar_dates.txt": dates})

    assert Schedule.objects.count() == 1


def test_calendar_dates_alone_say_when_a_service_runs(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nDAILY,20280229,1\nDAILY,20280302,1\n"

    import_small(
        tmp_path,
        {"calendar.txt": None, "calendar_dates.txt": dates},
        first=date(2028, 2, 28),
        last=date(2028, 3, 5),
    )

    assert [row.service_date for row in Schedule.objects.order_by("service_date")] == [
        date(2028, 2, 29),
        date(2028, 3, 2),
    ]


@pytest.mark.parametrize(
    ("file", "row", "said"),
    [
        ("stops.txt", "A,Again,1,1", "stops.txt:5: stop A is listed twice; the first is used"),
        ("stops.txt", ",Nameless,1,1", "stops.txt:5: the id is missing or too long"),
        ("stops.txt", "D,Dune,95,400", "stops.txt:5: “95, 400” is not a usable position"),
        ("stops.txt", "D,Dune,x,y", "stops.txt:5: “x, y” is not a usable position"),
        ("stops.txt", "D,Null Island,0,0", "stops.txt:5: “0, 0” is not a usable position"),
        ("stops.txt", "D,,1,1", "stops.txt:5: stop D has no name; its id is shown"),
        ("routes.txt", "R1,F,11,Again,3", "routes.txt:3: route R1 is listed twice; the first is used"),
        ("routes.txt", "R2,F,Train,Blue,2", "routes.txt:3: route R2 is no coach line (route_type 2)"),
        ("trips.txt", "R9,DAILY,T9", "trips.txt:3: trip T9: route R9 is not in the feed"),
        ("trips.txt", "R1,NEVER,T9", "trips.txt:3: trip T9: service NEVER is not in the feed"),
        ("trips.txt", "R1,DAILY,T1", "trips.txt:3: trip T1 is listed twice; the first is used"),
        ("trips.txt", "R1,DAILY,T9", "trips.txt:3: trip T9 has fewer than two calls that can be read"),
        ("stop_times.txt", "T9,08:00:00,08:00:00,A,1", "stop_times.txt:5: trip T9 is not there"),
        ("stop_times.txt", "T1,noon,noon,A,2", "stop_times.txt:5: “noon” is not a time"),
        ("stop_times.txt", "T1,08:61:00,08:61:00,A,2", "stop_times.txt:5: “08:61:00” is not a time"),
        (
            "stop_times.txt",
            "T1,23:30:00,23:30:00,A,nine",
            "stop_times.txt:5: “nine” is not a number in the allowed range",
        ),
        ("calendar.txt", "X,1,1,1,1,1,1,1,20261301,20261302", "calendar.txt:3: “20261301” is not a date"),
        (
            "calendar.txt",
            "X,1,1,1,1,1,1,1,20261231,20261201",
            "calendar.txt:3: service X ends before it starts",
        ),
    ],
)
def test_bad_rows_are_reported_with_file_and_line_and_left_out(
    tmp_path: Path, file: str, row: str, said: str
) -> None:
    report = import_small(tmp_path, {file: f"{GOOD[file]}{row}\n"})

    assert report.problems.lines == [said]
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"stop_times.txt": GOOD["stop_times.txt"].replace("12:00:00,12:15:00", "07:00:00,07:15:00")},
            "trip T1 goes back in time",
        ),
        (
            {"stop_times.txt": GOOD["stop_times.txt"].replace("C,3", "C,2")},
            "trip T1 has stop_sequence 2 twice",
        ),
        (
            {"stop_times.txt": f"{TIMES}\nT1,,,A,1\nT1,09:00:00,09:00:00,C,2\n"},
            "trip T1 does not say when it starts or ends",
        ),
        ({"stop_times.txt": TIMES}, "trip T1 has fewer than two calls"),
    ],
)
def test_a_feed_without_any_trip_that_can_run_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(FeedRefused) as refused:
        import_small(tmp_path, changes)

    assert refused.value.message.startswith("The feed has no trip that can be read.")
    assert said in refused.value.message
    assert not Stop.objects.exists()


@pytest.mark.parametrize(("unit", "used"), [(1, True), (1000, True), (1 / 1.609, False), (-1, False)])
def test_travelled_distances_count_where_their_unit_is_plain(tmp_path: Path, unit: float, used: bool) -> None:
    kms = (0, 500, 1600) if unit > 0 else (1600, 500, 0)
    rows = [
        f"{row},{km * abs(unit)}"
        for row, km in zip(GOOD["stop_times.txt"].splitlines()[1:], kms, strict=True)
    ]

    import_small(tmp_path, {"stop_times.txt": "\n".join([f"{TIMES},shape_dist_traveled", *rows])})

    kms = list(RouteStop.objects.order_by("position").values_list("km", flat=True))
    assert (kms == [0, 500, 1600]) is used
    assert kms == sorted(kms)
    assert Route.objects.get().distance_km == kms[-1] > 0


def test_stops_without_a_place_on_the_map_are_measured_by_time(tmp_path: Path) -> None:
    import_small(tmp_path, {"stops.txt": "stop_id,stop_name\nA,Aandster\nB,Bergdal\nC,Cilliers\n"})

    assert list(RouteStop.objects.order_by("position").values_list("km", flat=True)) == [0, 240, 885]
