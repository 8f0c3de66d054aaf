import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.errors import PartyMismatch, Refusal, SeatTaken, SoldOut
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.prices import fare_classes
from bookings.domain.inventory.seats import seat_map_revision
from bookings.domain.sales.departure_page import DepartureView, departure_view
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.timetable.segments import Segment, get_segment
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
    # First of all, as it brings the version by which the rest is cached
    segment = get_segment(read_segment(int(schedule_id), request.GET))
    if request.method == "GET" and htmx_of(request).target == _MAP and _is_unchanged(request, segment):
        return private(HttpResponse(status=204))
    query = read_departure_query(int(schedule_id), request.GET)
    if request.method == "POST":
        posted = request.POST
        choose, fare_class = posted.get("choose", ""), posted.get("class", "")
        return _hold(request, segment, query, choose=choose, fare_class=fare_class)
    return _page(request, segment, query)


@public
@csrf_exempt  # is_from_our_pages stands in for the token
@require_POST
def book(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """Seats of our choice, right from a list of departures."""
    if not is_from_our_pages(request):
        return redirect(read_departure_query(int(schedule_id), request.GET).address)
    segment = get_segment(read_segment(int(schedule_id), request.GET))
    query = read_departure_query(int(schedule_id), request.GET)
    return _hold(request, segment, query, choose="any", fare_class=request.GET.get("class", ""))


def _is_unchanged(request: HttpRequest, segment: Segment) -> bool:
    """Whether the seat map of an open page is still right: one small query, as it asks again and again."""
    rev = request.GET.get("rev", "")
    return bool(rev) and rev == seat_map_revision(segment, timezone.now())


def _hold(
    request: HttpRequest, segment: Segment, query: DepartureQuery, *, choose: str, fare_class: str
) -> HttpResponse:
    enforce_limit(request, "hold")
    labels, is_our_choice = ticked_seats(request.POST), choose == "any"
    if choose == "party":
        query = query.with_party(request.POST)
        if not query.problem:
            return redirect(query.address_with(labels))
    travellers = _typed_number(request.POST.get("passengers", ""), query.party.travellers)
    if travellers != query.party.travellers:
        query = query.sized(travellers)
    if query.problem:
        return _page(request, segment, query, ticked=labels)
    hold_request = HoldRequest(
        visitor_key(request, create=True),
        network_key(request),
        types=query.party.members(),
        adds_to=query.hold,
        wheelchairs=query.party.wheelchairs,
        laps=query.party.lap_members(),
    )
    try:
        if is_our_choice:
            hold = hold_any(segment, query.party.size, hold_request, fare_class=fare_class[:30])
        else:
            hold = hold_seats(segment, labels, hold_request)
    except Refusal as refusal:
        forget_visitor(request)
        changed = get_segment(query.segment)  # by whatever has led to the refusal
        return _page(request, changed, query, ticked=labels, refusal=refusal)
    if query.return_day and not query.hold:
        origin, destination = (call.stop.city.slug for call in (segment.alight, segment.board))
        return redirect(
            query.search_address(origin, destination, query.return_day, hold=hold.token, **{"return": None})
        )
    return redirect("passenger:checkout", hold.token)


def _page(
    request: HttpRequest,
    segment: Segment,
    query: DepartureQuery,
    *,
    ticked: list[str] | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    now = timezone.now()
    is_wrong_party = isinstance(refusal, PartyMismatch) or bool(request.method == "POST" and query.problem)
    view = departure_view(
        segment,
        now=now,
        owner=visitor_key(request),
        hold=query.hold,
        wheelchairs=query.party.wheelchairs,
    )
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
        "is_short": isinstance(refusal, SoldOut),  # fewer seats than passengers
        "asks_party": is_wrong_party,  # who travels is to be said first
        "party_fields": party_fields(query, request.POST),
        "lost_text": SeatTaken(lost).message if lost else "",
        "others": query.search_address(view.from_city, view.to_city, view.day),
        "fares": _fares(view, query),
        "hold_minutes": max(1, int(company_settings.hold_minutes)),
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
            status=refusal.status if refusal else 422 if query.problem else 200,
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
