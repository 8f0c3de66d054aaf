from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.domain.counter.sale import order_of
from bookings.domain.tickets.invoice_page import get_invoice, invoice_page
from bookings.domain.tickets.invoice_pdf import invoice_pdf
from bookings.domain.tickets.invoices import request_invoice
from bookings.office.access import StaffRequest, staff
from bookings.office.policy import may
from bookings.office.views.receipt import inline
from bookings.web.invoices import InvoiceForm
from bookings.web.refusals import counted


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def tax_invoice(request: StaffRequest, reference: str) -> HttpResponse:
    """The tax invoices of a booking, and the form by which staff issue one for the buyer."""
    order = order_of(reference)
    page = invoice_page(order.pk)
    form = InvoiceForm(request.POST if request.method == "POST" else None, page)
    refusal, status = None, 422 if form.is_bound else 200
    if form.is_valid():
        try:
            request_invoice(order.pk, form.recipient, submission=form.cleaned_data["submission"])
        except Refusal as broken:
            refusal, status = broken, broken.status
        else:
            messages.success(request, _("The tax invoice is issued; it is mailed where there is an address."))
            return redirect("office:tax_invoice", reference)
    context = {
        "form": form,
        "page": page,
        "reference": reference,
        "refusal": counted(refusal),
        "may_issue": may(request.user.role, "tax_invoice", "POST"),
    }
    return render(request, "office/bookings/tax_invoice.html", context, status=status)


@staff
@require_safe
def tax_invoice_pdf(request: StaffRequest, reference: str, invoice_id: int) -> HttpResponse:
    invoice = get_invoice(order_of(reference).pk, invoice_id)
    return inline(invoice_pdf(invoice), f"{invoice.full_number}.pdf")
