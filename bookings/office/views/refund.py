"""Giving back: cancel with the frozen refund rule, void what was just sold, pay out what is owed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal
from bookings.base.money import format_zar
from bookings.domain.counter.booking_record import booking_record
from bookings.domain.counter.exchange import cancel_at_till
from bookings.domain.counter.shifts import require_shift
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.counter.void import VoidRequest, void_quote, void_sale
from bookings.domain.sales.cancellation_page import cancel_view
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.refund_state import state_text, with_state
from bookings.domain.tickets.receipt_text import method_text
from bookings.models import Booking, Shift
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import ConfirmForm, PayOutForm, VoidForm, content_of, ids_in, quoted_in
from bookings.web.refusals import counted
from bookings.web.render import render_page

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@staff
@sensitive_post_parameters()
@_FORM
def cancel(request: StaffRequest, reference: str) -> HttpResponse:
    """Some or all of a booking; the fee may be waived by a second person."""
    if request.method != "POST":
        return _cancel_page(request, reference)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, reference, form=form, status=422)
    try:
        cancelled = _cancel(request, reference, form)
    except Refusal as refusal:
        return _cancel_page(request, reference, form=form, refusal=refusal)
    messages.success(request, _cancelled_text(cancelled))
    return _to_print(cancelled.booking_reference)


def _cancelled_text(cancelled: Booking) -> str:
    """With how far its refund is, which may wait for whoever pays it out."""
    refunds = with_state(cancelled.refunds.filter(cause=f"cancel:{cancelled.pk}").order_by("pk"))
    parts = [f"{format_zar(refund.amount)}: {state_text(refund)}" for refund in refunds]
    return (
        _("Cancelled. Refund of %(refunds)s.") % {"refunds": ", ".join(parts)} if parts else _("Cancelled.")
    )


def _cancel(request: StaffRequest, reference: str, form: ConfirmForm) -> Booking:
    tickets, quoted = ids_in(request.POST), quoted_in(form)
    if not tickets:
        raise Refusal(_("Choose at least one passenger."))
    return cancel_at_till(
        CancellationRequest(
            reference,
            ticket_ids=tickets,
            quoted=quoted,
            reason=form.cleaned_data["reason"] or "at the counter",
            waiver=form.signed_waiver(request, is_waived="waive" in request.POST),
            as_voucher="as_voucher" in request.POST,
            approval=form.approval(request) if "as_voucher" in request.POST else None,
        ),
        till=form.till(request),
        submission=form.cleaned_data["submission"],
        content=content_of(reference, tickets, quoted, "as_voucher" in request.POST),
    )


def _cancel_page(
    request: StaffRequest,
    reference: str,
    *,
    form: ConfirmForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    chosen = ids_in(given) if "tickets" in given or "asked" in given else None
    view = cancel_view(reference, chosen, waived="waive" in given, now=timezone.now())
    refusal, form = refusal or view.refusal, form or ConfirmForm()
    form.note_refusal(refusal)
    context = {
        "view": view,
        # Where work goes on: who is chosen, or why it was refused.
        "lines": [(line, number == 0 and not refusal) for number, line in enumerate(view.lines)],
        "waived": "waive" in given,
        "as_voucher": "as_voucher" in given,
        "shift": Shift.objects.open_of(request.user),
        "form": form,
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    return render_page(
        request,
        "office/refund/cancellation.html",
        context,
        fragment="office/refund/_cancellation.html",
        target="cancel",
        status=refusal.status if refusal else status,
    )


@staff
@sensitive_post_parameters()
@_FORM
def void(request: StaffRequest, reference: str) -> HttpResponse:
    """The whole sale, as if it had not been; or the way to go instead."""
    form, refusal, status = (
        VoidForm(request.POST if request.method == "POST" else None),
        None,
        422 if request.method == "POST" else 200,
    )
    if form.is_valid():
        try:
            _void(request, reference, form)
        except Refusal as broken:
            refusal, status = broken, broken.status
        else:
            messages.success(request, _("Voided. Give the customer the money back now."))
            return _to_print(reference)
    form.note_refusal(refusal)
    quote = void_quote(reference, Shift.objects.open_of(request.user), now=timezone.now())
    context = {
        "quote": quote,
        "amount": format_zar(quote.amount),
        "payments": [f"{method_text(row.method)} {row.reference}".strip() for row in quote.payments],
        "reference": reference,
        "form": form,
        "refusal": counted(refusal),
    }
    return render(request, "office/refund/void.html", context | {"submission": random_token()}, status=status)


def _void(request: StaffRequest, reference: str, form: ConfirmForm) -> None:
    data, approval = form.cleaned_data, form.approval(request)
    void_sale(
        VoidRequest(reference, data["reason"], approval.approver if approval else None),
        shift=require_shift(request.user),
        submission=data["submission"],
        content=content_of(reference, data["reason"]),
    )


@staff
@sensitive_post_parameters()
@_FORM
def pay_refund(request: StaffRequest, reference: str, refund_id: int) -> HttpResponse:
    """A refund that waits for a person leaves the till."""
    record = booking_record(reference, user=request.user, now=timezone.now())
    refund = next((line for line in record.refunds if line.id == refund_id), None)
    if refund is None:
        raise NotFound(_("This refund belongs to another booking."))
    form, refusal, status = (
        PayOutForm(request.POST if request.method == "POST" else None, initial={"tender": refund.tender}),
        None,
        422 if request.method == "POST" else 200,
    )
    if form.is_valid():
        try:
            _pay_out(request, refund_id, form)
        except Refusal as broken:
            refusal, status = broken, broken.status
        else:
            messages.success(request, _("Paid out."))
            return _to_print(reference)
    form.note_refusal(refusal)
    context = {
        "refund": refund,
        "record": record,
        "reference": record.page.reference,
        "form": form,
        "refusal": counted(refusal),
    }
    return render(
        request, "office/refund/pay_refund.html", context | {"submission": random_token()}, status=status
    )


def _to_print(reference: str) -> HttpResponse:
    """The booking, with its refunds' receipts at hand."""
    return redirect(f"{reverse('office:booking', args=[reference])}?print=refunds")


def _pay_out(request: StaffRequest, refund_id: int, form: ConfirmForm) -> None:
    data = form.cleaned_data
    pay_out_refund(
        refund_id,
        Tender(data["tender"], reference=data["slip"], approval=form.approval(request)),
        shift=require_shift(request.user),
        submission=data["submission"],
        content=content_of(refund_id, data["tender"], data["slip"]),
    )
