from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.domain.tickets.invoice_page import get_invoice, invoice_page
from bookings.domain.tickets.invoice_pdf import invoice_pdf
from bookings.domain.tickets.invoices import request_invoice
from bookings.passenger.views.booking import not_own_booking, own_order_id, pdf_file
from bookings.web.access import public
from bookings.web.invoices import InvoiceForm
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private


@public
@require_http_methods(["GET", "HEAD", "POST"])
def tax_invoice(request: HttpRequest, reference: str) -> HttpResponse:
    """The tax invoices of a booking, and the form that asks for one."""
    order_id = own_order_id(request, reference)
    if not order_id:
        return not_own_booking(request, reference)
    page = invoice_page(order_id)
    form = InvoiceForm(request.POST if request.method == "POST" else None, page)
    refusal = None
    if form.is_valid():
        enforce_limit(request, "resend", f"order {order_id}")
        try:
            request_invoice(order_id, form.recipient, submission=form.cleaned_data["submission"])
        except Refusal as broken:
            refusal = broken
        else:
            messages.success(request, _("Your tax invoice is here, and on its way to you by e-mail."))
            return redirect("passenger:tax_invoice", reference)
    status = refusal.status if refusal else 422 if form.errors else 200
    context = {"form": form, "page": page, "reference": reference, "refusal": counted(refusal)}
    return private(render(request, "passenger/tax_invoice.html", context, status=status))


@public
@require_safe
def tax_invoice_file(request: HttpRequest, reference: str, invoice_id: int) -> HttpResponse:
    order_id = own_order_id(request, reference)
    if not order_id:
        return not_own_booking(request, reference)
    invoice = get_invoice(order_id, invoice_id)
    return pdf_file(invoice_pdf(invoice), f"{invoice.full_number}.pdf")
