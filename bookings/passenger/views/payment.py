from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Busy, RuleBroken
from bookings.base.money import format_zar
from bookings.base.params import read_int
from bookings.domain.sales.booking_page import OrderStatus, order_status
from bookings.domain.sales.gateways import RawNotification, offered_ways
from bookings.domain.sales.gateways.demo import attempt_to_pay, customer_decides
from bookings.domain.sales.hand_over import (
    abandon_payment,
    attempt_to_hand_over,
    get_hand_over,
    order_of_attempt,
)
from bookings.domain.sales.notifications import receive_notification
from bookings.domain.sales.payments import start_payment
from bookings.models import PaymentAttempt
from bookings.web.access import gateway, public
from bookings.web.render import private, render_page
from bookings.web.visitor import may_manage
from bookings.web.voucher_codes import VoucherForm

_MOST_BYTES: Final = 10_000
_FAST_ASKS: Final = 30  # every 2 seconds for the first minute, then slower
_ASKS_BEFORE_PAYING_AGAIN: Final = 16  # half a minute; a payment is mostly confirmed by then
_MOST_ASKS: Final = 10_000


@public
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest, token: str) -> HttpResponse:
    """Where the browser comes back to. Looking changes nothing; POST pays (again)."""
    view = order_status(token, now=timezone.now())
    if request.method == "POST" and not view.has_money:
        return redirect(start_payment(view.order_id, gateway=request.POST.get("gateway", "")))
    if request.method == "POST":  # the money came while the page still asked for it
        return redirect("passenger:order_status", token)
    if (
        view.state == "confirmed"
        and not view.buys_voucher
        and may_manage(request, view.order_id, view.contact_version)
    ):
        return redirect("passenger:booking", view.reference)
    return status_page(request, view)


def status_page(
    request: HttpRequest, view: OrderStatus, *, voucher_form: VoucherForm | None = None, status: int = 200
) -> HttpResponse:
    """How far the payment is, with the ways to pay; what was typed of a voucher stays."""
    count = read_int(request.GET.get("n", ""), default=0, most=99_999) + 1
    may_pay = view.can_pay and not (view.is_waiting and count < _ASKS_BEFORE_PAYING_AGAIN)
    page = render_page(
        request,
        "passenger/order_status.html",
        {
            "view": view,
            "count": min(count, _MOST_ASKS),
            "every": 0 if voucher_form else _interval(view, count),
            "ways": offered_ways(),
            "may_pay": may_pay,
            "voucher_form": voucher_form or VoucherForm(initial={"submission": random_token()}),
            "voucher_open": voucher_form is not None or "voucher" in request.GET,
        },
        fragment="passenger/_order_status.html",
        target="order-status",
        status=status,
    )
    return private(page)


def _interval(view: OrderStatus, count: int) -> int:
    """Seconds until the page asks again; 0 when there is nothing to wait for."""
    if not view.is_waiting:
        return 0
    return 2 if count <= _FAST_ASKS else 10


@public
@require_http_methods(["GET", "HEAD"])
def hand_over(request: HttpRequest, token: str) -> HttpResponse:
    """On to the payment gateway: to its page, or by a form whose button the script presses."""
    attempt = attempt_to_hand_over(token, now=timezone.now())
    if attempt is None:
        return redirect("passenger:order_status", order_of_attempt(token).token)
    context: dict[str, Any] = {"amount": format_zar(attempt.amount), "order": attempt.order, "token": token}
    try:
        target = get_hand_over(attempt)
    except OSError:
        context["ways"] = [way for way in offered_ways() if way.gateway != attempt.gateway]
        return private(render(request, "passenger/hand_over.html", context, status=503))
    if not target.fields:
        return private(redirect(target.address))
    return private(render(request, "passenger/hand_over.html", {**context, "target": target}))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def left_gateway(request: HttpRequest, token: str) -> HttpResponse:
    """Where a gateway sends the browser of a customer who did not want to pay. Looking changes nothing; the
    script presses the button.
    """
    if request.method == "POST":
        return redirect("passenger:order_status", abandon_payment(token).token)
    return private(render(request, "passenger/left_gateway.html", {"order": order_of_attempt(token)}))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def demo_gateway(request: HttpRequest, token: str) -> HttpResponse:
    """The demo gateway's own page. It stands for another company's site, so it shares no frame with ours."""
    if request.method == "POST":
        attempt = customer_decides(token, pays=request.POST.get("decision") == "pay")
        return redirect("passenger:order_status", attempt.order.token)
    attempt = attempt_to_pay(token)
    context: dict[str, Any] = {
        "attempt": attempt,
        "amount": format_zar(attempt.amount),
        "is_open": attempt.status == PaymentAttempt.Status.STARTED,
    }
    return private(render(request, "passenger/demo_gateway.html", context))


@gateway
@csrf_exempt
@require_POST
def notify(request: HttpRequest, gateway_name: str) -> HttpResponse:
    """A gateway's word. 200 only when it is kept.

    400 for what is not in order; 503 when it should tell us again.
    """
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BYTES:
            return _answer("too long", 400)
        peer = request.META.get("REMOTE_ADDR", "")  # past our own proxies, whose headers alone are believed
        receive_notification(gateway_name, RawNotification(request.body, request.headers, peer))
    except (Busy, OperationalError):
        return _answer("try again", 503)
    except (RuleBroken, RequestDataTooBig, ValueError):
        return _answer("refused", 400)
    return _answer("ok", 200)


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain", status=status)
