"""A page of a report in ready words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bookings.office.presenters.reports.chart import ReportChart, report_chart
from bookings.office.presenters.reports.table import (
    CellKind,
    ReportContent,
    ReportTable,
    report_table,
    word,
)

ROWS: Final = 50


@dataclass(frozen=True)
class ReportCell:
    text: str
    css: str


@dataclass(frozen=True)
class ReportLine:
    address: str
    name: str
    css: str  # of the name
    cells: tuple[ReportCell, ...]  # those behind the first


@dataclass(frozen=True)
class ReportHead:
    key: str
    title: str
    next: str  # how the column sorts when it is chosen
    direction: str  # ascending or descending; "": it is not sorted by
    css: str


@dataclass(frozen=True)
class ReportPage:
    table: ReportTable  # its pages
    heads: tuple[ReportHead, ...]
    lines: tuple[ReportLine, ...]
    totals: tuple[ReportCell, ...]  # behind the first; empty without any
    chart: ReportChart | None
    notes: tuple[str, ...]


def report_page(content: ReportContent, *, sort: str, number: int) -> ReportPage:
    table = report_table(content, sort)
    table.paginate(page=1, per_page=ROWS)
    pages = table.paginator.num_pages
    table.paginate(page=min(number, pages), per_page=ROWS)
    rows = content.completed([row.record for row in table.paginated_rows])
    css = tuple("" if column.kind in (CellKind.TEXT, CellKind.DAY) else "num" for column in content.columns)
    lines = tuple(
        ReportLine(
            row.address,
            word(row.values[0], content.columns[0]),
            "nowrap" if content.columns[0].kind == CellKind.DAY else "",
            tuple(
                ReportCell(word(value, column), style)
                for value, column, style in zip(row.values[1:], content.columns[1:], css[1:], strict=True)
            ),
        )
        for row in rows
    )
    totals: tuple[ReportCell, ...] = ()
    if content.rows and any(column.has_total for column in content.columns):
        totals = tuple(
            ReportCell(word(value, column), style)
            for value, column, style in zip(content.totals[1:], content.columns[1:], css[1:], strict=True)
        )
    heads = tuple(
        ReportHead(
            column.name,
            str(column.header),
            str(column.order_by_alias.next),
            ("descending" if sort.startswith("-") else "ascending") if column.is_ordered else "",
            style,
        )
        for column, style in zip(table.columns, css, strict=True)
    )
    return ReportPage(table, heads, lines, totals, report_chart(content), content.notes)
