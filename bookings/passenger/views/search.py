from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.views.decorators.http import conditional_page, require_safe

from bookings.base.codes import sha256
from bookings.domain.fares.prices import fare_classes
from bookings.domain.network.catalogue import current_mark
from bookings.domain.network.places import find_places
from bookings.domain.search.days import DayPrice, day_prices, explain_empty
from bookings.domain.search.offers import ResultsPage, results
from bookings.passenger.asked import Asked
from bookings.passenger.forms import LONGEST, SearchForm
from bookings.passenger.rows import offer_rows
from bookings.web.access import public
from bookings.web.fragments import kept_fragment, kept_page
from bookings.web.paging import page_links
from bookings.web.render import VARY, render_page, swaps_only
from bookings.web.replica.routing import may_lag

STRIP_SECONDS: Final = 60
_TARGET: Final = "results"


@public
@may_lag
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = SearchForm(request.GET.dict(), now=now)
    if not form.is_valid():
        return render(request, "passenger/search_form.html", {"form": form}, status=422 if form.is_bound else 200)
    asked = form.asked
    if not (form.is_canonical or request.htmx):
        return redirect(asked.address())
    page = results(asked.search, now=now)
    # By the minute, as the strip is: so neither makes the other older.
    shown = f"{asked.address()}:{swaps_only(request, _TARGET)}:{now:%Y%m%d%H%M}"
    key = f"{page.cache_key}:page:{sha256(shown)}" if page.cache_key else ""

    def make() -> HttpResponse:
        context = {"form": form, "asked": asked, "page": page, "classes": _classes(asked)}
        context |= {"strip": _strip(asked, now), "offers": _offers(asked, page, now)}
        return render_page(request, "passenger/search.html", context, fragment="passenger/_results.html", target=_TARGET)

    return kept_page(request, make, key=key, seconds=lambda: min(page.fresh_for, STRIP_SECONDS), vary=VARY)


@public
@may_lag
@require_safe
@conditional_page
def places(request: HttpRequest) -> HttpResponse:
    """The options under a place field, for what is typed so far."""
    found = find_places(request.GET.get("q", "")[:LONGEST])
    return render(request, "passenger/_places.html", {"places": found})


def _classes(asked: Asked) -> list[Any]:
    names = {each.code: each.name for each in fare_classes()}
    return asked.classes(names) if len(names) > 1 else []


def _strip(asked: Asked, now: datetime) -> SafeString:
    """The lowest price of the days around. A minute old at most; what a click leads to is always fresh."""
    mark = current_mark()
    key = f"days:{mark}:{get_language()}:{sha256(asked.address(page=1))}:{now:%Y%m%d%H%M}" if mark else ""
    context = {"asked": asked, "days": partial(_days, asked, now)}
    return kept_fragment("passenger/_days.html", context, key=key, seconds=STRIP_SECONDS)


def _days(asked: Asked, now: datetime) -> list[DayPrice]:
    """Nothing where no day has a coach; no lowest day where all cost the same."""
    days = day_prices(asked.search, now=now)
    prices = {day.price for day in days if day.price}
    if len(prices) == 1:
        return [replace(day, is_lowest=False) for day in days]
    return days if prices else []


def _offers(asked: Asked, page: ResultsPage, now: datetime) -> SafeString:
    search = asked.search
    context = {
        "asked": asked,
        "rows": lambda: offer_rows(page.offers, asked.departure_address, search.party.size),
        "links": page_links(page.page, page.pages, lambda number: asked.address(page=number)),
        "plain_address": asked.address(band="", fare_class="", max_price=None),
        "explain": partial(explain_empty, search, now=now),
    }
    key = f"{page.cache_key}:{sha256(asked.address())}" if page.cache_key else ""
    return kept_fragment("passenger/_offers.html", context, key=key, seconds=lambda: page.fresh_for)
