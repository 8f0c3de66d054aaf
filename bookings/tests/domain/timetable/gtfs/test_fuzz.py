"""Whatever stands in a cell: the feed is imported or refused in words, and never a crash."""

import tempfile
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.domain.timetable.gtfs.problems import FeedRefused
from bookings.domain.timetable.gtfs.questions import ConsentNeeded
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small

ODD = [
    "",
    "0",
    "-1",
    "1e400",
    "nan",
    "99999999999",
    "99991231",
    "00010101",
    "240:00:00",
    "999:59:59",
    "Ǆ" * 300,
    "ﷺ" * 200,
    "\0",
    "\ufffd",
    '"',
    ",",
]
EXTRA = {
    "calendar_dates.txt": "service_id,date,exception_type\nDAILY,20261208,2\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT1,08:00:00,10:00:00,3600\n",
    "fare_attributes.txt": "fare_id,price,currency_type\np,10,ZAR\n",
    "fare_rules.txt": "fare_id,route_id,origin_id\np,R1,\n",
}


@st.composite
def damage(draw: st.DrawFn) -> tuple[str, str]:
    """One cell of one file, replaced."""
    files = GOOD | EXTRA
    name = draw(st.sampled_from(sorted(files)))
    rows = [line.split(",") for line in files[name].splitlines()]
    row = draw(st.integers(0, len(rows) - 1))
    column = draw(st.integers(0, len(rows[row]) - 1))
    rows[row][column] = draw(
        st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    )
    return name, "\n".join(",".join(cells) for cells in rows)


def outcome(folder: Path, files: dict[str, str]) -> str | int:
    try:
        return import_small(folder, files).written.counts["services"].new
    except (FeedRefused, ConsentNeeded) as refused:
        return refused.message


@pytest.mark.database
@pytest.mark.django_db
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(damage())
def test_a_damaged_cell_never_breaks_the_import(damaged: tuple[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        said = outcome(Path(folder), EXTRA | dict([damaged]))
        transaction.set_rollback(True)

    assert said
