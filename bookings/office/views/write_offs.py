"""Differences of a day that are written off, and write-offs that are taken back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.domain.reconciliation.write_offs import WriteOffRequest, take_back_write_off, write_off
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.write_offs import TakeBackForm, WriteOffForm
from bookings.office.presenters.reconciliation import gateway_text
from bookings.office.views.reconciliation import day_or_404
from bookings.web.refusals import add_refusal


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def write_off_difference(request: StaffRequest, gateway: str, day: str) -> HttpResponse:
    """A difference of the page, or (without a subject) another amount, as a fee that no line tells of."""
    when = day_or_404(day)
    given = {name: request.GET.get(name, "")[:80] for name in ("subject", "amount")}
    form = WriteOffForm(
        request.POST if request.method == "POST" else None, initial={**given, "submission": random_token()}
    )
    refusal, status = None, 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = write_off(
                WriteOffRequest(
                    gateway,
                    when,
                    data["subject"],
                    data["amount"],
                    data["reason"],
                    form.approval_for(request, data["reason"]),
                ),
                actor=request.user,
                submission=data["submission"],
            )
        except Refusal as broken:
            refusal, status = broken, broken.status
            if not form.errors:
                add_refusal(form, None, broken)
        else:
            messages.success(request, _("%(amount)s written off.") % {"amount": format_zar(row.amount)})
            return redirect("office:reconciliation_day", gateway, day)
    form.note_refusal(refusal)
    context = {"form": form, "gateway": gateway_text(gateway), "name": gateway, "day": when}
    return render(request, "office/reconciliation/write_off.html", context, status=status)


@staff
@require_POST
def write_off_take_back(request: StaffRequest, gateway: str, day: str, write_off_id: int) -> HttpResponse:
    form = TakeBackForm(request.POST)
    try:
        if not form.is_valid():
            raise Refusal(_("Enter the reason."))
        take_back_write_off(write_off_id, reason=form.cleaned_data["reason"], actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The write-off is taken back. Its difference is open again."))
    return redirect("office:reconciliation_day", gateway, day)
