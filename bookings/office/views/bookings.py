"""The list of bookings: one search field, filters, columns to choose, pages by cursor, and files for a spreadsheet."""

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.counter.booking_search import all_bookings, with_details
from bookings.models import Booking
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.filters import BookingFilter
from bookings.office.policy import may
from bookings.office.presenters.tables import COLUMNS, SORTS, BookingTable, export_rows
from bookings.web.keyset import keyset_page
from bookings.web.render import render_page

_PAGE_SIZE: Final = 20
_LONGEST_PAGE: Final = 100
_MOST_CSV: Final = 50_000
_MOST_XLSX: Final = 5_000


@staff
@require_safe
def bookings(request: StaffRequest) -> HttpResponse:
    given = request.GET
    found, (sort, descending) = BookingFilter(given, queryset=Booking.objects.all()), _sort(given)
    columns, sign = _columns(given), "-" if descending else ""
    page = keyset_page(
        found.qs,
        SORTS[sort],
        descending=descending,
        after=given.get("after", ""),
        before=given.get("before", ""),
        size=_page_size(given),
    )
    hidden = [column for column in COLUMNS if column not in columns]
    table = BookingTable(with_details(page.rows), exclude=hidden, order_by=f"{sign}{sort}")
    context: dict[str, Any] = {
        "filter": found,
        "table": table,
        "page": page,
        "choices": [(column, BookingTable.base_columns[column].verbose_name, column in columns) for column in COLUMNS],
        "sort": f"{sign}{sort}",
        "direction": "descending" if descending else "ascending",
        "may_export": may(request.user.role, "bookings_csv"),
    }
    return render_page(request, "office/bookings/bookings.html", context, fragment="office/bookings/_bookings.html", target="bookings")


def _sort(given: QueryDict) -> tuple[str, bool]:
    wanted = given.get("sort", "")
    name = wanted.removeprefix("-")
    return (name, wanted.startswith("-")) if name in SORTS else ("booked", True)


def _columns(given: QueryDict) -> list[str]:
    chosen = [column for column in COLUMNS if column in given.getlist("cols")]
    return chosen or list(COLUMNS)


def _page_size(given: QueryDict) -> int:
    text = given.get("page_size", "")
    return min(max(int(text[:4]), 1), _LONGEST_PAGE) if text.isascii() and text.isdecimal() else _PAGE_SIZE


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


@staff
@require_GET
def bookings_csv(request: StaffRequest) -> StreamingHttpResponse:
    """What the filters leave, as a file that is written while it is read."""
    writer = csv.writer(_Echo())
    lines = (writer.writerow(row) for row in export_rows(_exported(request, _MOST_CSV), _columns(request.GET)))
    return _attached(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), "csv")


@staff
@may_lag  # the other file is still being read when its view has returned
@require_GET
def bookings_xlsx(request: StaffRequest) -> HttpResponse:
    from tablib import Dataset  # slow to load, and only this download needs it

    header, *rows = export_rows(_exported(request, _MOST_XLSX), _columns(request.GET))
    content = Dataset(*rows, headers=header).export("xlsx")
    return _attached(HttpResponse(content, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), "xlsx")


def _exported(request: StaffRequest, most: int) -> Iterator[Booking]:
    sort, descending = _sort(request.GET)
    sign = "-" if descending else ""
    rows = BookingFilter(request.GET, queryset=all_bookings()).qs.order_by(f"{sign}{SORTS[sort]}", f"{sign}pk")
    return rows[:most].iterator(chunk_size=500)


def _attached(response: Any, kind: str) -> Any:
    day: date = timezone.localdate()
    response["Content-Disposition"] = f'attachment; filename="bookings-{day:%Y-%m-%d}.{kind}"'
    return response
