"""What is left on a voucher, and paying with one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal, TooMany
from bookings.base.money import format_zar
from bookings.domain.sales.booking_page import order_status
from bookings.domain.sales.voucher_page import voucher_balance
from bookings.domain.sales.voucher_payments import VoucherPayment, pay_with_voucher
from bookings.domain.sales.voucher_sales import VoucherOrder, VoucherReturn, order_voucher, return_voucher
from bookings.domain.tickets.receipt_pdf import receipt_pdf
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.passenger.forms.voucher_sale import VoucherOrderForm
from bookings.passenger.presenters.vouchers import BalanceText
from bookings.passenger.views.booking import pdf_file
from bookings.passenger.views.payment import status_page
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
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


@public
@require_http_methods(["GET", "HEAD", "POST"])
def buy(request: HttpRequest) -> HttpResponse:
    """A voucher is ordered, and paid on the page of the order."""
    form = VoucherOrderForm(
        request.POST if request.method == "POST" else None, initial={"submission": random_token()}
    )
    status = 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        bought = VoucherOrder(
            data["value"], data["email"], data["recipient"], data["message"], get_language() or ""
        )
        try:
            enforce_limit(request, "booking")
            order = order_voucher(bought, submission=data["submission"])
        except (Refusal, TooMany) as problem:
            add_refusal(form, "value", problem)
            status = problem.status
        else:
            return redirect("passenger:order_status", order.token)
    context = {
        "form": form,
        "least": format_zar(settings.VOUCHER_LEAST),
        "most": format_zar(settings.VOUCHER_MOST),
        "years": settings.VOUCHER_YEARS,
        "days": settings.VOUCHER_RETURN_DAYS,
    }
    return private(render(request, "passenger/voucher_sale.html", context, status=status))


@public
@require_POST
def give_back(request: HttpRequest, token: str) -> HttpResponse:
    """The buyer gives an unused voucher back; whoever has the page of the order is the buyer."""
    view = order_status(token, now=timezone.now())
    try:
        return_voucher(
            VoucherReturn(view.order_id, _("by the buyer")), actor=None, submission=f"buyer:{view.order_id}"
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request, _("You have given your voucher back. The money goes back the way you paid.")
        )
    return redirect("passenger:order_status", token)


@public
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    context = {"receipt": receipt_text(receipt_of(_voucher_order(token))), "token": token}
    return private(render(request, "passenger/receipt.html", context))


@public
@require_safe
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    view = receipt_of(_voucher_order(token))
    return pdf_file(receipt_pdf(view), f"receipt-{view.number}.pdf")


def _voucher_order(token: str) -> int:
    """That of a booking is opened by its own link alone: who travels stands on its receipt."""
    view = order_status(token, now=timezone.now())
    if not view.buys_voucher:
        raise NotFound(_("We could not find this order."))
    return view.order_id
