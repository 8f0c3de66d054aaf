"""One screen, one address, step by step.

Places and day, departure, seats, names and money. The state is in the address and the hold.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import NotFound, Refusal
from bookings.base.params import read_int
from bookings.domain.counter.reservations import reserve
from bookings.domain.counter.sale import (
    Sale,
    give_back,
    keep_seats,
    sell_now,
    take_over,
)
from bookings.domain.counter.sale_page import (
    held_sale,
    owed_order,
    segment_view,
)
from bookings.domain.counter.standby import sell_standby
from bookings.domain.counter.tender import Tender, rest_due
from bookings.domain.network.places import find_places
from bookings.domain.sales.voucher_payments import voucher_part
from bookings.models import VOUCHER, Account, Order, SaleStatus, Shift
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.sale import PayForm, read_seats
from bookings.office.forms.sale_query import (
    SaleQuery,
    held_people,
    picked_segment,
    read_sale_query,
    standby_people,
    type_names,
)
from bookings.office.forms.tender import TenderForm
from bookings.office.views.sale_form import held_form, sale_of, typed_form
from bookings.office.views.sale_screen import sale_screen
from bookings.web.voucher_codes import slow_guesses_of


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sell(request: StaffRequest) -> HttpResponse:
    shift = Shift.objects.open_of(request.user)
    if shift is None:
        return render(
            request, "office/sale/till_closed.html", status=409 if request.method == "POST" else 200
        )
    query = read_sale_query(request.GET)
    if request.method != "POST":
        return sale_screen(request, query)
    act = _ACTIONS.get(request.POST.get("action", "").partition(":")[0], _again)
    return act(request, query, shift)


@staff
@require_safe
def places(request: StaffRequest) -> HttpResponse:
    matches = find_places(request.GET.get("q", "")[:80], 6)
    return render(request, "office/sale/_places.html", {"places": matches})


def _again(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    return redirect(query.address())


def _pick(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    segment = picked_segment(request.POST)
    return redirect(query.address(ride=segment, page="") if segment else query.list_address)


def _seats(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    typed = request.POST.get("wanted", "")
    if query.segment is None:
        return redirect(query.list_address)
    seats = read_seats(typed, request.POST.getlist("seats"), query.segment)
    seats = replace(
        seats,
        wheelchairs=int("wheelchair" in request.POST),
        laps=read_int(request.POST.get("laps", ""), most=9),
    )
    try:
        hold = keep_seats(seats, clerk=request.user, hold=query.hold)
    except Refusal as refusal:
        return sale_screen(
            request,
            query,
            refusal=refusal,
            typed=typed,
            ticked=seats.labels,
            wheelchair=seats.wheelchairs,
            laps=seats.laps,
        )
    back = query.search.get("return")
    if back and not query.hold:
        turned = {
            "from": query.search.get("to"),
            "to": query.search.get("from"),
            "date": back,
            "return": "",
            "ride": "",
        }
        return redirect(query.address(**turned, hold=hold.token))
    return redirect(SaleQuery({}).address(hold=hold.token))


def _back(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    """To the seats of the trip that was chosen last; the names stay."""
    view = held_sale(query.hold, clerk=request.user, now=timezone.now())
    held_form(request, query, view)
    trip = view.trips[-1]
    return redirect(SaleQuery({}).address(hold=query.hold, ride=trip.ref))


def _drop(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    """The seats are free again; on to the other departures of that day."""
    if query.hold:
        give_back(query.hold, clerk=request.user)
    search = {name: request.POST.get(name, "")[:160] for name in ("from", "to", "date")}
    return redirect(SaleQuery({name: text for name, text in search.items() if text}).address())


def _pay(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    view = held_sale(query.hold, clerk=request.user, now=timezone.now())
    if view.order_token:
        return _ordered(view.order_token)
    form = PayForm(held_people(view), type_names(), request.POST, country=view.country)
    if not form.is_valid() or form.cleaned_data["promo_code"] or view.promo.code:
        form = held_form(request, query, view)
    if form.errors or form.promo.refusal:
        return sale_screen(request, query, form=form, status=422)
    if not form.is_as_shown:
        return sale_screen(request, query, form=form)
    if form.is_awaited or request.POST["action"] == "reserve":
        return _reserve(request, query, shift, form)
    try:
        tender = form.signed(request)
        sale = sale_of(form, tender, query)
        with slow_guesses_of(f"staff {request.user.pk}", has_code=form.has_voucher):
            order = sell_now(sale, shift=shift, submission=_submission(request))
    except Refusal as refusal:
        return sale_screen(request, query, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


def _promo(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    """What the promo code takes off is shown; nothing is sold yet."""
    form = typed_form(request, query)
    is_refused = isinstance(form, PayForm) and bool(form.promo.refusal)
    return sale_screen(request, query, form=form, status=422 if is_refused else 0)


def _ordered(token: str) -> HttpResponse:
    """Where a sale that was sent before has led."""
    order = Order.objects.get(token=token)
    if order.status == SaleStatus.PENDING:
        return redirect("office:reserved", order.bookings.order_by("pk")[0].booking_reference)
    return redirect("office:sold", token)


def _reserve(request: StaffRequest, query: SaleQuery, shift: Shift, form: PayForm) -> HttpResponse:
    """The seats are kept; the money, or what the parts leave of it, comes later."""
    email, phone = form.cleaned_data["contact"]
    tender = Tender(Account.EFT, parts=form.parts)
    sale = sale_of(form, tender, query)
    try:
        with slow_guesses_of(f"staff {request.user.pk}", has_code=form.has_voucher):
            order = reserve(sale, shift=shift, submission=_submission(request))
    except Refusal as refusal:
        if not email and not phone:
            form.add_error("contact", refusal.message)
        return sale_screen(request, query, form=form, refusal=refusal)
    return redirect("office:reserved", order.bookings.order_by("pk")[0].booking_reference)


def _standby(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    if query.segment is None or not query.standby:
        return redirect(query.list_address)
    view = segment_view(query.segment, clerk=request.user, now=timezone.now())
    form = PayForm(standby_people(view, query.standby), type_names(), request.POST, country=view.country)
    if not form.is_valid():
        return sale_screen(request, query, form=form, status=422)
    email, phone = form.cleaned_data["contact"]
    try:
        sale = Sale(tuple(form.passengers), form.signed(request), email=email, phone=phone)
        with slow_guesses_of(f"staff {request.user.pk}", has_code=form.has_voucher):
            order = sell_standby(query.segment, sale, shift=shift, submission=_submission(request))
    except Refusal as refusal:
        return sale_screen(request, query, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


def _split(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    """What was typed pays a part; the rest is paid another way. Nothing is booked yet."""
    form = typed_form(request, query)
    if not form.is_valid():
        return sale_screen(request, query, form=form, status=422)
    try:
        form.split(_worth(request, query, form))
        rest_due(_total(query, form), form.tendered)
    except (Refusal, NotFound) as refusal:
        return sale_screen(request, query, form=typed_form(request, query), refusal=refusal)
    return sale_screen(request, query, form=form)


def _worth(request: StaffRequest, query: SaleQuery, form: TenderForm) -> Decimal | None:
    """What a voucher whose code was typed pays of what is left; None of any other tender."""
    tender = form.tendered
    if tender.method != VOUCHER:
        return None
    with slow_guesses_of(f"staff {request.user.pk}"):
        return voucher_part(tender.reference, _total(query, form) - form.paid, now=timezone.now())


def _unpart(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    form = typed_form(request, query)
    form.remove_part(read_int(request.POST["action"].partition(":")[2], default=99, most=99))
    return sale_screen(request, query, form=form)


def _total(query: SaleQuery, form: TenderForm) -> Decimal:
    if isinstance(form, PayForm):
        return form.total
    return owed_order(query.order, now=timezone.now()).owed


def _take(request: StaffRequest, query: SaleQuery, shift: Shift) -> HttpResponse:
    """The money for an order that was made elsewhere and is paid here."""
    form = TenderForm(request.POST)
    if not form.is_valid():
        return sale_screen(request, query, form=form, status=422)
    try:
        with slow_guesses_of(f"staff {request.user.pk}", has_code=form.has_voucher):
            order = take_over(query.order, form.signed(request), shift=shift, submission=_submission(request))
    except (Refusal, NotFound) as refusal:
        return sale_screen(request, query, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


_ACTIONS: Final = {
    "pick": _pick,
    "seats": _seats,
    "back": _back,
    "drop": _drop,
    "pay": _pay,
    "reserve": _pay,
    "promo": _promo,
    "standby": _standby,
    "take": _take,
    "split": _split,
    "unpart": _unpart,
}


def _submission(request: StaffRequest) -> str:
    return request.POST.get("submission", "")[:80]
