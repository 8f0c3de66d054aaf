"""The inputs with which the faults were seen, found beside the real timetables (FALCON_FEEDS)."""

import os
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking, City, Fare, Line, Schedule, Service, StaffTask
from bookings.tests.domain.timetable.gtfs.test_importing import on_sale, sell

CASES = Path(os.environ.get("FALCON_FEEDS") or "/nonexistent").parent / "cases"

pytestmark = [
    pytest.mark.feeds,
    pytest.mark.django_db,
    pytest.mark.skipif(not CASES.is_dir(), reason="FALCON_FEEDS does not lie beside the cases"),
]


def run(case: str, *options: str, source: str = "case") -> str:
    """The command on a zip of the cases. Its dates may have passed when this runs."""
    (path,) = CASES.glob(case)
    out = StringIO()
    call_command(
        "import_gtfs", str(path), "--source", source, "--accept", ",".join(["past", *options]), stdout=out
    )
    return out.getvalue()


def refusal(case: str, *options: str, source: str = "case") -> str:
    with pytest.raises(CommandError) as refused:
        run(case, *options, source=source)
    return str(refused.value)


@pytest.mark.parametrize("case", ["01*/second.zip", "01*/third-stop-id.zip"])
def test_a_sold_departure_is_never_on_sale_beside_its_double(case: str) -> None:
    run("01*/first.zip")
    sold = Schedule.objects.order_by("departure_time")[0]
    sell(sold)

    run(case)
    run(case)

    assert Booking.objects.get().schedule == sold
    assert len(on_sale()) == len(set(on_sale())) == 7
    assert not StaffTask.objects.exists()


def test_the_same_feed_under_another_name_is_asked_about() -> None:
    run("02*/feed.zip", source="")

    assert "same-feed" in refusal("02*/feed (1).zip", source="")
    assert Schedule.objects.count() == 7


def test_weekdays_as_floats_withdraw_nothing() -> None:
    run("03*/first.zip")
    before = list(Schedule.objects.values())

    run("03*/floats.zip")

    assert list(Schedule.objects.values()) == before


def test_a_fare_of_zero_is_not_taken_without_a_word() -> None:
    assert "free: 3 of 3 fares are R0" in refusal("06*/*.zip")
    assert not Fare.objects.exists()


def test_a_template_trip_is_not_sold_at_midnight() -> None:
    assert "none of its repetitions can be read" in refusal("08*/*.zip")
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("case", ["10*/*.zip", "11*/*.zip", "20*/*.zip"])
def test_a_zip_is_read_however_it_was_packed(case: str) -> None:
    run(case)

    assert Schedule.objects.count() == 7


def test_quotes_after_a_blank_stay_out_of_names() -> None:
    run("12*/*.zip")

    assert sorted(City.objects.values_list("name", flat=True)) == [
        "Spq, Station East",
        "Spqergdal",
        "Spqilliers",
    ]


def test_a_feed_of_the_past_is_asked_about() -> None:
    with pytest.raises(CommandError, match="past: All 366 departures are in the past"):
        call_command("import_gtfs", str(next(CASES.glob("14*/*.zip"))))
    assert not Service.objects.exists()


def test_a_line_without_names_is_called_by_its_ends() -> None:
    run("17*/*.zip")

    assert list(Line.objects.values_list("code", "name")) == [
        ("Nrnanster – Nrnilliers", "Nrnanster – Nrnilliers")
    ]


def test_fares_of_the_newer_kind_are_read() -> None:
    run("15*/*.zip")

    assert set(Fare.objects.values_list("amount", flat=True)) == {Decimal(450)}


def test_the_map_and_not_the_clock_decides_which_papers() -> None:
    run("18*/*.zip")

    assert dict(City.objects.values_list("name", "country")) == {
        "Znoanster": "ZA",
        "Znoergdal": "ZA",
        "Znomaputo": "MZ",
    }
