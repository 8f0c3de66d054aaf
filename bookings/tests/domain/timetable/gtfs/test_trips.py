"""Trips that are left out rather than sold wrongly, and what their lines are called."""

from pathlib import Path

import pytest

from bookings.models import Line, Service
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small

pytestmark = pytest.mark.django_db

FREQUENCIES = "trip_id,start_time,end_time,headway_secs\n"
SECOND_TRIP = {
    "trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n",
    "stop_times.txt": GOOD["stop_times.txt"]
    + "T2,10:00:00,10:00:00,A,1\nT2,14:00:00,14:00:00,B,2\nT2,23:30:00,23:30:00,C,3\n",
}


@pytest.mark.parametrize(
    "row",
    [
        "T1,06:00:00,07:00:00,0",
        "T1,06:00:00,,600",
        "T1,00:00:00,200:00:00,1",
        "T1,07:00:00,06:00:00,600",
        "T1,noon,13:00:00,600",
        "T1,06:00:00,07:00:00,hourly",
    ],
)
def test_a_trip_whose_repetitions_cannot_be_read_is_left_out_and_reported(tmp_path: Path, row: str) -> None:
    report = import_small(tmp_path, SECOND_TRIP | {"frequencies.txt": FREQUENCIES + row})

    assert report.problems.by_file == {"frequencies.txt": 2}
    assert report.problems.lines[1] == (
        "frequencies.txt:2: trip T1 is left out: none of its repetitions can be read"
    )
    assert Service.objects.get().source_id == "T2:0"


def test_a_repetition_that_cannot_be_read_is_left_out_beside_others(tmp_path: Path) -> None:
    rows = "T1,06:00:00,08:00:00,3600\nT1,20:00:00,21:00:00,0\n"

    report = import_small(tmp_path, {"frequencies.txt": FREQUENCIES + rows})

    assert report.problems.count == 1
    assert sorted(Service.objects.values_list("departs_min", flat=True)) == [360, 420]


def test_repetitions_of_an_unknown_trip_are_reported(tmp_path: Path) -> None:
    report = import_small(tmp_path, {"frequencies.txt": FREQUENCIES + "T9,06:00:00,07:00:00,600"})

    assert report.problems.lines == ["frequencies.txt:2: trip T9 is not there"]
    assert Service.objects.get().source_id == "T1:0"


@pytest.mark.parametrize("before", ["T1,08:00:00,08:00:00,A", "T1,23:00:00,23:00:00,C"])
@pytest.mark.parametrize("time", ["noon", "8h00", "08:61:00"])
def test_a_trip_without_a_readable_time_at_an_end_is_left_out_and_reported(
    tmp_path: Path, before: str, time: str
) -> None:
    calls = SECOND_TRIP["stop_times.txt"].replace(before, f"T1,{time},{time},{before[-1]}")

    report = import_small(tmp_path, SECOND_TRIP | {"stop_times.txt": calls})

    assert report.problems.by_file == {"stop_times.txt": 1, "trips.txt": 1}
    assert "trips.txt:2: trip T1 does not say when it starts or ends" in report.problems.lines
    assert Service.objects.get().source_id == "T2:0"


@pytest.mark.parametrize(
    ("names", "code", "name"),
    [
        ("10,Aandster to Cilliers", "10", "Aandster to Cilliers"),
        ("10,", "10", "10"),
        (",Star", "R1", "Star"),
        (",", "R1", "Aandster – Cilliers"),
    ],
)
def test_a_line_has_a_name_for_passengers(tmp_path: Path, names: str, code: str, name: str) -> None:
    import_small(tmp_path, {"routes.txt": GOOD["routes.txt"].replace("10,Aandster to Cilliers", names)})

    assert (Line.objects.get().code, Line.objects.get().name) == (code, name)


def test_an_id_made_for_programs_is_shown_to_nobody(tmp_path: Path) -> None:
    route_id = "8f14e45f-ceea-467f-9575-6cf3d2b1a1aa"
    header = GOOD["routes.txt"].splitlines()[0]

    import_small(
        tmp_path,
        {
            "routes.txt": f"{header}\n{route_id},F,,,3\n",
            "trips.txt": GOOD["trips.txt"].replace("R1", route_id),
        },
    )

    line = Line.objects.get()
    assert (line.source_id, line.code, line.name) == (route_id, "Aandster – Cilliers", "Aandster – Cilliers")


def test_other_kinds_of_lines_are_taken_on_request(tmp_path: Path) -> None:
    lines = {
        "routes.txt": GOOD["routes.txt"] + "R2,F,Train,Blue,2\nR3,F,Fast,Red,101\nR4,F,Ferry,Sea,4\n",
        "trips.txt": GOOD["trips.txt"] + "R2,DAILY,T2\nR3,DAILY,T3\nR4,DAILY,T4\n",
        "stop_times.txt": GOOD["stop_times.txt"]
        + "".join(GOOD["stop_times.txt"].partition("\n")[2].replace("T1", f"T{n}") for n in (2, 3, 4)),
    }

    report = import_small(tmp_path, lines, route_types=(range(2, 3), range(100, 200)))

    assert sorted(Line.objects.values_list("code", flat=True)) == ["Fast", "Train"]
    assert report.problems.by_file == {"routes.txt": 2, "trips.txt": 2}
