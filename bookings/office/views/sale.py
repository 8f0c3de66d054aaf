"""One screen, one address, step by step: places and day, departure, seats, names and money. The state is in the address and the hold."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal, RuleBroken
from bookings.domain.counter.sale import RideWanted, Sale, give_back, keep_seats, keep_typed, sell_now, take_over
from bookings.domain.counter.sale_page import CounterOffers, RideView, counter_offers, held_sale, owed_order, ride_view
from bookings.domain.counter.standby import sell_standby
from bookings.domain.network.places import find_places
from bookings.domain.sales.checkout_page import CheckoutView
from bookings.models import Shift
from bookings.office.access import StaffRequest, branch_or_none, staff
from bookings.office.forms.sale import PayForm, SearchForm, TenderForm, read_seats, tidy
from bookings.office.forms.sale_query import Asked, held_people, picked_ride, read_asked, standby_people, type_names
from bookings.web.refusals import counted
from bookings.web.render import render_page

_SCREEN: Final = "sell"


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def sell(request: StaffRequest) -> HttpResponse:
    shift = Shift.objects.open_of(request.user)
    if shift is None:
        return render(request, "office/sale/till_closed.html", status=409 if request.method == "POST" else 200)
    asked = read_asked(request.GET)
    if request.method != "POST":
        return _show(request, asked)
    act = _ACTIONS.get(request.POST.get("action", ""), _again)
    return act(request, asked, shift)


@staff
@require_safe
def places(request: StaffRequest) -> HttpResponse:
    found = find_places(request.GET.get("q", "")[:80], 6)
    return render(request, "office/sale/_places.html", {"places": found})


def _again(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    return redirect(asked.address())


def _pick(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    chosen = asked.with_ride(picked_ride(request.POST))
    return redirect(chosen.address(page="") if chosen.ride else asked.list_address)


def _seats(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    wanted, typed = asked.wanted, request.POST.get("wanted", "")
    if wanted is None:
        return redirect(asked.list_address)
    seats = read_seats(typed, request.POST.getlist("seats"))
    ride = RideWanted(wanted.schedule_id, wanted.from_ref, wanted.to_ref, seats.labels, seats.count)
    try:
        hold = keep_seats(ride, clerk=request.user, hold=asked.hold)
    except Refusal as refusal:
        return _show(request, asked, refusal=refusal, typed=typed, ticked=seats.labels)
    back = asked.words.get("return")
    if back and not asked.hold:
        turned = {"from": asked.words.get("to"), "to": asked.words.get("from"), "date": back, "return": "", "ride": ""}
        return redirect(asked.address(**turned, hold=hold.token))
    return redirect(Asked({}).address(hold=hold.token))


def _back(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    """To the seats of the ride that was chosen last; the names stay."""
    view = held_sale(asked.hold, clerk=request.user, now=timezone.now())
    form = PayForm(held_people(view), type_names(), request.POST)
    keep_typed(asked.hold, clerk=request.user, **form.draft())
    trip = view.trips[-1]
    return redirect(Asked({}).address(hold=asked.hold, ride=f"{trip.schedule_id}|{trip.from_ref}|{trip.to_ref}"))


def _drop(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    """The seats are free again; on to the other departures of that day."""
    if asked.hold:
        give_back(asked.hold, clerk=request.user)
    words = {name: request.POST.get(name, "")[:160] for name in ("from", "to", "date")}
    return redirect(Asked({name: word for name, word in words.items() if word}).address())


def _pay(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    view = held_sale(asked.hold, clerk=request.user, now=timezone.now())
    if view.order_token:
        return redirect("office:sold", view.order_token)
    form = PayForm(held_people(view), type_names(), request.POST)
    if not form.is_valid():
        keep_typed(asked.hold, clerk=request.user, **form.draft())
        return _show(request, asked, form=form, status=422)
    email, phone = form.cleaned_data["contact"]
    sale = Sale(tuple(form.passengers), form.tendered, asked.hold, email=email, phone=phone)
    try:
        order = sell_now(sale, shift=shift, submission=_submission(request))
    except Refusal as refusal:
        return _show(request, asked, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


def _standby(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    wanted = asked.wanted
    if wanted is None or not asked.standby:
        return redirect(asked.list_address)
    view = ride_view(wanted, clerk=request.user, now=timezone.now())
    form = PayForm(standby_people(view, asked.standby), type_names(), request.POST)
    if not form.is_valid():
        return _show(request, asked, form=form, status=422)
    email, phone = form.cleaned_data["contact"]
    options = {"shift": shift, "submission": _submission(request), "email": email, "phone": phone}
    try:
        order = sell_standby(wanted, form.passengers, form.tendered, **options)
    except Refusal as refusal:
        return _show(request, asked, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


def _take(request: StaffRequest, asked: Asked, shift: Shift) -> HttpResponse:
    """The money for an order that was made elsewhere and is paid here."""
    form = TenderForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, form=form, status=422)
    try:
        order = take_over(asked.order, form.tendered, shift=shift, submission=_submission(request))
    except (Refusal, NotFound) as refusal:
        return _show(request, asked, form=form, refusal=refusal)
    return redirect("office:sold", order.token)


_ACTIONS: Final = {"pick": _pick, "seats": _seats, "back": _back, "drop": _drop, "pay": _pay, "standby": _standby, "take": _take}


def _submission(request: StaffRequest) -> str:
    return request.POST.get("submission", "")[:80]


def _show(request: StaffRequest, asked: Asked, *, refusal: RuleBroken | None = None, status: int = 0, **typed: Any) -> HttpResponse:
    """The screen at the step that the address names."""
    branch = branch_or_none(request)
    words = asked.words if asked.is_search else None
    search = SearchForm(words, places=reverse("office:sell_places"), start=branch.city.name if branch else "", now=timezone.now())
    step: dict[str, Any] = {}
    try:
        step = _step(request, asked, search, typed)
    except (Refusal, NotFound) as problem:
        refusal = problem  # what the address names is gone: the screen says so and stays usable
    status = status or (refusal.status if refusal else 422 if search.errors else 200)
    if status == 404 and request.htmx:
        status = 422  # a swap takes no 404, and the screen is there
    context = {"asked": asked, "search": search, "step": "search", **step, "refusal": counted(refusal)}
    return render_page(request, "office/sale/sale.html", context, fragment="office/sale/_sale.html", target=_SCREEN, status=status)


def _step(request: StaffRequest, asked: Asked, search: SearchForm, typed: dict[str, Any]) -> dict[str, Any]:
    now, wanted = timezone.now(), asked.wanted
    if asked.order:
        return _money("owed", request, typed, TenderForm(), owed=owed_order(asked.order, now=now))
    if wanted and asked.standby:
        view = ride_view(wanted, clerk=request.user, now=now)
        people = standby_people(view, asked.standby)
        return _money("standby", request, typed, PayForm(people, type_names()), view=view, not_standby=asked.address(standby=""))
    if wanted:
        view = ride_view(wanted, clerk=request.user, hold=asked.hold, now=now)
        return {"step": "seats", "view": view, **_seats_typed(view, typed)}
    if asked.is_search:
        if not search.is_valid():
            return {}
        cleaned = search.cleaned_data
        offers = counter_offers(cleaned["from"], cleaned["to"], cleaned["date"], now=now, page=asked.page)
        return {"step": "departures", "offers": offers, "day": cleaned["date"], **_list_links(asked, offers, cleaned["date"])}
    if asked.hold:
        sale = held_sale(asked.hold, clerk=request.user, now=now)
        draft = sale.draft
        form = PayForm(held_people(sale), type_names(), contact=draft.get("email") or draft.get("phone", ""))
        return _money("pay", request, typed, form, sale=sale, way_back=_way_back(asked, sale))
    return {}


def _list_links(asked: Asked, offers: CounterOffers, day: date) -> dict[str, Any]:
    return {
        "rows": [(row, asked.address(ride=row.ride, page="")) for row in offers.rows],
        "earlier": asked.address(page=offers.page - 1),
        "later": asked.address(page=offers.page + 1),
        "next_day": asked.address(date=day + timedelta(days=1), page=""),
    }


def _way_back(asked: Asked, sale: CheckoutView) -> str:
    """The search for the other direction on the next day; the clerk changes the day."""
    trip = sale.trips[0]
    day = datetime.fromisoformat(trip.arrives_iso).date() + timedelta(days=1)
    ends = {"from": trip.to_ref.partition("@")[0], "to": trip.from_ref.partition("@")[0]}
    return asked.address(**ends, date=day)


def _seats_typed(view: RideView, typed: dict[str, Any]) -> dict[str, Any]:
    ticked = typed.get("ticked") or view.seats.mine
    free = {seat.label for seat in view.seats.seats if seat.is_choosable}
    shown = typed.get("typed") or " ".join(view.seats.mine) or str(view.party or 1)
    return {"ticked": [label for label in ticked if label in free], "typed": tidy({"wanted": shown})["wanted"]}


def _money(step: str, request: StaffRequest, typed: dict[str, Any], form: TenderForm, **context: Any) -> dict[str, Any]:
    posted = request.POST.get("submission", "")[:80] if request.method == "POST" else ""
    return {"step": step, "form": typed.get("form") or form, "submission": posted or random_token(), **context}
