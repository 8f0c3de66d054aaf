from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import conditional_page, require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.search.city_pairs import NetworkLine, network, pair_page
from bookings.passenger.forms.search import SearchForm
from bookings.passenger.forms.search_query import read_page
from bookings.passenger.presenters.rows import offer_rows
from bookings.passenger.presenters.structured_data import bus_trips, departure_link
from bookings.web.access import public
from bookings.web.paging import page_links


@public
@may_lag
@require_safe
@conditional_page
def lines(request: HttpRequest) -> HttpResponse:
    """Every line, by the region where it starts."""
    page, page_size = read_page(request.GET)
    rows: list[tuple[str, NetworkLine]] = [
        (region.name, line) for region in network() for line in region.lines
    ]
    pages = max(1, -(-len(rows) // page_size))
    page = min(page, pages)
    size = "" if page_size == 20 else f"&page_size={page_size}"
    address = reverse("passenger:network")
    links = page_links(page, pages, lambda number: f"{address}?page={number}{size}")
    shown = rows[(page - 1) * page_size : page * page_size]
    context = {
        "rows": shown,
        "links": links,
        "total": len(rows),
        "page": page,
        "address": f"{address}?page={page}" if page > 1 else address,
    }
    return render(request, "passenger/network.html", context)


@public
@may_lag
@require_safe
@conditional_page
def pair(request: HttpRequest, origin: str, destination: str) -> HttpResponse:
    """What somebody should know who wants to travel between two cities."""
    now = timezone.now()
    city_pair = pair_page(origin, destination, now=now)
    ends = city_pair.origin, city_pair.destination
    if any(place.other_name for place in ends):
        return redirect("passenger:pair", *(place.ref for place in ends), permanent=True)
    form = SearchForm(now=now)
    form.mark_places(city_pair.origin, city_pair.destination)
    address = reverse("passenger:pair", args=[origin, destination])
    return render(
        request,
        "passenger/city_pair.html",
        {
            "pair": city_pair,
            "form": form,
            "address": address,
            "trips": bus_trips(city_pair),
            "rows": offer_rows(city_pair.offers, departure_link, 1, now=now, show_day=True),
        },
    )
