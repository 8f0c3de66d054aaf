from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import conditional_page, require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.search.city_pairs import popular_pairs
from bookings.passenger.forms.search import SearchForm
from bookings.web.access import public


@public
@may_lag
@require_safe
@conditional_page
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(
        request,
        "passenger/home.html",
        {"form": SearchForm(now=now), "popular": partial(popular_pairs, now=now)},
    )
