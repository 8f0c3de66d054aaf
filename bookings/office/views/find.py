"""What stands behind Ctrl+K and ?: one field for bookings and departures, and what the keys do."""

from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.domain.counter.booking_search import list_bookings, only_hit, search_bookings
from bookings.domain.operations.departure_search import MOST, FoundDeparture, find_departures
from bookings.models import Booking
from bookings.office.access import StaffRequest, branch_or_none, staff
from bookings.office.frame import Frame
from bookings.office.presenters.keys import key_groups
from bookings.office.presenters.tables import BookingRow, booking_rows
from bookings.web.keyset import keyset_page
from bookings.web.render import render_page, swaps_only

_LONGEST: Final = 254
_LIST: Final = "find-hits"  # the element that follows what is typed


@dataclass(frozen=True)
class Hits:
    bookings: tuple[BookingRow, ...]
    departures: tuple[FoundDeparture, ...]
    address: str  # of the only hit; empty otherwise


@staff
@require_safe
def find(request: StaffRequest) -> HttpResponse:
    """Opens the only hit, unless somebody is still typing."""
    text = request.GET.get("q", "")[:_LONGEST]
    hits = _find(request, text)
    is_typing = swaps_only(request, _LIST)
    if hits.address and not is_typing:
        return redirect(hits.address)
    return render_page(
        request,
        "office/find/find.html",
        {"text": text, "hits": hits},
        fragment="office/find/_hits.html" if is_typing else "office/find/_find.html",
        target=_LIST if is_typing else "overlay",
    )


def _find(request: StaffRequest, text: str) -> Hits:
    if not text.strip():
        return Hits((), (), "")
    branch = branch_or_none(request)
    departures = find_departures(text, city_id=branch.city_id if branch else None, now=timezone.now())
    rows = search_bookings(Booking.objects.only("booking_date", "order", "booking_reference"), text)
    page = keyset_page(rows, "booking_date", descending=True, size=MOST)
    address, booking = "", None if page.after else only_hit(page.rows, text)
    if booking and not departures:
        address = reverse("office:booking", args=[booking.booking_reference])
    elif len(departures) == 1 and not page.rows:
        address = reverse("office:departure_seats", args=[departures[0].row.id])
    return Hits(tuple(booking_rows(list_bookings([row.pk for row in page.rows]))), departures, address)


@staff
@require_safe
def keys(request: StaffRequest) -> HttpResponse:
    """What the keys do, as a page and over any other one."""
    groups = key_groups(Frame(request.user, request.path).links)
    return render_page(
        request, "office/keys.html", {"groups": groups}, fragment="office/_keys.html", target="overlay"
    )
