from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.domain.counter.sale_page import sold_bookings, sold_view
from bookings.domain.tickets.pdf import tickets_pdf
from bookings.domain.tickets.slips import slips_pdf
from bookings.office.access import StaffRequest, staff

_THERMAL: Final = "80"


@staff
@require_safe
def sold(request: StaffRequest, token: str) -> HttpResponse:
    return render(request, "office/sale/receipt.html", {"sold": sold_view(token)})


@staff
@require_safe
def print_tickets(request: StaffRequest, token: str) -> HttpResponse:
    """A page that prints itself, for the width of paper that `paper` names."""
    is_thermal = request.GET.get("paper") == _THERMAL
    return render(request, "office/sale/slips.html", {"sold": sold_view(token), "is_thermal": is_thermal})


@staff
@require_safe
def pdf(request: StaffRequest, token: str) -> HttpResponse:
    bookings = sold_bookings(token)
    draw = slips_pdf if request.GET.get("paper") == _THERMAL else tickets_pdf
    response = HttpResponse(draw(bookings), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="falcon-{bookings[0].booking_reference}.pdf"'
    return response
