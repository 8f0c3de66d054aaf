"""What is left on a voucher, and paying with one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal, TooMany
from bookings.base.money import format_zar
from bookings.domain.sales.booking_page import order_status
from bookings.domain.sales.voucher_page import voucher_balance
from bookings.domain.sales.voucher_payments import VoucherPayment, pay_with_voucher
from bookings.passenger.presenters.vouchers import BalanceText
from bookings.passenger.views.payment import status_page
from bookings.web.access import public
from bookings.web.refusals import add_refusal
from bookings.web.render import private
from bookings.web.voucher_codes import VoucherForm, slow_guesses


@public
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: HttpRequest) -> HttpResponse:
    """The code is posted and never in an address; only who has it sees anything."""
    form = VoucherForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    status = 200
    if form.is_valid():
        try:
            with slow_guesses(request):
                voucher = voucher_balance(form.cleaned_data["voucher_code"], now=timezone.now())
            context["voucher"] = BalanceText.of(voucher)
        except (Refusal, TooMany) as problem:
            add_refusal(form, "voucher_code", problem)
            status = problem.status
    elif form.is_bound:
        status = 422
    return private(render(request, "passenger/voucher.html", context, status=status))


@public
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Pay an order as far as a voucher goes; what is left is paid on the page of the order."""
    view = order_status(token, now=timezone.now())
    if request.method != "POST" or not view.can_pay:
        return redirect("passenger:order_status", token)
    form = VoucherForm(request.POST)
    if not form.is_valid():
        return status_page(request, view, voucher_form=form, status=422)
    try:
        with slow_guesses(request):
            paid = pay_with_voucher(
                view.order_id,
                form.cleaned_data["voucher_code"],
                submission=form.cleaned_data["submission"] or random_token(),
            )
    except (Refusal, TooMany) as problem:
        add_refusal(form, "voucher_code", problem)
        return status_page(request, view, voucher_form=form, status=problem.status)
    messages.success(request, _paid_text(paid))
    return redirect("passenger:order_status", token)


def _paid_text(paid: VoucherPayment) -> str:
    amounts = {"amount": format_zar(paid.amount), "owed": format_zar(paid.owed)}
    if paid.owed:
        return _("Your voucher has paid %(amount)s. %(owed)s is left to pay.") % amounts
    return _("Your voucher has paid %(amount)s.") % amounts
