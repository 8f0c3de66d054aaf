"""A report as columns and rows of values: the page, the chart and the files are made of the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import django_tables2 as tables
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.base.dates import full_day_text
from bookings.base.money import NBSP, ZERO, format_zar
from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reports.periods import ReportPeriod
from bookings.domain.timetable.trips import local_text
from bookings.office.presenters.spreadsheet import Cell

Value = str | int | Decimal | date  # or a datetime, which is a date
Text = str | Promise


class CellKind(StrEnum):
    TEXT = "text"
    AMOUNT = "amount"  # rand
    NUMBER = "number"
    PERCENT = "percent"
    DAY = "day"


@dataclass(frozen=True)
class ReportColumn:
    title: Text
    kind: CellKind = CellKind.TEXT
    has_total: bool = False


@dataclass(frozen=True)
class ReportRow:
    """One value for each column; `address`: where the first of them leads."""

    values: tuple[Value, ...]
    address: str = ""


@dataclass(frozen=True)
class ReportContent:
    """`charted`: the column that the chart draws, by the first; None: no chart. `complete` reads what a row
    shows beside what it is sorted by, for the rows of a page alone.
    """

    columns: tuple[ReportColumn, ...]
    rows: Sequence[ReportRow]
    charted: int | None = None
    notes: tuple[str, ...] = ()
    complete: Callable[[Sequence[ReportRow]], Sequence[ReportRow]] | None = None

    def completed(self, rows: Sequence[ReportRow]) -> Sequence[ReportRow]:
        return self.complete(rows) if self.complete and rows else rows

    @property
    def totals(self) -> tuple[Value, ...]:
        """Of all rows; "" below a column that is not summed."""
        return tuple(
            sum((row.values[place] for row in self.rows), _nothing(column)) if column.has_total else ""
            for place, column in enumerate(self.columns)
        )


@dataclass(frozen=True)
class ReportQuery:
    """What somebody asks of a report; `branch` None: of the whole company."""

    period: ReportPeriod
    cut: str
    branch: int | None
    now: datetime


@dataclass(frozen=True)
class Report:
    """`cuts`: the ways to cut it, as tabs, the first unless said. One that `is_of_company` cannot be told of
    a branch. `has_period`: it is of days that somebody chooses.
    """

    slug: str
    title: Text
    text: Text
    build: Callable[[ReportQuery], ReportContent]
    cuts: Mapping[str, Text] = field(default_factory=dict)
    is_of_company: bool = False
    has_period: bool = True


def word(value: Value, column: ReportColumn) -> str:
    """As a page shows it."""
    match value:
        case Decimal():
            return format_zar(value)
        case datetime():
            return local_text(value, SOUTH_AFRICA)
        case date():
            return full_day_text(value)
        case int():
            return f"{value}{NBSP}%" if column.kind == CellKind.PERCENT else f"{value:,}".replace(",", NBSP)
        case _:
            return value


def cell(value: Value) -> Cell:
    """As a file has it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(SOUTH_AFRICA):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else value


def file_rows(content: ReportContent) -> Iterable[list[Cell]]:
    """The headings, then all rows, some hundred at a time where they have to be completed."""
    yield [str(column.title) for column in content.columns]
    for first in range(0, len(content.rows), _AT_ONCE):
        for row in content.completed(content.rows[first : first + _AT_ONCE]):
            yield [cell(value) for value in row.values]


_AT_ONCE: Final = 200


class ReportTable(tables.Table):
    """Sorts the rows and cuts them into pages; their words are made for those that are shown alone."""

    class Meta:
        order_by_field = "sort"
        attrs = {"class": "table"}


def report_table(content: ReportContent, sort: str) -> ReportTable:
    columns = [
        (f"c{place}", tables.Column(column.title, accessor=f"values__{place}"))
        for place, column in enumerate(content.columns)
    ]
    names = {name for name, _column in columns}
    order = sort if sort.removeprefix("-") in names else ""
    return ReportTable(list(content.rows), extra_columns=columns, order_by=order)


def percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def key_name(names: dict[str, str], key: str, nothing: str = "") -> str:
    return names.get(key) or nothing or _("none")


def _nothing(column: ReportColumn) -> Decimal | int:
    return ZERO if column.kind == CellKind.AMOUNT else 0
