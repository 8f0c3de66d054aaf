"""The chart of a report, drawn on the server: lengths and printed values say it without any colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import ZERO
from bookings.office.presenters.reports.table import CellKind, ReportContent, ReportRow, word

WIDTH: Final = 720
_HIGH: Final = 220  # of days
_LEFT: Final = 84  # for the numbers of the axis
_TOP: Final = 14
_BOTTOM: Final = 26
_LINE: Final = 26  # of a thing
_NAMES: Final = 240  # wide
_ENDS: Final = 110  # for the value behind the longest bar
_MOST: Final = 12  # things
_LONGEST: Final = 32  # letters of a name
_DAYS_LABELLED: Final = 16


@dataclass(frozen=True)
class ChartMark:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class ReportBar:
    x: float
    y: float
    width: float
    height: float
    name: str  # what the pointer shows


@dataclass(frozen=True)
class ReportChart:
    title: str
    text: str  # the chart in a sentence
    height: int
    lines: tuple[ChartMark, ...]  # of the axis, each with its value
    labels: tuple[ChartMark, ...]
    bars: tuple[ReportBar, ...]
    ends: tuple[ChartMark, ...]  # the value behind each bar
    base: float  # where 0 lies
    is_of_days: bool
    width: int = WIDTH
    left: int = _LEFT


def report_chart(content: ReportContent) -> ReportChart | None:
    """None without a column to draw, and with nothing in it."""
    place = content.charted
    if place is None or not any(row.values[place] for row in content.rows):
        return None
    is_of_days = content.columns[0].kind == CellKind.DAY
    return _of_days(content, place) if is_of_days else _of_things(content, place)


def _of_days(content: ReportContent, place: int) -> ReportChart:
    column, rows = content.columns[place], content.rows
    values = [float(_number(row, place)) for row in rows]
    low, top = _axis(min(0.0, *values), max(0.0, *values))
    high = _HIGH - _BOTTOM - _TOP

    def y(value: float) -> float:
        return round(_TOP + high * (top - value) / (top - low), 1)

    wide = (WIDTH - _LEFT) / len(rows)
    every = -(-len(rows) // _DAYS_LABELLED)
    bars, labels = [], []
    for number, (row, value) in enumerate(zip(rows, values, strict=True)):
        day = row.values[0]
        x = _LEFT + number * wide
        name = f"{word(day, content.columns[0])}: {word(row.values[place], column)}"
        upper, lower = y(max(value, 0)), y(min(value, 0))
        bars.append(ReportBar(round(x + wide * 0.14, 1), upper, round(wide * 0.72, 1), lower - upper, name))
        if number % every == 0 and isinstance(day, date):
            label = f"{day.day}" if every == 1 and day.day != 1 and number else day_text(day)[4:]
            labels.append(ChartMark(round(x + wide / 2, 1), _HIGH - 7, label))
    step = (top - low) / 4
    kind = Decimal if column.kind == CellKind.AMOUNT else int
    lines = tuple(
        ChartMark(_LEFT, y(low + step * number), word(kind(round(low + step * number)), column))
        for number in range(5)
    )
    best = max(rows, key=lambda row: _number(row, place))
    text = _("Most on %(day)s: %(value)s.") % {
        "day": word(best.values[0], content.columns[0]),
        "value": word(best.values[place], column),
    }
    return ReportChart(
        str(column.title), text, _HIGH, lines, tuple(labels), tuple(bars), (), y(0), is_of_days=True
    )


def _of_things(content: ReportContent, place: int) -> ReportChart:
    """The largest, each on a line of its own."""
    column = content.columns[place]
    rows = sorted(content.rows, key=lambda row: abs(_number(row, place)), reverse=True)[:_MOST]
    most = max(abs(float(_number(row, place))) for row in rows)
    longest = WIDTH - _NAMES - _ENDS
    bars, labels, ends = [], [], []
    for number, row in enumerate(rows):
        upper, name = number * _LINE + 4, word(row.values[0], content.columns[0])
        wide = round(longest * abs(float(_number(row, place))) / most, 1)
        value = word(row.values[place], column)
        bars.append(ReportBar(_NAMES, upper, wide, _LINE - 8, f"{name}: {value}"))
        short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        labels.append(ChartMark(_NAMES - 8, upper + 13, short))
        ends.append(ChartMark(_NAMES + wide + 6, upper + 13, value))
    text = _("Most: %(name)s, %(value)s.") % {
        "name": word(rows[0].values[0], content.columns[0]),
        "value": word(rows[0].values[place], column),
    }
    height = len(rows) * _LINE + 4
    return ReportChart(
        str(column.title), text, height, (), tuple(labels), tuple(bars), tuple(ends), 0, is_of_days=False
    )


def _number(row: ReportRow, place: int) -> Decimal:
    value = row.values[place]
    return Decimal(value) if isinstance(value, Decimal | int) else ZERO


def _axis(low: float, high: float) -> tuple[float, float]:
    """Ends at round numbers, with three between that are whole."""
    span = max(high - low, 4)
    step = next(
        float(unit * 10**power)
        for power in range(12)
        for unit in (1, 2, 5)
        if unit * 10**power * 4 >= span and _fits(low, high, unit * 10**power)
    )
    first = step * (low // step)
    return first, first + 4 * step


def _fits(low: float, high: float, step: float) -> bool:
    return step * (low // step) + 4 * step >= high
