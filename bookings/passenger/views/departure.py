import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.errors import PartyMismatch, Refusal, SeatTaken
from bookings.domain.fares.prices import fare_classes
from bookings.domain.sales.departure_page import DepartureView, departure_view, seats_unchanged
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_requested
from bookings.passenger.forms.departure_query import (
    DepartureQuery,
    party_fields,
    read_departure_query,
    read_segment,
    ticked_seats,
)
from bookings.passenger.presenters.trip_facts import OfferedTrip, trip_facts_list
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private, render_page
from bookings.web.requests import htmx_of, is_from_our_pages
from bookings.web.visitor import forget_visitor, network_key, visitor_key

_MAP = "seat-map"


@public
@require_http_methods(["GET", "HEAD", "POST"])
def departure(request: HttpRequest, schedule_id: str) -> HttpResponse:
    if request.method == "GET" and htmx_of(request).target == _MAP and _unchanged(request, int(schedule_id)):
        return private(HttpResponse(status=204))
    query = read_departure_query(int(schedule_id), request.GET)
    if request.method == "POST":
        posted = request.POST
        return _hold(request, query, choose=posted.get("choose", ""), fare_class=posted.get("class", ""))
    return _page(request, query, status=422 if query.problem else 200)


@public
@csrf_exempt  # is_from_our_pages stands in for the token
@require_POST
def book(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """Seats of our choice, right from a list of departures."""
    query = read_departure_query(int(schedule_id), request.GET)
    if not is_from_our_pages(request):
        return redirect(query.address)
    return _hold(request, query, choose="any", fare_class=request.GET.get("class", ""))


def _unchanged(request: HttpRequest, schedule_id: int) -> bool:
    rev = request.GET.get("rev", "")
    return bool(rev) and seats_unchanged(read_segment(schedule_id, request.GET), rev, now=timezone.now())


def _hold(request: HttpRequest, query: DepartureQuery, *, choose: str, fare_class: str) -> HttpResponse:
    enforce_limit(request, "hold")
    labels, is_our_choice = ticked_seats(request.POST), choose == "any"
    if choose == "party":
        query = query.with_party(request.POST)
        if not query.problem:
            return redirect(query.address_with(labels))
    query = query.sized(_typed_number(request.POST.get("passengers", ""), query.party.size))
    if query.problem:
        return _page(request, query, ticked=labels, status=422, asks_party=True)
    if is_our_choice:
        seats = SeatRequest(query.segment, count=query.party.size, fare_class=fare_class[:30])
    else:
        seats = SeatRequest(query.segment, tuple(labels))
    types = query.party.members()
    owner = visitor_key(request, create=True)
    try:
        held = hold_requested(
            seats, HoldRequest(owner, network_key(request), types=types, adds_to=query.hold)
        )
    except Refusal as refusal:
        forget_visitor(request)
        is_party = isinstance(refusal, PartyMismatch)
        return _page(
            request, query, ticked=labels, refusal=refusal, status=refusal.status, asks_party=is_party
        )
    if query.return_day and not query.hold:
        origin, destination = (call.stop.city.slug for call in (held.segment.alight, held.segment.board))
        return redirect(
            query.search_address(
                origin, destination, query.return_day, hold=held.hold.token, **{"return": None}
            )
        )
    return redirect("passenger:checkout", held.hold.token)


def _page(
    request: HttpRequest,
    query: DepartureQuery,
    *,
    ticked: list[str] | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
    asks_party: bool = False,
) -> HttpResponse:
    """`asks_party`: who travels is to be said first."""
    now = timezone.now()
    view = departure_view(query.segment, now=now, owner=visitor_key(request), hold=query.hold)
    if ticked is None:
        ticked = ticked_seats(request.GET) if "rev" in request.GET else view.seats.own_labels
    free = {seat.label for seat in view.seats.seats if seat.is_choosable}
    lost = [label for label in ticked if label not in free] if not refusal else []
    context = {
        "view": view,
        "query": query,
        "canonical": query.canonical,
        "refusal": counted(refusal),
        "ticked": [label for label in ticked if label in free],
        "lost": lost,
        "asks_party": asks_party,
        "party_fields": party_fields(query, request.POST),
        "lost_text": SeatTaken(lost).message if lost else "",
        "others": query.search_address(view.from_city, view.to_city, view.day),
        "fares": _fares(view, query),
        "hold_minutes": max(1, int(settings.HOLD_MINUTES)),
        "facts": trip_facts_list(_offered(view), now, has_route=False),
        "near": [label for label in getattr(refusal, "nearest", []) if label in free],
    }
    return private(
        render_page(
            request,
            "passenger/departure.html",
            context,
            fragment="passenger/_seat_map.html",
            target=_MAP,
            status=status,
        )
    )


def _offered(view: DepartureView) -> OfferedTrip:
    codes = {fare_class.code for fare_class in view.seats.classes}
    return OfferedTrip.of_segment(
        view.segment, [fare_class for fare_class in fare_classes() if fare_class.code in codes]
    )


def _fares(view: DepartureView, query: DepartureQuery) -> str:
    """What the page's script adds up: the fare of each passenger on a seat of each class."""
    return json.dumps(
        {
            fare_class.code: [fare_class.fares[slug] for slug in query.types(9)]
            for fare_class in view.seats.classes
        }
    )


def _typed_number(text: str, default: int) -> int:
    text = text.strip()
    return default if not text else int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
