"""Codes and flags are numbers, however a program writes them; what is none is reported."""

from pathlib import Path

import pytest

from bookings.domain.timetable.gtfs.enumerations import read_code
from bookings.domain.timetable.gtfs.reader import WEEKDAYS, Row
from bookings.models import RouteStop, Schedule, Service, Stop
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small

pytestmark = pytest.mark.django_db

ONE = ["1", " 1", "1 ", "+1", "01", "1.0", "1.", "1.000"]
UNREADABLE = ["x", "yes", "TRUE", "1.5", "-1", "9", "1,0", "1e0", "١", "1 0"]
CALENDAR = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"


@pytest.mark.parametrize("text", ONE)
@pytest.mark.parametrize(
    "column", [*WEEKDAYS, "exception_type", "location_type", "pickup_type", "drop_off_type", "payment_method"]
)
def test_one_is_one_in_any_spelling(column: str, text: str) -> None:
    assert read_code(Row(2, {column: text}), column) == 1


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("column", ["monday", "exception_type", "location_type", "pickup_type", "transfers"])
def test_what_is_no_number_of_the_format_is_never_guessed(column: str, text: str) -> None:
    with pytest.raises(ValueError, match="is not a value of the format"):
        read_code(Row(2, {column: text}), column)


@pytest.mark.parametrize("text", ONE)
def test_weekdays_in_any_spelling_run_the_same_days(tmp_path: Path, text: str) -> None:
    import_small(
        tmp_path, {"calendar.txt": f"{CALENDAR}DAILY,{text},0.0,00,+0, 0,{text},0,20261207,20261213\n"}
    )

    assert Service.objects.get().weekdays == 0b0100001


def test_the_same_feed_with_other_spellings_changes_nothing(tmp_path: Path) -> None:
    import_small(tmp_path)
    before = list(Schedule.objects.values())

    again = import_small(
        tmp_path, {"calendar.txt": GOOD["calendar.txt"].replace(",1,1,1,1,1,1,1,", ",1.0" * 7 + ",")}
    )

    assert (again.departures.new, again.withdrawal.removed) == (0, 0)
    assert list(Schedule.objects.values()) == before


@pytest.mark.parametrize("text", ["x", "2", ""])
def test_a_weekday_that_cannot_be_read_leaves_the_service_out_and_is_reported(
    tmp_path: Path, text: str
) -> None:
    rows = {
        "calendar.txt": GOOD["calendar.txt"] + f"ODD,{text},1,1,1,1,1,1,20261207,20261213\n",
        "trips.txt": GOOD["trips.txt"] + "R1,ODD,T2\n",
    }

    report = import_small(tmp_path, rows)

    assert report.problems.lines == [
        f"calendar.txt:3: monday “{text}” is not a value of the format",
        "trips.txt:3: trip T2: service ODD is not in the feed",
    ]


@pytest.mark.parametrize("text", ["1", "1.0", "+1"])
def test_pickup_and_drop_off_in_any_spelling_forbid_the_same(tmp_path: Path, text: str) -> None:
    header, first, middle, last, _end = GOOD["stop_times.txt"].split("\n")
    rows = [f"{header},pickup_type,drop_off_type", f"{first},0,0", f"{middle},{text},{text}", f"{last},0.0,0"]

    report = import_small(tmp_path, {"stop_times.txt": "\n".join(rows)})

    assert list(RouteStop.objects.order_by("position").values_list("may_board", "may_alight")) == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert report.problems.count == 0


def test_where_nobody_can_read_who_may_get_on_nobody_does(tmp_path: Path) -> None:
    header, first, middle, last, _end = GOOD["stop_times.txt"].split("\n")
    rows = [f"{header},pickup_type,drop_off_type", f"{first},,", f"{middle},never,0", f"{last},,"]

    report = import_small(tmp_path, {"stop_times.txt": "\n".join(rows)})

    assert list(RouteStop.objects.order_by("position").values_list("may_board", "may_alight"))[1] == (
        False,
        True,
    )
    assert report.problems.lines == ["stop_times.txt:3: pickup_type “never” is not a value of the format"]


@pytest.mark.parametrize("text", ["1", "1.0", " 1", "+1"])
def test_a_station_is_a_station_in_any_spelling(tmp_path: Path, text: str) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        f"S,Grand Station,-26.2,28.05,{text},\nA,Bay 1,-26.2,28.05,0.0,S\nE,Gate,-26.2,28.05,2.0,S\n"
        "B,Bergdal,-29.12,26.22,,\nC,Cilliers,-33.92,18.42,,\n"
    )

    report = import_small(tmp_path, {"stops.txt": stops})

    assert sorted(Stop.objects.values_list("source_id", flat=True)) == ["A", "B", "C"]
    assert Stop.objects.get(source_id="A").city.name == "Grand Station"
    assert report.problems.count == 0


@pytest.mark.parametrize("text", ["2", "2.0", "+2"])
def test_an_exception_in_any_spelling_takes_the_day_out(tmp_path: Path, text: str) -> None:
    import_small(
        tmp_path,
        {"calendar_dates.txt": f"service_id,date,exception_type\nDAILY,20261207,{text}\n"},
        last=None,
    )

    assert Schedule.objects.count() == 6


@pytest.mark.parametrize("text", ["3", "3.0", "+3", "200", "702.0", "11", ""])
def test_a_coach_line_is_one_in_any_spelling(tmp_path: Path, text: str) -> None:
    import_small(tmp_path, {"routes.txt": GOOD["routes.txt"].replace(",3\n", f",{text}\n")})

    assert Schedule.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "column", "rows"),
    [
        ("stop_times.txt", "timepoint", 3),
        ("trips.txt", "wheelchair_accessible", 1),
        ("stops.txt", "wheelchair_boarding", 3),
    ],
)
def test_flags_that_change_no_sale_are_reported_and_their_rows_read(
    tmp_path: Path, file: str, column: str, rows: int
) -> None:
    header, *lines = GOOD[file].splitlines()

    report = import_small(
        tmp_path, {file: "\n".join([f"{header},{column}", *(f"{line},often" for line in lines)])}
    )

    assert report.problems.by_file == {file: rows}
    assert RouteStop.objects.count() == 3
