from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Schedule
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, write_feed

pytestmark = pytest.mark.django_db


def run(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("import_gtfs", str(path), *options, stdout=out)
    return out.getvalue()


def test_the_command_reports_what_it_did(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {"stop_times.txt": GOOD["stop_times.txt"].replace(",B,", ",73,")})

    said = run(path, "--from", "2026-12-07", "--to", "2026-12-08", "--shift-to", "2027-01-01")

    assert said == (
        "small: service days 2026-12-07 to 2026-12-08 (2), moved by 4 weeks to 2027-01-04\n"
        "  cities             3 new         0 changed         0 as before\n"
        "  stops              3 new         0 changed         0 as before\n"
        "  lines              1 new         0 changed         0 as before\n"
        "  routes             1 new         0 changed         0 as before\n"
        "  services           1 new         0 changed         0 as before\n"
        "  departures         2 new         0 removed         0 as before\n"
        "There were no passenger types: adults, children at half price and infants on laps without charge "
        "were added. "
        "Edit them in the admin.\n"
        "There was no fare class: “Standard” with its refund terms was added. Edit them in the admin.\n"
        "Left out or read otherwise (1):\n"
        "  stop_times.txt:3: stop 73 is not in the feed; trip T1 goes on without it\n"
    )


def test_a_dry_run_says_so(tmp_path: Path) -> None:
    said = run(write_feed(tmp_path), "--dry-run", "--source", "Trial Run", "--price-per-km", "0.8")

    assert said.startswith("trial-run: service days 2026-12-07 to 2026-12-13 (7)\n")
    assert said.endswith("Dry run: nothing was changed.\n")
    assert not Schedule.objects.exists()


def test_long_lists_of_problems_are_cut_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"X{number},08:00:00,08:00:00,A,1\n" for number in range(250))

    said = run(write_feed(tmp_path, {"stop_times.txt": GOOD["stop_times.txt"] + rows}))

    assert "Left out or read otherwise (250):\n" in said
    assert said.endswith("  … and 50 more\n")


@pytest.mark.parametrize(
    "options",
    [
        ["--from", "yesterday"],
        ["--to", "2026-02-30"],
        ["--price-per-km", "nan"],
        ["--price-per-km", "-1"],
        ["--layout", "x"],
        ["--from", "0001-01-01"],
    ],
)
def test_options_that_make_no_sense_are_refused_in_words(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        run(write_feed(tmp_path), *options)

    assert str(refused.value)
    assert not Schedule.objects.exists()


def test_a_broken_file_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"no zip")

    with pytest.raises(CommandError, match="is not a readable zip file"):
        run(path)
