from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.errors import Conflict
from bookings.base.money import format_zar
from bookings.domain.sales.bank_details import details_request, give_bank_details
from bookings.domain.tickets.booking_files import order_of_reference
from bookings.domain.timetable.trips import local_text
from bookings.passenger.views.booking import not_own_booking
from bookings.web.access import public
from bookings.web.bank_details import BankDetailsForm
from bookings.web.refusals import counted
from bookings.web.render import private
from bookings.web.visitor import may_manage


@public
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def bank_details(request: HttpRequest, reference: str) -> HttpResponse:
    """Where to send a refund that can only go to a bank account."""
    order = order_of_reference(reference)
    if order is None or not may_manage(request, order.order_id, order.contact_version):
        return not_own_booking(request, reference)
    order_id = order.order_id
    waiting = details_request(order_id)
    form = BankDetailsForm(
        request.POST if request.method == "POST" else None, banks=waiting.banks, auto_id="bank-%s"
    )
    refusal = None
    if form.is_valid():
        try:
            amount = give_bank_details(order_id, form.account)
        except Conflict as conflict:
            refusal = conflict
        else:
            usable_at = details_request(order_id).usable_at
            message = _("Thank you. %(amount)s will be sent to this account.")
            if usable_at:
                message = _(
                    "Thank you. %(amount)s will be sent to this account from %(moment)s, as the contact of "
                    "the booking was changed shortly before."
                )
            facts = {"amount": format_zar(amount), "moment": local_text(usable_at) if usable_at else ""}
            messages.success(request, message % facts)
            return redirect("passenger:booking", reference)
    context = {
        "form": form,
        "refusal": counted(refusal),
        "reference": reference,
        "amount": format_zar(waiting.amount) if waiting.amount else "",
        "is_given": waiting.is_given,
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return private(render(request, "passenger/bank_details.html", context, status=status))
