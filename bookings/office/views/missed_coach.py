"""Whoever the coach has left: by our fault on the next one, by their own on standby for a fee."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.domain.counter.missed_coach import MissedCoach, sell_rescue
from bookings.domain.counter.shifts import require_shift
from bookings.domain.disruptions.next_coach import departures_after, missed_tickets, take_on_next_coach
from bookings.domain.sales.bookings import booking_called
from bookings.domain.timetable.segments import SegmentRef
from bookings.domain.timetable.trips import trip_view
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import ConfirmForm, ids_in
from bookings.office.policy import may
from bookings.web.refusals import counted


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def missed_coach(request: StaffRequest, reference: str) -> HttpResponse:
    """Who was left, and the coaches of the next day; `free` takes them on the next one at no cost."""
    form = ConfirmForm(request.POST or None)
    if request.method != "POST":
        return _page(request, reference, form)
    if not form.is_valid():
        return _page(request, reference, form, status=422)
    tickets, submission = ids_in(request.POST), form.cleaned_data["submission"]
    try:
        if "free" in request.POST and may(request.user.role, "disruption_new"):
            case = take_on_next_coach(reference, tickets, actor=request.user, submission=submission)
            messages.success(request, _("Done. Their new tickets are on their way by e-mail."))
            return redirect("office:disruption", case.pk)
        to = SegmentRef.read(request.POST.get("to", "")[:300])
        till = form.till(request)
        if to is None or till.tender is None:
            raise Refusal(_("Choose the coach, and how the fee is paid."))
        missed = MissedCoach(reference, tickets, to)
        shift = require_shift(request.user)
        order = sell_rescue(missed, till.tender, shift=shift, submission=submission)
    except Refusal as refusal:
        return _page(request, reference, form, refusal=refusal, status=refusal.status)
    messages.success(request, _("They stand by. Seats are given in order of sale when boarding closes."))
    return redirect("office:booking", order.bookings.get().booking_reference)


def _page(
    request: StaffRequest,
    reference: str,
    form: ConfirmForm,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    form.note_refusal(refusal)
    now, booking = timezone.now(), booking_called(reference)
    chosen = ids_in(request.POST)
    context = {
        "reference": booking.booking_reference,
        "people": [
            (ticket, ticket.pk in chosen or not chosen) for ticket in missed_tickets(booking, now=now)
        ],
        "departures": [
            (str(row.ref), trip_view(row), str(row.ref) == request.POST.get("to"))
            for row in departures_after(booking, now=now)
        ],
        "fee": format_zar(settings.MISSED_COACH_FEE),
        "may_take_on": may(request.user.role, "disruption_new"),
        "form": form,
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    return render(request, "office/ticket_changes/missed_coach.html", context, status=status)
