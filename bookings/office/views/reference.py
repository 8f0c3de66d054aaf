from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.office.access import StaffRequest, staff
from bookings.office.presenters.reference import table_groups


@staff
@require_safe
def reference(request: StaffRequest) -> HttpResponse:
    """The way to what is kept in Django's admin, for those who may open it."""
    context = {"groups": table_groups(admin.site.get_app_list(request))}
    return render(request, "office/reference.html", context)
