"""The list of bookings.

One search field, filters, columns to choose, pages by cursor, and files for a spreadsheet.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.counter.booking_export import ExportedBooking, export_bookings
from bookings.domain.counter.booking_search import list_bookings, only_hit
from bookings.models import Booking
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.filters import BookingFilter
from bookings.office.policy import may
from bookings.office.presenters.booking_export import export_rows
from bookings.office.presenters.spreadsheet import csv_lines, xlsx_file
from bookings.office.presenters.tables import COLUMNS, SORTS, BookingTable, booking_rows
from bookings.web.keyset import keyset_page
from bookings.web.render import render_page

_PAGE_SIZE: Final = 20
_LONGEST_PAGE: Final = 100
_MOST: Final = 50_000  # bookings of a file
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@staff
@require_safe
def bookings(request: StaffRequest) -> HttpResponse:
    given = request.GET
    bookings_filter, (sort, descending) = (
        BookingFilter(
            given, queryset=Booking.objects.only("booking_date", "boards_at", "order", "booking_reference")
        ),
        _sort(given),
    )
    columns, sign = _columns(given), "-" if descending else ""
    page = keyset_page(
        bookings_filter.qs,
        SORTS[sort],
        descending=descending,
        after=given.get("after", ""),
        before=given.get("before", ""),
        size=_page_size(given),
    )
    if "open" in given and not page.after and (hit := only_hit(page.rows, given.get("q", ""))):
        return redirect("office:booking", hit.booking_reference)
    hidden = [column for column in COLUMNS if column not in columns]
    context: dict[str, Any] = {
        "filter": bookings_filter,
        "table": BookingTable([], exclude=hidden, order_by=f"{sign}{sort}"),
        "shown": dict.fromkeys(columns, True),
        "rows": list(booking_rows(list_bookings([row.pk for row in page.rows]))),
        "page": page,
        "choices": [
            (column, BookingTable.base_columns[column].verbose_name, column in columns) for column in COLUMNS
        ],
        "sort": f"{sign}{sort}",
        "direction": "descending" if descending else "ascending",
        "may_see_personal_data": may(request.user.role, "personal_data"),
        "may_export": may(request.user.role, "bookings_csv"),
    }
    return render_page(
        request,
        "office/bookings/bookings.html",
        context,
        fragment="office/bookings/_bookings.html",
        target="bookings",
    )


def _sort(given: QueryDict) -> tuple[str, bool]:
    requested = given.get("sort", "")
    name = requested.removeprefix("-")
    return (name, requested.startswith("-")) if name in SORTS else ("booked", True)


def _columns(given: QueryDict) -> list[str]:
    chosen = [column for column in COLUMNS if column in given.getlist("cols")]
    return chosen or list(COLUMNS)


def _page_size(given: QueryDict) -> int:
    text = given.get("page_size", "")
    return min(max(int(text[:4]), 1), _LONGEST_PAGE) if text.isascii() and text.isdecimal() else _PAGE_SIZE


@staff
@require_GET
def bookings_csv(request: StaffRequest) -> StreamingHttpResponse:
    """What the filters leave, as a file that is written while it is read."""
    lines = csv_lines(export_rows(_exported(request), _columns(request.GET)))
    return _attached(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), "csv")


@staff
@may_lag  # the other file is still being read when its view has returned
@require_GET
def bookings_xlsx(request: StaffRequest) -> HttpResponse:
    """The same as a workbook."""
    content = xlsx_file(export_rows(_exported(request), _columns(request.GET)))
    return _attached(HttpResponse(content, content_type=_XLSX), "xlsx")


def _exported(request: StaffRequest) -> Iterator[ExportedBooking]:
    sort, descending = _sort(request.GET)
    sign = "-" if descending else ""
    rows = BookingFilter(request.GET, queryset=Booking.objects.all()).qs
    return export_bookings(rows.order_by(f"{sign}{SORTS[sort]}", f"{sign}pk"), _MOST)


def _attached(response: Any, kind: str) -> Any:
    day: date = timezone.localdate()
    response["Content-Disposition"] = f'attachment; filename="bookings-{day:%Y-%m-%d}.{kind}"'
    return response
