from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.counter.sale import order_of
from bookings.domain.tickets.contact_change import ContactChange, change_contact
from bookings.office.access import StaffRequest, staff
from bookings.web.contact import ContactForm
from bookings.web.refusals import counted


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: StaffRequest, reference: str) -> HttpResponse:
    """Another e-mail address or telephone; the links of before are dead, and both addresses are told."""
    order = order_of(reference)
    initial = {"email": order.email, "phone": order.phone, "submission": random_token()}
    form = ContactForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal, status = None, 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        change = ContactChange(order.pk, data["email"], data["phone"])
        try:
            change_contact(change, actor=request.user, submission=data["submission"])
        except Refusal as broken:
            refusal, status = broken, broken.status
        else:
            messages.success(request, _("The contact is changed; both addresses are told."))
            return redirect("office:booking", reference)
    context = {"form": form, "reference": reference, "refusal": counted(refusal)}
    return render(request, "office/ticket_changes/change_contact.html", context, status=status)
