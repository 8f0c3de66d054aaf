from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.domain.maintenance.database_report import database_report
from bookings.office.access import StaffRequest, staff


@staff
@require_safe
def database(request: StaffRequest) -> HttpResponse:
    """How the database is doing, for whoever wonders why a page is slow."""
    return render(request, "office/database/database.html", {"report": database_report(), "shown": 12})
