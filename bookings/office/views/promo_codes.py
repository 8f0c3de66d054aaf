"""Promo codes: listed with their uses, made, stopped."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.errors import Refusal
from bookings.base.money import ZERO
from bookings.domain.sales.promo_codes import (
    add_promo_code,
    discounts_given,
    list_promo_codes,
    stop_promo_code,
)
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.promo_codes import PromoCodeForm
from bookings.office.policy import may
from bookings.office.presenters.promo_codes import PromoCodeRow, funder_totals
from bookings.web.refusals import add_refusal


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def promo_codes(request: StaffRequest) -> HttpResponse:
    form = PromoCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        lines, classes = ([row.pk for row in data[name]] for name in ("lines", "classes"))
        try:
            promo = add_promo_code(form.promo(), lines=lines, classes=classes, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "code" if refusal.status == 409 else None, refusal)
        else:
            messages.success(request, _("Promo code %(code)s can be used now.") % {"code": promo.code})
            return redirect("office:promo_codes")
    promos = list_promo_codes()
    given = discounts_given(promos)
    context = {
        "rows": [PromoCodeRow.of(promo, given.get(promo.pk, ZERO)) for promo in promos],
        "totals": funder_totals(promos, given),
        "form": form,
        "may_change": may(request.user.role, "promo_codes", "POST"),
    }
    return render(request, "office/promo_codes.html", context, status=422 if form.errors else 200)


@staff
@require_POST
def stop(request: StaffRequest, promo_id: int) -> HttpResponse:
    """No more orders from now on; a second click changes nothing."""
    promo = stop_promo_code(promo_id, actor=request.user)
    messages.success(request, _("Promo code %(code)s is stopped.") % {"code": promo.code})
    return redirect("office:promo_codes")
