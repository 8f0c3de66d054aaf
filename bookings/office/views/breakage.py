"""What lapsed on vouchers that were paid for, and a manager's posting of it to revenue."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.domain.sales.breakage import lapsed_total, lapsed_vouchers, post_breakage
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.vouchers import BreakageForm
from bookings.office.policy import may
from bookings.office.presenters.vouchers import VoucherRow
from bookings.web.refusals import add_refusal

_SHOWN = 100


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def breakage(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    total = lapsed_total(now=now)
    may_post = may(request.user.role, "breakage", "POST")
    fresh = {"submission": random_token(), "total": total}
    form = BreakageForm(request.POST if request.method == "POST" else None, initial=fresh)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        try:
            posted = post_breakage(
                total=data["total"],
                reason=data["reason"],
                actor=request.user,
                submission=data["submission"],
            )
        except Refusal as refusal:
            form = BreakageForm({**request.POST.dict(), "total": total})
            add_refusal(form, None, refusal)
            status = refusal.status
        else:
            messages.success(request, _("%(amount)s posted.") % {"amount": format_zar(posted)})
            return redirect("office:breakage")
    rows = lapsed_vouchers(now=now).order_by("valid_until", "pk")[:_SHOWN]
    context = {
        "form": form,
        "total": format_zar(total) if total else "",
        "rows": [VoucherRow.of(voucher) for voucher in rows],
        "may_post": may_post,
    }
    return render(request, "office/vouchers/breakage.html", context, status=status)
