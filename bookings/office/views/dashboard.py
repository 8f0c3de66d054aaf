from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.base.params import read_int
from bookings.database.replica.routing import may_lag
from bookings.domain.dashboard.charts import booking_curve
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.models import Branch
from bookings.office.access import StaffRequest, branch_or_none, staff
from bookings.office.presenters.charts import curve_chart
from bookings.office.presenters.dashboard_blocks import BLOCKS, PLACES, DashboardView, blocks_for, show
from bookings.web.render import render_page
from bookings.web.requests import htmx_of


@staff
@require_safe
def dashboard(request: StaffRequest) -> HttpResponse:
    """Today at a station. Every block of it is the fragment that refreshes itself."""
    branches = _branches(request)
    at = _desk(request, branches)
    shown = [show(block, at) for block in blocks_for(at)]
    page = {
        "desk": at,
        "branches": [(branch, branch == at.branch) for branch in branches],
        "blocks": {rendered.block.slug: rendered for rendered in shown},
        "places": {
            place: [rendered for rendered in shown if rendered.block.place == place] for place in PLACES
        },
    }
    return render(request, "office/dashboard/dashboard.html", page)


@staff
@require_safe
def block(request: StaffRequest, slug: str) -> HttpResponse:
    return _block(request, slug)


@staff
@may_lag
@require_safe
def chart(request: StaffRequest, slug: str) -> HttpResponse:
    return _block(request, slug)


def _block(request: StaffRequest, slug: str) -> HttpResponse:
    """One block for htmx: 204 when it would show what the page shows already.

    Anybody else is led to the whole page.
    """
    at, block = _desk(request, _branches(request)), BLOCKS[slug]
    if htmx_of(request).target != f"block-{slug}" or block not in blocks_for(at):
        return redirect(at.address("dashboard", page=at.page if at.page > 1 else ""))
    shown = show(block, at)
    if request.GET.get("seen") == shown.seen:
        return HttpResponse(status=204)
    return render(request, "office/dashboard/_block.html", {"shown": shown})


@staff
@may_lag
@require_safe
def curve(request: StaffRequest, schedule_id: int) -> HttpResponse:
    curve = booking_curve(schedule_id, now=timezone.now())
    page = {"curve": curve, "view": curve_chart(curve)}
    return render_page(request, "office/dashboard/booking_curve.html", page)


def _branches(request: StaffRequest) -> list[Branch]:
    """Among which the user may choose."""
    if request.user.role not in SEES_ALL_BRANCHES:
        return []
    return list(Branch.objects.filter(is_active=True).select_related("city"))


def _desk(request: StaffRequest, branches: list[Branch]) -> DashboardView:
    own = branch_or_none(request)
    chosen = next((branch for branch in branches if branch.code == request.GET.get("branch")), None)
    branch = chosen or own or next(iter(branches), None)
    page = read_int(request.GET.get("page", ""), default=1, most=999)
    return DashboardView(request.user, branch, timezone.now(), is_elsewhere=branch != own, page=page)
