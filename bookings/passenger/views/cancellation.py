from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.dates import full_day_text
from bookings.base.errors import Conflict
from bookings.base.money import format_zar, is_rand_and_cents, read_amount
from bookings.domain.sales.cancellation_page import cancel_view
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.vouchers import paid_for_until
from bookings.domain.tickets.booking_files import order_of_reference
from bookings.passenger.views.booking import not_own_booking
from bookings.web.access import public
from bookings.web.refusals import counted
from bookings.web.render import private, render_page
from bookings.web.visitor import may_manage


@public
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """First the quote, for all or some of the party; only a confirmed quote cancels."""
    order = order_of_reference(reference)
    if order is None or not may_manage(request, order.order_id, order.contact_version):
        return not_own_booking(request, reference)
    if request.POST.get("action") == "cancel" and _ids(request.POST.getlist("tickets")) == _ids(
        request.POST.getlist("quoted_for")
    ):
        return _cancel(request, reference)
    given = request.POST if request.method == "POST" else request.GET
    chosen = (
        _ids(given.getlist("tickets"))
        if request.method == "POST" or "tickets" in given or "asked" in given
        else None
    )
    return _page(request, reference, chosen, confirm=request.POST.get("action") == "cancel")


def _cancel(request: HttpRequest, reference: str) -> HttpResponse:
    tickets, quoted = sorted(_ids(request.POST.getlist("tickets"))), _amount(request.POST.get("quoted", ""))
    if not tickets or quoted is None:
        return _page(request, reference, set(tickets), status=422)
    try:
        cancel_booking(
            CancellationRequest(
                reference,
                ticket_ids=tickets,
                quoted=quoted,
                reason="by the customer",
                as_voucher=_is_as_voucher(request),
            ),
            submission=request.POST.get("submission", "")[:80],
            content=f"{reference} {tickets} {quoted}",
        )
    except Conflict as refusal:
        return _page(request, reference, set(tickets), refusal=refusal)
    if quoted and _is_as_voucher(request):
        message = _("Cancelled. The code of your voucher is on its way by e-mail; see below what it is for.")
    elif quoted:
        message = _("Cancelled. Your refund is %(amount)s; see below how far it is.") % {
            "amount": format_zar(quoted)
        }
    else:
        message = _("Cancelled.")
    messages.success(request, message)
    return redirect("passenger:booking", reference)


def _is_as_voucher(request: HttpRequest) -> bool:
    given = request.POST if request.method == "POST" else request.GET
    return given.get("back") == "voucher"


def _page(
    request: HttpRequest,
    reference: str,
    chosen: set[int] | None,
    *,
    refusal: Conflict | None = None,
    confirm: bool = False,
    status: int = 200,
) -> HttpResponse:
    view = cancel_view(reference, chosen, now=timezone.now())
    refusal = refusal or view.refusal
    status = refusal.status if refusal else status
    context = {
        "view": view,
        "refusal": counted(refusal),
        "confirm": confirm,
        "submission": random_token(),
        "as_voucher": _is_as_voucher(request),
        "voucher_until": full_day_text(paid_for_until(timezone.now())),
    }
    return private(
        render_page(
            request,
            "passenger/cancellation.html",
            context,
            fragment="passenger/_cancellation_quote.html",
            target="cancel-quote",
            status=status,
        )
    )


def _ids(texts: list[str]) -> set[int]:
    return {int(text) for text in texts[:100] if text.isascii() and text.isdecimal() and len(text) < 19}


def _amount(text: str) -> Decimal | None:
    try:
        amount = read_amount(text[:20])
    except ValueError:
        return None
    return amount if is_rand_and_cents(amount) and amount >= 0 else None
