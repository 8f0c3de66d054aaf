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
from bookings.domain.network.places import find_places
from bookings.domain.search.days import DayPrice, day_prices, explain_empty
from bookings.domain.search.offers import ResultsPage, results
from bookings.models import FareClass
from bookings.passenger.asked import Asked
from bookings.passenger.forms import LONGEST, SearchForm
from bookings.web.access import public
from bookings.web.fragments import kept_fragment
from bookings.web.paging import page_links
from bookings.web.render import render_page
from bookings.web.replica.routing import may_lag

STRIP_SECONDS: Final = 60


@public
@may_lag
@require_safe
@conditional_page
def search(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = SearchForm(request.GET.dict(), now=now)
    if not form.is_valid():
        return render(request, "passenger/search_form.html", {"form": form}, status=422 if form.is_bound else 200)
    asked = form.asked
    if not (form.is_canonical or request.htmx):
        return redirect(asked.address())
    page = results(asked.search, now=now)
    context = {"form": form, "asked": asked, "page": page, "classes": _classes(asked)}
    context |= {"strip": _strip(asked, now), "offers": _offers(asked, page, now)}
    return render_page(request, "passenger/search.html", context, fragment="passenger/_results.html", target="results")


@public
@may_lag
@require_safe
@conditional_page
def places(request: HttpRequest) -> HttpResponse:
    """The options under a place field, for what is typed so far."""
    found = find_places(request.GET.get("q", "")[:LONGEST])
    return render(request, "passenger/_places.html", {"places": found})


def _classes(asked: Asked) -> list[Any]:
    names = dict(FareClass.objects.values_list("code", "name"))
    return asked.classes(names) if len(names) > 1 else []


def _strip(asked: Asked, now: datetime) -> SafeString:
    """The lowest price of the days around. A minute old at most; what a click leads to is always fresh."""
    key = f"days:{get_language()}:{sha256(asked.address(page=1))}:{now:%Y%m%d%H}"
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
    context = {
        "asked": asked,
        "page": page,
        "links": page_links(page.page, page.pages, lambda number: asked.address(page=number)),
        "plain_address": asked.address(band="", fare_class="", max_price=None),
        "explain": partial(explain_empty, asked.search, now=now),
    }
    key = f"{page.cache_key}:{sha256(asked.address())}"
    return kept_fragment("passenger/_offers.html", context, key=key, seconds=page.fresh_for)
