from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import normal_code
from bookings.base.errors import TooMany
from bookings.domain.sales.booking_page import find_booking, order_status
from bookings.domain.sales.exchange_page import waiting_change
from bookings.domain.sales.gateways import offered_ways
from bookings.domain.sales.pay_later import confirm_mailbox
from bookings.domain.tickets.booking_files import (
    booking_calendar,
    booking_pdf,
    mail_found_link,
    managed_order,
    order_of_reference,
    send_again,
)
from bookings.domain.tickets.choice_links import find_open_choice
from bookings.domain.tickets.links import order_of_link
from bookings.domain.tickets.receipt_pdf import receipt_pdf
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.domain.timetable.trips import local_text
from bookings.passenger.forms.find import FindForm
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit, is_over, limit_subject
from bookings.web.render import private
from bookings.web.visitor import grant_order, may_manage

_LONGEST_FIELD: Final = 300
_GUESS_WEIGHS: Final = 5
_KEPT_AFTER_ARRIVAL: Final = timedelta(hours=24)  # a ticket on the passenger's device


@public
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Reference and surname show the little that is safe to show; the rest needs the mailed link."""
    if request.method != "POST":
        return _find_page(request, FindForm(initial={"reference": request.GET.get("reference", "")[:20]}))
    form = FindForm({name: request.POST.get(name, "")[:_LONGEST_FIELD] for name in ("reference", "proof")})
    if not form.is_valid():
        return _find_page(request, form, status=422)
    reference, proof = form.cleaned_data["reference"], form.cleaned_data["proof"]
    by_reference = f"reference {normal_code(reference)[:20]}"
    asks_for_mail = request.POST.get("action") == "mail"
    try:
        counted = enforce_limit(request, "find", by_reference)
        if asks_for_mail:
            enforce_limit(request, "resend")
    except TooMany as problem:
        return _slowed(request, form, by_reference, problem)
    booking = find_booking(reference, proof, now=timezone.now())
    if asks_for_mail:
        if booking:
            _mail_link(by_reference, booking.order_id)
        return private(render(request, "passenger/link_sent.html"))
    if booking is None:
        if is_over(
            "find_all", "everybody"
        ):  # somebody guesses from many networks: each is slowed down, and no owner locked out
            counted.weigh(_GUESS_WEIGHS - 1)
        return _refused(request, form)
    counted.forgive()
    if may_manage(request, booking.order_id, booking.contact_version):
        return redirect("passenger:booking", booking.reference)
    return private(render(request, "passenger/find_result.html", {"booking": booking, "form": form}))


def _mail_link(by_reference: str, order_id: int) -> None:
    """Raises TooMany. Only who knows the booking counts against it: no stranger can use up its mails."""
    limit_subject("resend", by_reference, settings.RATE_LIMITS["resend"])
    mail_found_link(order_id, now=timezone.now())


def _slowed(request: HttpRequest, form: FindForm, by_reference: str, problem: TooMany) -> HttpResponse:
    """Right and wrong look alike, so that nobody learns anything by going on; but other people's guesses must
    not keep the owner from the booking: with the right details the link goes to its own address.
    """
    booking = find_booking(form.cleaned_data["reference"], form.cleaned_data["proof"], now=timezone.now())
    if booking:
        with suppress(TooMany):
            _mail_link(by_reference, booking.order_id)
    response = _find_page(request, form, slowed=problem.message, status=problem.status)
    response["Retry-After"] = str(problem.retry_after)
    return response


def _find_page(
    request: HttpRequest, form: FindForm, *, refused: bool = False, slowed: str = "", status: int = 200
) -> HttpResponse:
    context = {"form": form, "refused": refused, "slowed": slowed}
    return private(render(request, "passenger/find.html", context, status=status))


def _refused(request: HttpRequest, form: FindForm) -> HttpResponse:
    """One answer for every failure: it must not tell whether the booking exists."""
    return _find_page(request, form, refused=True, status=404)


def own_order_id(request: HttpRequest, reference: str) -> int | None:
    """The order's id, if this browser may manage it."""
    order = order_of_reference(reference)
    return order.order_id if order and may_manage(request, order.order_id, order.contact_version) else None


def not_own_booking(request: HttpRequest, reference: str) -> HttpResponse:
    return _refused(request, FindForm(initial={"reference": reference}))


@public
@require_safe
def manage(request: HttpRequest, reference: str) -> HttpResponse:
    row, now = order_of_reference(reference), timezone.now()
    if row is None or not may_manage(request, row.order_id, row.contact_version):
        return not_own_booking(request, reference)
    order = managed_order(reference, now=now)
    context: dict[str, Any] = {
        "order": order,
        "page": order.page,
        "ways": offered_ways(),
        "as_of": local_text(now),
    }
    if order.page.is_confirmed and now < (keep_until := order.arrives_at + _KEPT_AFTER_ARRIVAL):
        context["keep_until"] = keep_until
    if row.has_request:
        context["waiting_change"] = waiting_change(row.order_id, now=now)
    if order.has_waiting:
        context["choice"] = find_open_choice(order.page.order_id)
    return private(render(request, "passenger/booking.html", context))


@public
@require_safe
def ticket_pdf(request: HttpRequest, reference: str) -> HttpResponse:
    if not own_order_id(request, reference):
        return not_own_booking(request, reference)
    return pdf_file(booking_pdf(reference), f"tickets-{reference}.pdf")


@public
@require_safe
def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    if not own_order_id(request, reference):
        return not_own_booking(request, reference)
    return _file(booking_calendar(reference), "text/calendar; charset=utf-8", f"trip-{reference}.ics")


@public
@require_safe
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    order_id = own_order_id(request, reference)
    if not order_id:
        return not_own_booking(request, reference)
    context = {"receipt": receipt_text(receipt_of(order_id)), "reference": reference}
    return private(render(request, "passenger/receipt.html", context))


@public
@require_safe
def receipt_file(request: HttpRequest, reference: str) -> HttpResponse:
    order_id = own_order_id(request, reference)
    if not order_id:
        return not_own_booking(request, reference)
    view = receipt_of(order_id)
    return pdf_file(receipt_pdf(view), f"receipt-{view.number}.pdf")


def pdf_file(content: bytes, name: str) -> HttpResponse:
    return _file(content, "application/pdf", name)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@public
@require_POST
def resend(request: HttpRequest, reference: str) -> HttpResponse:
    order_id = own_order_id(request, reference)
    if not order_id:
        return not_own_booking(request, reference)
    enforce_limit(request, "resend", f"order {order_id}")
    if send_again(order_id, now=timezone.now()):
        messages.success(request, _("A new e-mail is on its way to you."))
    else:
        messages.info(request, _("An e-mail is already on its way to you; please allow a minute."))
    return redirect("passenger:booking", reference)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def keep_seats(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mail to somebody who pays later leads: programs that look at mails open links, so only the
    button says that a person has read it.
    """
    order = order_of_link(token, now=timezone.now())
    if order is None:
        return private(render(request, "passenger/link_expired.html", status=404))
    if request.method == "POST":
        order = confirm_mailbox(order.pk)
        grant_order(request, order.pk, order.contact_version)
        if order.pay_by:
            messages.success(
                request, _("Your seats are held until %(time)s.") % {"time": local_text(order.pay_by)}
            )
        return private(redirect("passenger:order_status", order.token))
    context = {"order": order_status(order.token, now=timezone.now()), "keep_address": request.path}
    return private(render(request, "passenger/keep_seats.html", context))


@public
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the mailed link for a session, and go to the address without the secret: to the booking, or with
    `?to=bank-details` to the page that takes them.
    """
    order = order_of_link(token, now=timezone.now())
    if order is None:
        return private(render(request, "passenger/link_expired.html", status=404))
    grant_order(request, order.pk, order.contact_version)
    page = "bank_details" if request.GET.get("to") == "bank-details" else "booking"
    return private(
        redirect(
            f"passenger:{page}",
            order.bookings.values_list("booking_reference", flat=True).order_by("boards_at", "pk")[0],
        )
    )
