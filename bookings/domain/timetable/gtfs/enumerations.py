"""The columns whose numbers are codes and flags, and the one reader of them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import WEEKDAYS, Row
from bookings.domain.timetable.gtfs.values import whole_number

_FLAG: Final = range(2)
_ALLOWED: Final[dict[str, Container[int]]] = {
    **dict.fromkeys(WEEKDAYS, _FLAG),
    "exception_type": (1, 2),
    "location_type": range(5),
    "wheelchair_boarding": range(3),
    "wheelchair_accessible": range(3),
    "bikes_allowed": range(3),
    "direction_id": _FLAG,
    "route_type": range(10_000),
    "pickup_type": range(4),
    "drop_off_type": range(4),
    "timepoint": _FLAG,
    "exact_times": _FLAG,
    "payment_method": _FLAG,
    "is_default_fare_category": _FLAG,
    "transfers": range(3),
}
# What does not change a sale: a value that makes no sense is reported, and the row is read all the same.
UNUSED: Final = {
    "stops.txt": ("wheelchair_boarding",),
    "trips.txt": ("wheelchair_accessible", "bikes_allowed", "direction_id"),
    "stop_times.txt": ("timepoint",),
    "frequencies.txt": ("exact_times",),
    "fare_attributes.txt": ("payment_method", "transfers"),
}


def read_code(row: Row, column: str, *, default: int | None = None) -> int:
    """The number in a column of codes, however it is written: 1, +1, 01, 1.0.

    ValueError: it is none of those that the format knows, or empty without a `default`.
    """
    text = row[column]
    if not text and default is not None:
        return default
    try:
        number = whole_number(text)
    except ValueError:
        number = -1
    if number not in _ALLOWED[column]:
        raise ValueError(
            _("%(column)s “%(text)s” is not a value of the format") % {"column": column, "text": text[:20]}
        )
    return number


def read_code_or(row: Row, column: str, problems: Problems, *, otherwise: int = 0) -> int:
    """As `read_code`, 0 for an empty cell; what makes no sense is reported and read as `otherwise`."""
    if column not in row.cells:
        return 0
    try:
        return read_code(row, column, default=0)
    except ValueError as error:
        problems.add(row.file, row.line, str(error))
        return otherwise


def check_unused_codes(row: Row, problems: Problems) -> None:
    for column in UNUSED.get(row.file, ()):
        read_code_or(row, column, problems)


def weekday_bits(row: Row) -> Iterator[int]:
    """1 << weekday for each weekday that is 1. ValueError: a weekday is neither 0 nor 1."""
    for bit, name in enumerate(WEEKDAYS):
        if read_code(row, name):
            yield 1 << bit
