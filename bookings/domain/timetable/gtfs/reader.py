"""The files of a feed as rows of text. Sizes are checked before anything is unpacked."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.timetable.gtfs.problems import FeedRefused

MAX_UNPACKED_BYTES: Final = 200_000_000
MAX_FILES: Final = 200
REQUIRED_FILES: Final = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
REQUIRED_COLUMNS: Final = {
    "agency.txt": ("agency_timezone",),
    "stops.txt": ("stop_id",),
    "routes.txt": ("route_id",),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
    "calendar.txt": ("service_id", *WEEKDAYS, "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
    "frequencies.txt": ("trip_id", "start_time", "end_time", "headway_secs"),
    "fare_attributes.txt": ("fare_id", "price", "currency_type"),
    "fare_rules.txt": ("fare_id",),
    "fare_products.txt": ("fare_product_id", "amount", "currency"),
    "fare_leg_rules.txt": ("fare_product_id",),
    "stop_areas.txt": ("area_id", "stop_id"),
    "route_networks.txt": ("network_id", "route_id"),
}
_NOT_TABLES: Final = ("__MACOSX", "/._")
_TELLING: Final = {"stop_times.txt", "trips.txt"}  # where one of them is, a feed is
_AGAIN: Final = " (again)"
_SHOWN: Final = 5
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(slots=True)
class Row:
    line: int
    cells: dict[str, str]
    file: str = ""

    def __getitem__(self, column: str) -> str:
        """The text in a column, without blanks around it; empty if the row or the file has none."""
        return self.cells.get(column, "").strip()


class Feed:
    """A zip of CSV files, perhaps inside a folder: one feed, never files of two."""

    folder: str
    other_folders: list[str]  # those that hold another feed

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError as error:
            raise FeedRefused(_("There is no file %(path)s.") % {"path": path}) from error
        except _BROKEN as error:
            raise FeedRefused(_("%(path)s is not a readable zip file.") % {"path": path}) from error
        try:
            self._files = self._checked()
        except FeedRefused:
            self._zip.close()
            raise

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        size = sum(entry.file_size for entry in entries)
        if size > MAX_UNPACKED_BYTES:
            limits = {"size": f"{size:,}", "most": f"{MAX_UNPACKED_BYTES:,}"}
            raise FeedRefused(
                _("The feed is too large: %(size)s bytes when unpacked, at most %(most)s are read.") % limits
            )
        if len(entries) > MAX_FILES:
            raise FeedRefused(
                _("The zip has %(count)d files; a feed has at most %(most)d.")
                % {"count": len(entries), "most": MAX_FILES}
            )
        folders = _folders(entries)
        self.folder = min(folders, key=lambda folder: _rank(folder, folders[folder]), default="")
        self.other_folders = sorted(
            folder or _("(no folder)")
            for folder, tables in folders.items()
            if folder != self.folder and (_TELLING & tables.keys() or folder == f"{self.folder}{_AGAIN}")
        )
        files = folders.get(self.folder, {})
        missing = [name for name in REQUIRED_FILES if name not in files]
        if not {"calendar.txt", "calendar_dates.txt"} & files.keys():
            missing.append("calendar.txt")
        if missing:
            inner = sorted(entry.filename for entry in entries if entry.filename.lower().endswith(".zip"))
            text = _("The feed has no %(files)s.") % {"files": ", ".join(missing)}
            if inner:
                text += " " + _("It holds other zips: unpack it and import %(zips)s.") % {
                    "zips": ", ".join(inner[:_SHOWN])
                }
            raise FeedRefused(text)
        return files

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a file; none if the feed does not have it, or has it empty where it may be left out."""
        if name not in self._files:
            return
        try:
            with (
                self._zip.open(self._files[name]) as raw,
                io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text,
            ):
                reader = csv.reader((line.replace("\0", "") for line in text), skipinitialspace=True)
                first = next((cells for cells in reader if any(cells)), [])
                if not first and name not in REQUIRED_FILES:
                    return
                header = self._header(name, first)
                for cells in reader:
                    if cells:
                        yield Row(reader.line_num, dict(zip(header, cells, strict=False)), name)
        except UnicodeDecodeError as error:
            raise FeedRefused(_("%(file)s is not UTF-8 text.") % {"file": name}) from error
        except csv.Error as error:
            raise FeedRefused(
                _("%(file)s is not a readable table: %(error)s.") % {"file": name, "error": error}
            ) from error
        except _BROKEN as error:
            raise FeedRefused(
                _("The zip file is broken: %(file)s cannot be unpacked.") % {"file": name}
            ) from error

    @staticmethod
    def _header(name: str, cells: list[str]) -> list[str]:
        header = [cell.strip().lower() for cell in cells]
        missing = [column for column in REQUIRED_COLUMNS.get(name, ()) if column not in header]
        if missing:
            raise FeedRefused(
                _("%(file)s has no column %(columns)s.") % {"file": name, "columns": ", ".join(missing)}
            )
        return header


def _folders(entries: list[zipfile.ZipInfo]) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """The tables of each folder. Some programs write backslashes, or names in upper case.

    A table that a folder has twice, perhaps in another case, is that of another feed.
    """
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        # zipfile gives what was stored; is_dir looks for a slash alone
        path = entry.orig_filename.replace("\0", "").replace("\\", "/")
        folder, _slash, name = path.rpartition("/")
        if name and not any(part in f"/{path}" for part in _NOT_TABLES) and name.lower().endswith(".txt"):
            if name.lower() in folders.get(folder, {}):
                folder += _AGAIN
            folders.setdefault(folder, {}).setdefault(name.lower(), entry)
    return folders


def _rank(folder: str, tables: dict[str, zipfile.ZipInfo]) -> tuple[int, int, str]:
    """The smallest is read: the most complete, then the outermost, then the first by name."""
    return -len(tables.keys() & set(REQUIRED_FILES)), folder.count("/") + bool(folder), folder
