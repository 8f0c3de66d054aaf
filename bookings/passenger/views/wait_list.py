"""The wait list: joined from a full coach, confirmed, taken up and left by the mailed link."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.domain.network.places import get_places
from bookings.domain.sales.wait_list import (
    MOST_TRIPS,
    WaitListRequest,
    confirm_entry,
    get_entry,
    join_wait_list,
    leave_wait_list,
    party_of,
    take_offer,
    trips_of,
)
from bookings.domain.search.offers import Search, results
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.domain.timetable.trips import clock_text, trip_view
from bookings.models import WaitListEntry
from bookings.passenger.forms.departure_query import DepartureQuery, read_departure_query, read_segment
from bookings.passenger.forms.search_query import party_text
from bookings.passenger.forms.wait_list import JoinForm
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import add_refusal, counted
from bookings.web.render import private
from bookings.web.visitor import network_key, visitor_key


@public
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """For the party of the address; nothing is promised before the mailbox has answered."""
    segment = get_segment(read_segment(int(schedule_id), request.GET))
    query = read_departure_query(int(schedule_id), request.GET)
    choices = _choices(segment, query)
    initial = {"departures": [choices[0][0]], "submission": random_token()}
    form = JoinForm(request.POST if request.method == "POST" else None, choices=choices, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        enforce_limit(request, "resend", f"wait list {data['email'].lower()}")
        wait_request = WaitListRequest(data["email"], form.segments, query.party, get_language() or "en-za")
        try:
            join_wait_list(wait_request, submission=data["submission"])
        except Refusal as refusal:
            add_refusal(form, None, refusal)
            status = refusal.status
        else:
            return private(render(request, "passenger/wait_list_joined.html"))
    context = {
        "form": form,
        "trip": trip_view(segment),
        "party": query.party_text,
        "back": query.address,
        "address": request.get_full_path(),
    }
    return private(render(request, "passenger/wait_list_join.html", context, status=status))


def _choices(segment: Segment, query: DepartureQuery) -> list[tuple[str, str]]:
    """The departure itself, then what else goes that way on its day."""
    origin, destination = get_places(segment.board.stop.city.slug, segment.alight.stop.city.slug)
    search = Search(
        origin=origin, destination=destination, day=segment.boards_local.date(), party=query.party
    )
    choices = [(str(segment.ref), _label(segment.ref))]
    for offer in results(search, now=timezone.now()).offers:
        ref = SegmentRef(offer.schedule_id, offer.from_ref, offer.to_ref)
        if offer.schedule_id != segment.schedule.pk and offer.free < query.party.size:
            choices.append((str(ref), f"{offer.departs} – {offer.arrives} {offer.day_mark}".strip()))
    return choices[:MOST_TRIPS]


def _label(ref: SegmentRef) -> str:
    trip = trip_view(get_segment(ref))
    return f"{trip.departs} – {trip.arrives} {trip.day_mark}".strip()


@public
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, token: str) -> HttpResponse:
    """Opening it changes nothing: scanners of mail open every link."""
    waiting = get_entry(token)
    action = request.POST.get("action", "")
    refusal = None
    if request.method == "POST" and not waiting.end:
        try:
            if action == "take":
                owner = visitor_key(request, create=True)
                hold = take_offer(waiting.pk, owner=owner, network=network_key(request))
                return private(redirect("passenger:checkout", hold.token))
            _act(request, waiting, action)
            return private(redirect("passenger:wait_list", token))
        except Refusal as broken:
            refusal = broken
    return _page(request, waiting, token, refusal)


def _act(request: HttpRequest, waiting: WaitListEntry, action: str) -> None:
    if action == "confirm":
        confirm_entry(waiting.pk)
        messages.success(request, _("You are on the list. We mail you as soon as seats come free."))
    elif action == "leave":
        leave_wait_list(waiting.pk)
        messages.success(request, _("You have left the wait list."))


def _page(request: HttpRequest, waiting: WaitListEntry, token: str, refusal: Refusal | None) -> HttpResponse:
    now = timezone.now()
    is_offered = waiting.is_offered(now)
    context = {
        "entry": waiting,
        "token": token,
        "party": party_text(party_of(waiting)),
        "trips": [
            trip_view(Segment(trip.schedule, trip.from_stop, trip.to_stop)) for trip in trips_of(waiting)
        ],
        "until": clock_text(waiting.offer.expires_at, now) if is_offered and waiting.offer else "",
        "refusal": counted(refusal),
    }
    status = refusal.status if refusal else 200
    return private(render(request, "passenger/wait_list.html", context, status=status))
