"""Who did what, to what, from what to what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.reports.audit_list import AuditQuery, find_booking, list_acts
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.audit import AuditFilter
from bookings.office.presenters.audit import audit_lines
from bookings.office.presenters.spreadsheet import Cell, csv_lines
from bookings.web.render import render_page

_AT_ONCE: Final = 500
_MOST: Final = 20_000  # acts of a file


@staff
@may_lag
@require_safe
def audit(request: StaffRequest) -> HttpResponse:
    """The latest first; a reference in the search field leads to the history of its booking."""
    form = AuditFilter(request.GET)
    page: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "office/audit/audit.html", page, status=422)
    acts = list_acts(_query(form), after=request.GET.get("after", ""))
    page |= {"lines": audit_lines(acts.acts), "after": acts.after, "title": form.title}
    return render_page(
        request, "office/audit/audit.html", page, fragment="office/audit/_acts.html", target="acts"
    )


@staff
@may_lag
@require_GET
def audit_csv(request: StaffRequest) -> HttpResponse:
    form = AuditFilter(request.GET)
    if not form.is_valid():
        return render(request, "office/audit/audit.html", {"form": form}, status=422)
    answer: Any = StreamingHttpResponse(
        csv_lines(_rows(_query(form))), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def _query(form: AuditFilter) -> AuditQuery:
    query = form.query
    booking = find_booking(query.text) if query.text and not query.about else None
    return AuditQuery(None, query.kinds, query.person, ("booking", booking)) if booking else query


def _rows(query: AuditQuery) -> Iterator[list[Cell]]:
    yield [
        _("When"),
        _("Who"),
        _("Approved by"),
        _("What of"),
        _("What"),
        _("About"),
        _("Changed"),
        _("Why"),
    ]
    after = ""
    for _page in range(_MOST // _AT_ONCE):
        page = list_acts(query, after=after, size=_AT_ONCE)
        for line in audit_lines(page.acts):
            yield [
                line.at,
                line.who,
                line.approver,
                line.book,
                line.what,
                line.about,
                line.changes_text,
                line.why,
            ]
        after = page.after
        if not after:
            return
