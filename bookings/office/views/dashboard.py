from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.office.access import StaffRequest, staff


@staff
@require_safe
def dashboard(request: StaffRequest) -> HttpResponse:
    return render(request, "office/dashboard.html")
