import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.errors import Refusal
from bookings.domain.sales.departure_page import DepartureView, departure_view, hold_ride, seats_unchanged
from bookings.passenger.forms.departure_query import RideAsked, read_refs, read_ride, ticked_seats
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private, render_page
from bookings.web.visitor import forget_visitor, network_key, visitor_key

_MAP = "seat-map"


@public
@require_http_methods(["GET", "HEAD", "POST"])
def departure(request: HttpRequest, schedule_id: str) -> HttpResponse:
    if request.method == "GET" and request.htmx.target == _MAP and _unchanged(request, int(schedule_id)):
        return private(HttpResponse(status=204))
    asked = read_ride(int(schedule_id), request.GET)
    if request.method == "POST":
        return _hold(request, asked)
    return _page(request, asked, status=422 if asked.problem else 200)


def _unchanged(request: HttpRequest, schedule_id: int) -> bool:
    rev = request.GET.get("rev", "")
    return bool(rev) and seats_unchanged(schedule_id, *read_refs(request.GET), rev, now=timezone.now())


def _hold(request: HttpRequest, asked: RideAsked) -> HttpResponse:
    enforce_limit(request, "hold")
    labels, wants_any = ticked_seats(request.POST), request.POST.get("choose") == "any"
    if wants_any:
        asked = asked.sized(_typed_number(request.POST.get("passengers", ""), asked.party.size))
    if asked.problem:
        return _page(request, asked, ticked=labels, status=422)
    seats = asked.party.size if wants_any else len(set(labels))
    choice: dict[str, Any] = {"count": seats, "fare_class": request.POST.get("class", "")[:30]} if wants_any else {"labels": labels}
    who = {"owner": visitor_key(request, create=True), "network": network_key(request)}
    try:
        held = hold_ride(asked.schedule_id, asked.from_ref, asked.to_ref, **choice, **who, token=asked.hold, types=asked.types(seats))
    except Refusal as refusal:
        forget_visitor(request)
        return _page(request, asked, ticked=labels, refusal=refusal, status=refusal.status)
    if held.seats < asked.party.size:
        words = _("You chose fewer seats than passengers: %(seats)d of %(party)d. Choose again if somebody is missing.")
        messages.warning(request, words % {"seats": held.seats, "party": asked.party.size})
    if asked.return_day and not asked.hold:
        asked = asked.sized(held.seats)
        return redirect(asked.search_address(held.to_city, held.from_city, asked.return_day, hold=held.token, **{"return": None}))
    return redirect("passenger:checkout", held.token)


def _page(
    request: HttpRequest, asked: RideAsked, *, ticked: list[str] | None = None, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    view = departure_view(asked.schedule_id, asked.from_ref, asked.to_ref, now=timezone.now(), owner=visitor_key(request), hold=asked.hold)
    if ticked is None:
        ticked = ticked_seats(request.GET) if "rev" in request.GET else view.seats.mine
    free = {seat.label for seat in view.seats.seats if seat.is_choosable}
    context = {
        "view": view,
        "asked": asked,
        "refusal": counted(refusal),
        "ticked": [label for label in ticked if label in free],
        "lost": [label for label in ticked if label not in free] if not refusal else [],
        "others": asked.search_address(view.from_city, view.to_city, view.day),
        "fares": _fares(view, asked),
        "hold_minutes": max(1, int(settings.HOLD_MINUTES)),
        "near": [label for label in getattr(refusal, "nearest", []) if label in free],
    }
    return private(
        render_page(request, "passenger/departure.html", context, fragment="passenger/_seat_map.html", target=_MAP, status=status)
    )


def _fares(view: DepartureView, asked: RideAsked) -> str:
    """What the page's script adds up: the fare of each passenger on a seat of each class."""
    return json.dumps({each.code: [each.fares[slug] for slug in asked.types(9)] for each in view.seats.classes})


def _typed_number(text: str, default: int) -> int:
    text = text.strip()
    return default if not text else int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
