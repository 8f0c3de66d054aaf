"""The timetable: lines with their routes and services, and the draft in which they are changed."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.base.text import clean_text
from bookings.domain.timetable.drafts.editing import (
    Edit,
    drop_draft,
    find_change,
    get_draft,
    open_drafts,
    save_edit,
    undo_latest,
)
from bookings.domain.timetable.drafts.overview import draft_items, line_routes, list_lines
from bookings.domain.timetable.drafts.publishing import preview_draft, publish_draft
from bookings.models import Line
from bookings.office.access import StaffRequest, staff
from bookings.office.drafting import own_draft, take_up
from bookings.office.policy import may
from bookings.office.presenters.timetable import (
    change_groups,
    draft_rows,
    left_rows,
    left_total,
    route_blocks,
)
from bookings.web.paging import filtered_links
from bookings.web.refusals import counted

_LINES = 40


@staff
@require_safe
def timetable(request: StaffRequest) -> HttpResponse:
    """The lines, and what the draft has."""
    text = clean_text(request.GET.get("q", ""))[:60]
    pager = Paginator(list_lines(text), _LINES)
    page = pager.get_page(read_int(request.GET.get("page", ""), default=1, most=99_999))
    draft = own_draft(request)
    context = {
        "lines": page,
        "q": text,
        "links": filtered_links(page.number, pager.num_pages, {"q": text}),
        "draft": draft,
        "draft_rows": draft_rows(draft_items(draft)),
        "drafts": [other for other in open_drafts() if other != draft],
        "may_change": may(request.user.role, "timetable_route", "POST"),
    }
    return render(request, "office/timetable/timetable.html", context)


@staff
@require_safe
def line(request: StaffRequest, line_id: int) -> HttpResponse:
    """The routes of a line with their services."""
    row = get_object_or_404(Line, pk=line_id)
    draft = own_draft(request)
    items = draft_items(draft)
    context = {
        "line": row,
        "routes": route_blocks(line_routes(row, timezone.localdate()), items),
        "draft": draft,
        "draft_rows": draft_rows(items),
        "may_change": may(request.user.role, "timetable_route", "POST"),
        "may_add": may(request.user.role, "timetable_departure", "POST"),
    }
    return render(request, "office/timetable/line.html", context)


@staff
@require_safe
def draft(request: StaffRequest, draft_id: int) -> HttpResponse:
    """What publishing the draft would do to the departures."""
    return _draft_page(request, draft_id)


def _draft_page(request: StaffRequest, draft_id: int, refusal: Refusal | None = None) -> HttpResponse:
    row = get_draft(draft_id)
    items = draft_items(row)
    context = {
        "draft": row,
        "rows": draft_rows(items),
        "refusal": counted(refusal),
        "latest": row.version and (latest := row.changes.last()) and latest.number,
        "may_change": row.is_open and may(request.user.role, "draft_publish", "POST"),
    }
    if row.is_open and items:
        outcome = preview_draft(row)
        departures = outcome.departures
        passengers, held, money = left_total(departures.left)
        context |= {
            "outcome": outcome,
            "groups": [
                (_("Appear"), change_groups(departures.appear, outcome)),
                (_("Change"), change_groups(departures.change, outcome)),
                (_("Vanish"), change_groups(departures.vanish, outcome)),
            ],
            "left": left_rows(departures.left, outcome),
            "left_passengers": passengers,
            "left_held": held,
            "left_money": money,
        }
    status = refusal.status if refusal else 200
    return render(request, "office/timetable/draft.html", context, status=status)


@staff
@require_POST
def publish(request: StaffRequest, draft_id: int) -> HttpResponse:
    """All of the draft or nothing, as it was looked at."""
    try:
        outcome = publish_draft(
            draft_id, seen=read_int(request.POST.get("seen", ""), most=999_999), actor=request.user
        )
    except Refusal as refusal:
        return _draft_page(request, draft_id, refusal)
    departures = outcome.departures
    text = _("Published: %(new)d departures are new, %(changed)d changed, %(gone)d gone.")
    numbers = {
        "new": len(departures.appear),
        "changed": len(departures.change),
        "gone": len(departures.vanish),
    }
    messages.success(request, text % numbers)
    if departures.left:
        left = ngettext(
            "%(count)d departure with passengers was left as it is: there is a task for it.",
            "%(count)d departures with passengers were left as they are: there is a task for each.",
            len(departures.left),
        )
        messages.warning(request, left % {"count": len(departures.left)})
    return redirect("office:timetable")


@staff
@require_POST
def undo(request: StaffRequest, draft_id: int) -> HttpResponse:
    """Take the latest step back."""
    try:
        number = read_int(request.POST.get("number", ""), most=999_999)
        undo_latest(draft_id, number=number, actor=request.user)
    except Refusal as refusal:
        return _draft_page(request, draft_id, refusal)
    messages.success(request, _("The last change was undone."))
    return redirect("office:draft", draft_id)


@staff
@require_POST
def leave_out(request: StaffRequest, draft_id: int) -> HttpResponse:
    """Take one subject out of the draft; the step can be undone."""
    row = get_draft(draft_id)
    change = find_change(row, request.POST.get("subject", "")[:40])
    if change is not None:
        number = read_int(request.POST.get("number", ""), most=999_999)
        try:
            save_edit(row, Edit(change.kind, change.subject, None, seen=number), actor=request.user)
        except Refusal as refusal:
            return _draft_page(request, draft_id, refusal)
        messages.success(request, _("Left out. Undo brings it back."))
    return redirect("office:draft", draft_id)


@staff
@require_POST
def drop(request: StaffRequest, draft_id: int) -> HttpResponse:
    try:
        drop_draft(draft_id, actor=request.user)
    except Refusal as refusal:
        return _draft_page(request, draft_id, refusal)
    messages.success(request, _("The draft was discarded. The timetable is unchanged."))
    return redirect("office:timetable")


@staff
@require_POST
def choose(request: StaffRequest, draft_id: int) -> HttpResponse:
    """Work on the draft of somebody else."""
    take_up(request, get_draft(draft_id).pk)
    return redirect("office:timetable")
