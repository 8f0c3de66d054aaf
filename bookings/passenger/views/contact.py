from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.tickets.booking_files import order_of_reference
from bookings.domain.tickets.contact_change import ContactChange, change_contact, get_contact
from bookings.passenger.views.booking import not_own_booking
from bookings.web.access import public
from bookings.web.contact import ContactForm
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private
from bookings.web.visitor import forget_guest, grant_order, may_manage


@public
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, reference: str) -> HttpResponse:
    """Another e-mail address or telephone for a booking."""
    order = order_of_reference(reference)
    if order is None or not may_manage(request, order.order_id, order.contact_version):
        return not_own_booking(request, reference)
    order_id = order.order_id
    email, phone = get_contact(order_id)
    initial = {"email": email, "phone": phone, "submission": random_token()}
    form = ContactForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal = None
    if form.is_valid():
        enforce_limit(request, "resend", f"order {order_id}")
        data = form.cleaned_data
        change = ContactChange(order_id, data["email"], data["phone"])
        try:
            changed = change_contact(change, submission=data["submission"])
        except Refusal as broken:
            refusal = broken
        else:
            grant_order(request, changed.pk, changed.contact_version)
            messages.success(request, _("Your contact is changed. We have told both addresses."))
            return redirect("passenger:booking", reference)
    status = refusal.status if refusal else 422 if form.errors else 200
    context = {"form": form, "reference": reference, "refusal": counted(refusal)}
    return private(render(request, "passenger/contact_change.html", context, status=status))


@public
@require_POST
def forget_browser(request: HttpRequest) -> HttpResponse:
    """From now on this browser shows nobody's bookings."""
    forget_guest(request)
    messages.success(request, _("This browser shows your bookings no longer. The link in your e-mail does."))
    answer = redirect("passenger:home")
    answer["Clear-Site-Data"] = '"storage"'  # with it tickets that were kept for the road
    return answer
