"""Small feeds of our own: a good one, and what a test puts in its place."""

import zipfile
from datetime import date
from pathlib import Path
from typing import Any, Final

from bookings.domain.timetable.gtfs.importing import ImportOptions, ImportReport, import_feed

MONDAY: Final = date(2026, 12, 7)

GOOD: Final = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nF,Feed Coaches,https://example.org,Africa/Johannesburg\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon\n"
        "A,Aandster,-26.20,28.05\n"
        "B,Bergdal,-29.12,26.22\n"
        "C,Cilliers,-33.92,18.42\n"
    ),
    "routes.txt": (
        "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        "R1,F,10,Aandster to Cilliers,3\n"
    ),
    "trips.txt": "route_id,service_id,trip_id\nR1,DAILY,T1\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,A,1\n"
        "T1,12:00:00,12:15:00,B,2\n"
        "T1,23:00:00,23:00:00,C,3\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "DAILY,1,1,1,1,1,1,1,20261207,20261213\n"
    ),
}  # fmt: skip


def write_feed(folder: Path, changes: dict[str, Any] | None = None, *, name: str = "small.zip") -> Path:
    """The good feed with files replaced or added; None leaves a file out. bytes are written as they are."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in (GOOD | (changes or {})).items():
            if content is not None:
                archive.writestr(file, content)
    return path


def import_small(
    folder: Path, changes: dict[str, Any] | None = None, *, name: str = "small.zip", **options: Any
) -> ImportReport:
    """Import the good feed, changed, for its Monday unless other dates are said."""
    options = {"first": MONDAY, "last": MONDAY} | options
    options["accept"] = frozenset({"past", *options.get("accept", ())})  # its dates pass
    return import_feed(write_feed(folder, changes, name=name), ImportOptions(**options))
