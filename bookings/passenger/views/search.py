from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.views.decorators.http import conditional_page, require_safe

from bookings.base.codes import sha256
from bookings.cache.reference_data import reference_data_version
from bookings.database.replica.routing import may_lag
from bookings.domain.fares.prices import fare_classes
from bookings.domain.network.places import find_places
from bookings.domain.search.days import DayPrice, day_prices, explain_empty
from bookings.domain.search.offers import ResultsPage, results
from bookings.passenger.forms.search import SearchForm
from bookings.passenger.forms.search_query import LONGEST, SearchQuery, read_address
from bookings.passenger.presenters.rows import coach_count_text, offer_rows
from bookings.web.access import public
from bookings.web.fragments import Fragment, Parts, cached_page
from bookings.web.paging import page_links
from bookings.web.render import VARY, render_page, swaps_only
from bookings.web.requests import htmx_of

STRIP_SECONDS: Final = 60
FORM_SECONDS: Final = 300
_TARGET: Final = "results"


@public
@may_lag
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    typed, notes = request.GET.dict(), list[str]()
    query = read_address(typed, now=now)
    if query is None:
        form = SearchForm(typed, now=now)
        if not form.is_valid():
            return render(
                request, "passenger/search_form.html", {"form": form}, status=422 if form.is_bound else 200
            )
        query, notes = form.query, form.notes
        if not (form.is_canonical or notes or htmx_of(request)):
            return redirect(query.address())
        typed = {name: str(value) for name, value in query.query().items()}
    page = results(query.search, now=now)
    # By the minute, as the strip is: so neither makes the other older.
    shown = f"{query.address()}:{swaps_only(request, _TARGET)}:{now:%Y%m%d%H%M}"
    key = f"{page.cache_key}:page:{sha256(shown)}" if page.cache_key and not notes else ""

    def make() -> tuple[HttpResponse, int]:
        form = _form(query, typed, now)
        parts = Parts(form=form, strip=_strip(query, now), offers=_offers(query, page, now))
        context = {
            "query": query,
            "notes": notes,
            "announcement": coach_count_text(page.total),
            "parts": parts,
        }
        made = render_page(
            request, "passenger/search.html", context, fragment="passenger/_results.html", target=_TARGET
        )
        return made, parts.seconds_left()

    return cached_page(request, make, key=key, vary=VARY)


@public
@may_lag
@require_safe
@conditional_page
def places(request: HttpRequest) -> HttpResponse:
    """The options under a place field, for what is typed so far."""
    matches = find_places(request.GET.get("q", "")[:LONGEST])
    return render(request, "passenger/_places.html", {"places": matches})


def _classes(query: SearchQuery) -> list[Any]:
    names = {fare_class.code: fare_class.name for fare_class in fare_classes()}
    return query.classes(names) if len(names) > 1 else []


def _form(query: SearchQuery, typed: dict[str, str], now: datetime) -> Fragment:
    def make() -> SearchForm:
        form = SearchForm(typed, now=now)
        form.full_clean()  # shows a place by its name
        return form

    key = _key("form", f"{query.address(page=1)}:{timezone.localdate(now)}")  # no earlier day can be chosen
    context = {"form": SimpleLazyObject(make), "query": query}
    return Fragment("passenger/_search_form.html", context, key, FORM_SECONDS)


def _strip(query: SearchQuery, now: datetime) -> Fragment:
    """The lowest price of the days around. A minute old at most; what a click leads to is always fresh."""
    key = _key("days", f"{query.address(page=1)}:{now:%Y%m%d%H%M}")
    return Fragment(
        "passenger/_days.html", {"query": query, "days": partial(_days, query, now)}, key, STRIP_SECONDS
    )


def _key(kind: str, shown: str) -> str:
    """For what depends on reference data and the address alone."""
    mark = reference_data_version()
    return f"{kind}:{mark}:{get_language()}:{sha256(shown)}" if mark else ""


def _days(query: SearchQuery, now: datetime) -> list[DayPrice]:
    """Nothing where no day has a coach, full ones too; no lowest day where all cost the same."""
    days = day_prices(query.search, now=now)
    prices = {day.price for day in days if day.price}
    if len(prices) == 1:
        return [replace(day, is_lowest=False) for day in days]
    return days if prices or any(day.is_full for day in days) else []


def _offers(query: SearchQuery, page: ResultsPage, now: datetime) -> Fragment:
    search = query.search
    context = {
        "query": query,
        "page": page,
        "classes": partial(_classes, query),
        "rows": lambda: offer_rows(page.offers, query.departure_address, search.party.size, now=now),
        "links": lambda: page_links(page.page, page.pages, lambda number: query.address(page=number)),
        "plain_address": partial(query.address, band="", fare_class="", max_price=None),
        "explain": partial(explain_empty, search, now=now),
    }
    key = f"{page.cache_key}:{sha256(query.address())}" if page.cache_key else ""
    return Fragment("passenger/_offers.html", context, key, lambda: page.fresh_for)
