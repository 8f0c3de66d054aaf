from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.network.places import UnknownPlace, get_likely_place
from bookings.domain.search.boards import departure_board
from bookings.domain.search.city_pairs import popular_pairs
from bookings.domain.search.offers import Search
from bookings.passenger.forms.search_query import LONGEST, read_page
from bookings.passenger.presenters.rows import board_rows
from bookings.web.access import public
from bookings.web.fragments import cached_page
from bookings.web.places import PlaceChoice, place_note
from bookings.web.render import VARY, render_page, swaps_only
from bookings.web.requests import htmx_of

_TARGET: Final = "board"
_SECONDS: Final = 60


@public
@may_lag
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The next departures from a city or stop."""
    now = timezone.now()
    typed = request.GET.get("city", "")[:LONGEST].strip()
    page, page_size = read_page(request.GET)
    try:
        place = get_likely_place(typed)
    except UnknownPlace as unknown:
        problem = (
            unknown.message if typed else _("Please choose a city or stop.") if "city" in request.GET else ""
        )
        origins = {pair.origin.slug: pair.origin for pair in popular_pairs(limit=12, now=now)}
        choices = [
            PlaceChoice(place, f"{request.path}?{urlencode({'city': place.ref})}")
            for place in unknown.candidates
        ]
        context = {"typed": typed, "problem": problem, "origins": origins.values(), "choices": choices}
        return render(request, "passenger/board_form.html", context, status=422 if problem else 200)
    note = place_note(place)
    if place.ref != typed and not (note or htmx_of(request)):
        return redirect(f"{request.path}?{urlencode({'city': place.ref})}")
    departures = departure_board(place, now=now, page=page, page_size=page_size)

    def address(number: int) -> str:
        size = {} if page_size == Search.page_size else {"page_size": page_size}
        return f"?{urlencode({'city': place.ref, 'page': number} | size)}"

    def make() -> tuple[HttpResponse, int]:
        context = {
            "board": departures,
            "notes": [note] if note else [],
            "rows": board_rows(departures.rows),
            "page_size": page_size,
            "updated": now,
            "earlier": address(page - 1) if departures.has_previous else "",
            "later": address(page + 1) if departures.has_next else "",
        }
        return render_page(
            request, "passenger/board.html", context, fragment="passenger/_board.html", target=_TARGET
        ), _SECONDS

    key = (
        f"{departures.cache_key}:{swaps_only(request, _TARGET)}" if departures.cache_key and not note else ""
    )
    return cached_page(request, make, key=key, vary=VARY)
