"""One booking on one page, and what needs no quote: a note, the mail again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.base.errors import RuleBroken
from bookings.domain.counter.booking_record import booking_record
from bookings.domain.counter.exchange import add_note
from bookings.domain.tickets.booking_files import order_of_reference, send_again
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import NoteForm
from bookings.office.policy import may


@staff
@require_safe
def booking(request: StaffRequest, reference: str) -> HttpResponse:
    record = booking_record(reference, user=request.user, now=timezone.now())
    context = {
        "record": record,
        "page": record.page,
        "parts": [(part, part is record.part) for part in record.page.parts],
        "may_rescue": may(request.user.role, "missed_coach", "POST"),
        "may_change": may(request.user.role, "exchange", "POST"),
        "may_see_invoices": may(request.user.role, "tax_invoice"),
        "may_enter_details": may(request.user.role, "bank_details", "POST"),
        "to_print": record.refunds[::-1] if request.GET.get("print") == "refunds" else (),
    }
    return render(request, "office/bookings/booking.html", context)


@staff
@require_POST
def note(request: StaffRequest, reference: str) -> HttpResponse:
    form = NoteForm(request.POST)
    order = order_of_reference(reference)
    if not form.is_valid() or order is None:
        raise RuleBroken(_("Please enter a note."))
    add_note(order.order_id, form.cleaned_data["text"], author=request.user)
    messages.success(request, _("Note added."))
    return redirect("office:booking", reference)


@staff
@require_POST
def resend(request: StaffRequest, reference: str) -> HttpResponse:
    order = order_of_reference(reference)
    if order is None:
        raise RuleBroken(_("We could not find this booking."))
    if send_again(order.order_id, now=timezone.now()):
        messages.success(request, _("A new e-mail is on its way."))
    else:
        messages.info(
            request, _("No e-mail was sent: one is already on its way, or the booking has no e-mail address.")
        )
    return redirect("office:booking", reference)
