"""Feeds that are refused as a whole, and text that is read however it is written."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookings.domain.timetable.gtfs import reader
from bookings.domain.timetable.gtfs.problems import FeedRefused
from bookings.domain.timetable.gtfs.reader import MAX_UNPACKED_BYTES, Feed
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, write_feed


def rows(path: Path, name: str = "stops.txt") -> list[tuple[int, dict[str, str]]]:
    with Feed(path) as feed:
        return [(row.line, row.cells) for row in feed.rows(name)]


def refusal(path: Path, name: str = "stops.txt") -> str:
    with pytest.raises(FeedRefused) as refused:
        rows(path, name)
    return refused.value.message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.zip") == f"There is no file {tmp_path / 'nowhere.zip'}."


@pytest.mark.parametrize("content", [b"", b"stop_id,stop_name\n", b"PK\x03\x04 torn"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "torn.zip"
    path.write_bytes(content)

    assert refusal(path) == f"{path} is not a readable zip file."


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is not a readable zip file."


def test_a_torn_zip_is_refused(tmp_path: Path) -> None:
    path = write_feed(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])

    assert refusal(path) == f"{path} is not a readable zip file."


def test_a_zip_whose_content_is_damaged_is_refused(tmp_path: Path) -> None:
    path = write_feed(tmp_path)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("stops.txt")
    raw = bytearray(path.read_bytes())
    start = entry.header_offset + 30 + len("stops.txt")
    raw[start : start + 20] = b"\xff" * 20
    path.write_bytes(raw)

    assert refusal(path) == "The zip file is broken: stops.txt cannot be unpacked."


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"stops.txt": None}, "stops.txt"),
        ({"agency.txt": None, "trips.txt": None}, "agency.txt, trips.txt"),
        ({"calendar.txt": None}, "calendar.txt"),
    ],
)
def test_a_feed_without_a_needed_file_is_refused(
    tmp_path: Path, changes: dict[str, Any], missing: str
) -> None:
    assert refusal(write_feed(tmp_path, changes)) == f"The feed has no {missing}."


def test_calendar_dates_alone_are_enough(tmp_path: Path) -> None:
    path = write_feed(
        tmp_path, {"calendar.txt": None, "calendar_dates.txt": "service_id,date,exception_type\n"}
    )

    assert len(rows(path)) == 3


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("stop_times.txt", "w", force_zip64=True) as bomb,
    ):
        for _chunk in range(MAX_UNPACKED_BYTES // 10_000_000 + 1):
            bomb.write(bytes(10_000_000))

    message = refusal(path)

    assert path.stat().st_size < 1_000_000
    assert message == "The feed is too large: 210,000,000 bytes when unpacked, at most 200,000,000 are read."


def test_a_file_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_feed(tmp_path)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("stops.txt").file_size
    assert raw.count(size.to_bytes(4, "little")) >= 2  # in the file's own header and in the directory
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (20).to_bytes(4, "little")))

    assert refusal(path) in {
        "The zip file is broken: stops.txt cannot be unpacked.",
        "stops.txt has no column stop_id.",
    }


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {f"extra-{number}.txt": "" for number in range(reader.MAX_FILES)})

    assert refusal(path).startswith("The zip has 206 files")


@pytest.mark.parametrize("name", ["stops.txt", "agency.txt"])
def test_text_that_is_not_utf8_is_refused(tmp_path: Path, name: str) -> None:
    path = write_feed(tmp_path, {name: GOOD[name].replace("A", "Ä").encode("latin-1")})

    assert refusal(path, name) == f"{name} is not UTF-8 text."


@pytest.mark.parametrize("content", ["", "\n", "name,lat\nA,1\n"])
def test_a_file_without_its_columns_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(write_feed(tmp_path, {"stops.txt": content})) == "stops.txt has no column stop_id."


def test_an_endless_field_is_refused(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {"stops.txt": f'stop_id,stop_name\nA,"{"x" * 200_000}"\n'})

    assert refusal(path).startswith("stops.txt is not a readable table")


PLAIN = [(2, {"stop_id": "A", "stop_name": "Aandster"}), (3, {"stop_id": "B", "stop_name": "Bergdal"})]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("stop_id,", " Stop_ID ,"),
        lambda text: text.replace("Bergdal", '"Bergdal"'),
        lambda text: text + "\n\n",
        lambda text: text.replace("Bergdal", "Berg\0dal"),
    ],
    ids=[
        "plain",
        "byte-order mark",
        "no last line break",
        "windows",
        "header with blanks",
        "quotes",
        "blank lines",
        "NUL",
    ],
)
def test_the_same_table_is_read_however_it_is_written(tmp_path: Path, change: Callable[[str], str]) -> None:
    path = write_feed(tmp_path, {"stops.txt": change("stop_id,stop_name\nA,Aandster\nB,Bergdal\n")})

    assert rows(path) == PLAIN


def test_short_rows_long_rows_and_unknown_columns_are_read(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {"stops.txt": "stop_id,mood,stop_name\nA\nB,glad,Bergdal,more\n"})

    with Feed(path) as feed:
        found = [(row["stop_id"], row["stop_name"], row["stop_lat"]) for row in feed.rows("stops.txt")]

    assert found == [("A", "", ""), ("B", "Bergdal", "")]


@pytest.mark.parametrize("text", ["A, Aandster", 'A, "Aandster"', 'A,  "Aandster" ', '"A" , "Aandster"'])
def test_quotes_after_a_blank_are_not_part_of_a_name(tmp_path: Path, text: str) -> None:
    path = write_feed(tmp_path, {"stops.txt": f"stop_id, stop_name\n{text}\n"})

    with Feed(path) as feed:
        assert [(row["stop_id"], row["stop_name"]) for row in feed.rows("stops.txt")] == [("A", "Aandster")]


def test_a_comma_inside_quotes_after_a_blank_parts_nothing(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {"stops.txt": 'stop_id, stop_name, stop_lat\nA, "Station, East", -26.2\n'})

    with Feed(path) as feed:
        assert [(row["stop_name"], row["stop_lat"]) for row in feed.rows("stops.txt")] == [
            ("Station, East", "-26.2")
        ]


@pytest.mark.parametrize(
    "name",
    ["frequencies.txt", "calendar_dates.txt", "fare_attributes.txt", "fare_rules.txt", "feed_info.txt"],
)
@pytest.mark.parametrize("content", ["", "\ufeff", "\n", "\r\n"])
def test_an_optional_file_without_content_is_as_good_as_none(tmp_path: Path, name: str, content: str) -> None:
    assert rows(write_feed(tmp_path, {name: content}), name) == []


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: f"export\\{name}",
        lambda name: f"a\\b\\{name}",
        lambda name: f"export/{name}",
        lambda name: name.upper(),
        lambda name: name.title(),
        lambda name: f"Feed/{name.upper()}",
    ],
    ids=["backslashes", "two folders", "folder", "upper case", "capitals", "folder and upper case"],
)
def test_the_files_are_found_however_a_program_names_them(
    tmp_path: Path, rename: Callable[[str], str]
) -> None:
    path = tmp_path / "named.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in GOOD.items():
            archive.writestr(rename(name), text)

    assert len(rows(path)) == 3


def test_files_of_two_folders_are_never_mixed(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in GOOD.items():
            archive.writestr(f"north/{name}", text)
            archive.writestr(f"south/{name}", text.replace("Aandster", "Zand"))
        archive.writestr("south/frequencies.txt", "trip_id,start_time,end_time,headway_secs\n")

    with Feed(path) as feed:
        assert (feed.folder, feed.other_folders) == ("north", ["south"])
        assert next(iter(feed.rows("stops.txt")))["stop_name"] == "Aandster"
        assert "frequencies.txt" not in feed


def test_a_feed_inside_a_folder_is_read(tmp_path: Path) -> None:
    path = tmp_path / "folder.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in GOOD.items():
            archive.writestr(f"feed/{name}", text)
            archive.writestr(f"__MACOSX/feed/{name}", b"\xff\xfe")

    assert len(rows(path)) == 3
