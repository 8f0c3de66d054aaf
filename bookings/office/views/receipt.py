"""What is printed at a counter: tickets, and the receipts of sales and refunds."""

from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import NotFound
from bookings.domain.company.details import get_company
from bookings.domain.counter.sale_page import owed_order, sold_bookings, sold_view
from bookings.domain.tickets.booking_files import order_of_reference
from bookings.domain.tickets.pdf import tickets_pdf
from bookings.domain.tickets.receipt_pdf import receipt_pdf
from bookings.domain.tickets.receipt_text import ReceiptText, receipt_text
from bookings.domain.tickets.receipts import (
    ReceiptView,
    note_print,
    receipt_of,
    refund_receipt_of,
    was_printed,
)
from bookings.domain.tickets.slips import slips_pdf
from bookings.office.access import StaffRequest, staff

_THERMAL: Final = "80"


@staff
@require_safe
def sold(request: StaffRequest, token: str) -> HttpResponse:
    return render(request, "office/sale/receipt.html", {"sold": sold_view(token)})


@staff
@require_safe
def reserved(request: StaffRequest, reference: str) -> HttpResponse:
    """Seats that wait for their money: what the clerk tells the customer."""
    return render(request, "office/sale/reserved.html", _reservation(reference))


@staff
@require_safe
def print_reservation(request: StaffRequest, reference: str) -> HttpResponse:
    """The slip of a reservation, as a page that prints itself."""
    context = _reservation(reference) | {"is_thermal": _is_thermal(request)}
    return render(request, "office/sale/reservation_slip.html", context)


def _reservation(reference: str) -> dict[str, Any]:
    return {"owed": owed_order(reference, now=timezone.now()), "company": get_company()}


@staff
@require_safe
def print_tickets(request: StaffRequest, token: str) -> HttpResponse:
    """A page that prints itself, for the width of paper that `paper` names: the tickets and the receipt."""
    sale = sold_view(token)
    context = {
        "sold": sale,
        "is_thermal": _is_thermal(request),
        "receipt": _printed(sale.order.pk),
        "note_address": reverse("office:receipt", args=[sale.references[0]]),
    }
    return render(request, "office/sale/slips.html", context)


@staff
@require_safe
def pdf(request: StaffRequest, token: str) -> HttpResponse:
    bookings = sold_bookings(token)
    draw = slips_pdf if _is_thermal(request) else tickets_pdf
    return inline(draw(bookings), f"tickets-{bookings[0].booking_reference}.pdf")


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def print_receipt(request: StaffRequest, reference: str, refund_id: int | None = None) -> HttpResponse:
    """The receipt of an order, or of one refund of it, as a page that prints itself, and says so by a POST:
    from then on it is a copy.
    """
    if request.method == "POST":
        note_print(_order_id(reference), refund_id=refund_id, now=timezone.now())
        return HttpResponse(status=204)
    context = {
        "receipt": _printed(_order_id(reference), refund_id),
        "reference": reference,
        "is_thermal": _is_thermal(request),
        "note_address": request.path,
    }
    return render(request, "office/receipt.html", context)


@staff
@require_safe
def print_receipt_pdf(request: StaffRequest, reference: str, refund_id: int | None = None) -> HttpResponse:
    view = _view(_order_id(reference), refund_id)
    return inline(receipt_pdf(view, is_thermal=_is_thermal(request)), f"receipt-{view.number}.pdf")


def _printed(order_id: int, refund_id: int | None = None) -> ReceiptText:
    return receipt_text(_view(order_id, refund_id))


def _view(order_id: int, refund_id: int | None) -> ReceiptView:
    read = receipt_of(order_id) if refund_id is None else refund_receipt_of(order_id, refund_id)
    return replace(read, is_copy=was_printed(order_id, refund_id))


def _order_id(reference: str) -> int:
    order = order_of_reference(reference)
    if order is None:
        raise NotFound(_("We could not find this booking."))
    return order.order_id


def _is_thermal(request: StaffRequest) -> bool:
    return request.GET.get("paper") == _THERMAL


def inline(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
