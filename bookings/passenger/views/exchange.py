"""Changing the trip: each page shows its quote first and does nothing before that is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.codes import random_token
from bookings.base.errors import Refusal, RuleBroken
from bookings.base.params import read_ids
from bookings.domain.fares.prices import fare_classes
from bookings.domain.sales.exchange_page import ChangePage, own_tickets, party_page, trip_page
from bookings.domain.sales.exchange_payments import pay_change
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchange_requests import confirm_change, give_up_change, request_called
from bookings.domain.sales.exchange_terms import Change
from bookings.domain.sales.gateways import offered_ways
from bookings.domain.sales.party_changes import LuggageOfParty, NamesChange, SeatsChange
from bookings.domain.search.offers import Offer
from bookings.domain.tickets.booking_files import order_of_reference
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Channel, ExchangeRequest
from bookings.passenger.forms.departure_query import ticked_seats
from bookings.passenger.forms.exchange import (
    assigned_seats,
    day_in,
    names_in,
    pieces_in,
    quoted_in,
)
from bookings.passenger.views.booking import not_own_booking
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private, render_page
from bookings.web.visitor import may_manage, network_key

_FORM = require_http_methods(["GET", "HEAD", "POST"])
Page = Callable[[Refusal | None], HttpResponse]


def _may_change(request: HttpRequest, reference: str) -> bool:
    order = order_of_reference(reference)
    return order is not None and may_manage(request, order.order_id, order.contact_version)


@public
@_FORM
def change_trip(request: HttpRequest, reference: str) -> HttpResponse:
    """Another day or time: who and which departure, then the quote, with seats of one's choice or any."""
    if not _may_change(request, reference):
        return not_own_booking(request, reference)
    given = request.POST if request.method == "POST" else request.GET
    ids = read_ids(given.getlist("tickets")) if "tickets" in given or "asked" in given else None
    to, fare_class = SegmentRef.read(given.get("ride", "")), given.get("class", "")[:30]
    labels = ticked_seats(given)
    change = None
    if to and ids != []:
        change = TripChange(reference, to, ids, labels, fare_class=fare_class, channel=Channel.WEB)
    try:
        day, wrong_day = day_in(given), None
    except Refusal as refusal:
        day, wrong_day = None, refusal

    def page(refusal: Refusal | None) -> HttpResponse:
        view = trip_page(change, reference=reference, day=day, ids=ids, now=timezone.now())
        extra = {
            "ride": str(to) if to else "",
            "chosen_class": fare_class,
            "ticked": labels or (view.quote.labels if view.quote else ()),
            "offers": _offer_rows(view, to),
        }
        return _page(request, "trip", view, refusal or wrong_day, extra)

    if request.method == "POST" and change:
        return _confirm(request, change, page)
    return page(None)


def _offer_rows(view: ChangePage, to: SegmentRef | None) -> list[tuple[Offer, str, bool]]:
    """Each departure, with what says that it is the chosen one, and whether it is sold out."""
    chosen = to.schedule_id if to else None
    return [
        (offer, "true" if offer.schedule_id == chosen else "", offer.state == "sold_out")
        for offer in view.offers
    ]


@public
@_FORM
def change_seats(request: HttpRequest, reference: str) -> HttpResponse:
    """Other seats or another class on the same coach, for some or all."""
    if not _may_change(request, reference):
        return not_own_booking(request, reference)
    given = request.POST if request.method == "POST" else request.GET
    ids = read_ids(given.getlist("tickets")) if "tickets" in given or "asked" in given else None
    _booking, tickets = own_tickets(reference, now=timezone.now())
    chosen = [ticket for ticket in tickets if ticket.seat and (ids is None or ticket.pk in ids)]
    fare_class, labels = given.get("class", "")[:30], ticked_seats(given)
    seats = assigned_seats(chosen, [] if fare_class else labels)  # of a class: any together
    is_typed = request.method == "POST" and bool(fare_class or labels)
    change = SeatsChange(reference, seats, fare_class=fare_class) if is_typed else None

    def page(refusal: Refusal | None) -> HttpResponse:
        view = party_page(reference, change, ids=ids, with_seats=True, now=timezone.now())
        ticked = labels or [ticket.seat.label for ticket in chosen if ticket.seat]
        return _page(request, "seats", view, refusal, {"ticked": ticked, "chosen_class": fare_class})

    if change and given.get("action") == "confirm":
        return _confirm(request, change, page)
    return page(None)


@public
@sensitive_post_parameters()
@_FORM
def change_names(request: HttpRequest, reference: str) -> HttpResponse:
    """The spelling of a name, or another person where the fare allows it."""
    if not _may_change(request, reference):
        return not_own_booking(request, reference)
    _booking, tickets = own_tickets(reference, now=timezone.now())
    names = names_in(request.POST, tickets)
    change = NamesChange(reference, names) if request.method == "POST" else None

    def page(refusal: Refusal | None) -> HttpResponse:
        view = party_page(reference, change, now=timezone.now())
        rows = [(passenger, names[passenger.ticket.pk]) for passenger in view.passengers]
        return _page(request, "names", view, refusal, {"rows": rows})

    if change and request.POST.get("action") == "confirm":
        return _confirm(request, change, page)
    return page(None)


@public
@_FORM
def change_luggage(request: HttpRequest, reference: str) -> HttpResponse:
    """More or fewer extra pieces."""
    if not _may_change(request, reference):
        return not_own_booking(request, reference)
    _booking, tickets = own_tickets(reference, now=timezone.now())
    pieces = pieces_in(request.POST, tickets)
    change = LuggageOfParty(reference, pieces) if request.method == "POST" else None

    def page(refusal: Refusal | None) -> HttpResponse:
        view = party_page(reference, change, now=timezone.now())
        rows = [
            (
                passenger,
                [
                    (price, number == pieces[passenger.ticket.pk])
                    for number, price in enumerate(passenger.prices)
                ],
            )
            for passenger in view.passengers
            if passenger.prices
        ]
        return _page(request, "luggage", view, refusal, {"rows": rows})

    if change and request.POST.get("action") == "confirm":
        return _confirm(request, change, page)
    return page(None)


def _confirm(request: HttpRequest, change: Change, page: Page) -> HttpResponse:
    quoted = quoted_in(request.POST)
    if quoted is None:
        return page(None)
    enforce_limit(request, "hold")
    try:
        made = confirm_change(
            replace(change, quoted=quoted),
            network=network_key(request),
            submission=request.POST.get("submission", "")[:80],
            content=f"{change}",
        )
        if made.status == ExchangeRequest.Status.OPEN:
            return redirect(pay_change(made.token, gateway=request.POST.get("gateway", "")[:20]))
    except Refusal as refusal:
        return page(refusal)
    messages.success(request, _("Changed. Your new tickets are here and on their way by e-mail."))
    return redirect("passenger:booking", (made.changed or made.booking).booking_reference)


def _page(
    request: HttpRequest, kind: str, view: ChangePage, refusal: Refusal | None, extra: dict[str, Any]
) -> HttpResponse:
    problem: RuleBroken | None = refusal or view.problem
    context = {
        "view": view,
        "problem": counted(problem),
        "submission": random_token(),
        "ways": offered_ways(request.POST.get("gateway", "")),
        "classes": [(row, row.code == extra.get("chosen_class")) for row in fare_classes()],
        "form": f"passenger/_change_{kind}.html",
        **extra,
    }
    response = render_page(
        request,
        "passenger/change.html",
        context,
        fragment=f"passenger/_change_{kind}.html",
        target="change",
        status=problem.status if problem else 200,
    )
    return private(response)


@public
@require_POST
def change_request(request: HttpRequest, token: str) -> HttpResponse:
    """Pay for a change that waits for its payment, or give it up."""
    waiting = request_called(token)
    order, reference = waiting.booking.order, waiting.booking.booking_reference
    if not may_manage(request, order.pk, order.contact_version):
        return not_own_booking(request, reference)
    try:
        if request.POST.get("action") != "give_up":
            return redirect(pay_change(token, gateway=request.POST.get("gateway", "")[:20]))
        give_up_change(token)
        messages.success(request, _("Your trip stays as it was."))
    except Refusal as refusal:
        messages.warning(request, counted(refusal).message)
    return redirect("passenger:booking", reference)
