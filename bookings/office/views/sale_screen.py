"""The sale's one screen at the step that its address names."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal, RuleBroken
from bookings.base.money import cents, format_zar
from bookings.domain.counter.sale_page import (
    CounterOffers,
    SegmentView,
    counter_offers,
    held_sale,
    owed_order,
    segment_view,
)
from bookings.domain.fares.prices import lap_types
from bookings.domain.sales.checkout_page import CheckoutView
from bookings.office.access import StaffRequest, branch_or_none
from bookings.office.forms.fields import tidy
from bookings.office.forms.sale import PayForm, SaleSearchForm
from bookings.office.forms.sale_query import SaleQuery, held_people, standby_people, type_names
from bookings.office.forms.tender import TenderForm
from bookings.office.presenters.seat_map import seats_to_sell
from bookings.web.places import place_choices, place_notes
from bookings.web.refusals import counted
from bookings.web.render import render_page
from bookings.web.requests import htmx_of

_SCREEN: Final = "sale"


def sale_screen(
    request: StaffRequest,
    query: SaleQuery,
    *,
    refusal: RuleBroken | None = None,
    status: int = 0,
    **typed: Any,
) -> HttpResponse:
    """The screen at the step that the address names."""
    branch = branch_or_none(request)
    typed_search = query.search if query.is_search else None
    search = SaleSearchForm(
        typed_search,
        places=reverse("office:sell_places"),
        start=branch.city.name if branch else "",
        now=timezone.now(),
    )
    step: dict[str, Any] = {}
    try:
        step = _step(request, query, search, typed)
    except (Refusal, NotFound) as problem:
        refusal = problem  # what the address names is gone: the screen says so and stays usable
    status = status or (refusal.status if refusal else 422 if search.errors else 200)
    if status == 404 and htmx_of(request):
        status = 422  # a swap takes no 404, and the screen is there
    context = {"query": query, "search": search, "step": "search", **step, "refusal": counted(refusal)}
    context["choices"] = place_choices(search, lambda name, ref: query.address(**{name: ref}))
    context["is_reference_refused"] = bool(refusal and query.order and context["step"] == "search")
    if "form" in step:
        step["form"].note_refusal(refusal if isinstance(refusal, Refusal) else None)
        _focus(step["form"], is_refused=refusal is not None)
    return render_page(
        request,
        "office/sale/sale.html",
        context,
        fragment="office/sale/_sale.html",
        target=_SCREEN,
        status=status,
    )


def _focus(form: TenderForm, *, is_refused: bool) -> None:
    """Where the clerk types next: the first name, or the money if it was refused, is paid in part or is all
    that is asked.
    """
    if is_refused or form.parts or not isinstance(form, PayForm):
        form.focus_money(is_refused=is_refused)
    else:
        form.focus_names()


def _step(
    request: StaffRequest, query: SaleQuery, search: SaleSearchForm, typed: dict[str, Any]
) -> dict[str, Any]:
    now = timezone.now()
    if query.order:
        owed = owed_order(query.order, now=now)
        return _money(
            "owed",
            request,
            typed,
            TenderForm(),
            owed=owed,
            due=owed.owed,
            action="take",
            back=SaleQuery({}).address(),
        )
    if query.segment and query.standby:
        view = segment_view(query.segment, clerk=request.user, now=now)
        people = standby_people(view, query.standby)
        return _money(
            "standby",
            request,
            typed,
            PayForm(people, type_names()),
            view=view,
            back=query.address(standby=""),
        )
    if query.segment:
        view = segment_view(query.segment, clerk=request.user, hold=query.hold, now=now)
        chosen = _seats_typed(view, typed)
        return {"step": "seats", "view": view, "decks": seats_to_sell(view.seats, chosen["ticked"]), **chosen}
    if query.is_search:
        if not search.is_valid():
            return {}
        cleaned = search.cleaned_data
        offers = counter_offers(cleaned["from"], cleaned["to"], cleaned["date"], now=now, page=query.page)
        return {
            "step": "departures",
            "offers": offers,
            "day": cleaned["date"],
            "notes": place_notes(search),
            **_list_links(query, offers, cleaned["date"]),
        }
    if query.hold:
        sale = held_sale(query.hold, clerk=request.user, now=now)
        draft = sale.draft
        form = PayForm(
            held_people(sale),
            type_names(),
            contact=draft.get("email") or draft.get("phone", ""),
            promo_code=sale.promo.code,
        )
        form.take_promo(sale.promo)
        return _money(
            "pay",
            request,
            typed,
            form,
            sale=sale,
            return_address=_return_address(query, sale),
        )
    return {}


def _list_links(query: SaleQuery, offers: CounterOffers, day: date) -> dict[str, Any]:
    return {
        "rows": [(row, query.address(ride=row.ref, page="")) for row in offers.rows],
        # What Enter alone picks: no coach that may have gone.
        "usual": next((row.number for row in offers.rows if not row.late), 1),
        "earlier": query.address(page=offers.page - 1),
        "later": query.address(page=offers.page + 1),
        "back": SaleQuery({}).address(hold=query.hold),
        "next_day": query.address(date=day + timedelta(days=1), page=""),
    }


def _return_address(query: SaleQuery, sale: CheckoutView) -> str:
    """The search for the other direction on the next day; the clerk changes the day."""
    trip = sale.trips[0]
    day = datetime.fromisoformat(trip.arrives_iso).date() + timedelta(days=1)
    ends = {"from": trip.ref.to_ref.partition("@")[0], "to": trip.ref.from_ref.partition("@")[0]}
    return query.address(**ends, date=day)


def _seats_typed(view: SegmentView, typed: dict[str, Any]) -> dict[str, Any]:
    ticked = typed.get("ticked") or view.seats.own_labels
    free = {seat.label for seat in view.seats.seats if seat.is_choosable}
    shown = typed.get("typed") or " ".join(view.seats.own_labels) or str(view.party or 1)
    return {
        "ticked": [label for label in ticked if label in free],
        "wheelchair": typed.get("wheelchair", view.wheelchairs),
        "laps": typed.get("laps", view.laps),
        "has_laps": bool(lap_types()) and not view.is_return,
        "typed": tidy({"wanted": shown})["wanted"],
    }


def _money(
    step: str, request: StaffRequest, typed: dict[str, Any], form: TenderForm, **context: Any
) -> dict[str, Any]:
    posted = request.POST.get("submission", "")[:80] if request.method == "POST" else ""
    if isinstance(typed.get("form"), type(form)):  # else another step was posted
        form = typed["form"]
    due = form.total if isinstance(form, PayForm) and "due" not in context else context["due"]
    return {
        "step": step,
        "action": step,
        "form": form,
        "submission": posted or random_token(),
        "total": format_zar(due),
        "shown": cents(due),
        "rest": format_zar(due - form.paid),
        **context,
    }
