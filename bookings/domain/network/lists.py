"""The network as lists: rows for a page of them, in a stable order."""

from django.db.models import Prefetch, QuerySet

from bookings.base.names import plain_name
from bookings.models import City, Route, RouteStop, Stop


def cities(text: str = "") -> QuerySet[City]:
    """By name; with `text` those whose name begins with it."""
    rows = City.objects.order_by("plain_name", "pk")
    return rows.filter(plain_name__startswith=plain_name(text)) if text else rows


def stops(city: str = "") -> QuerySet[Stop]:
    """By code; with `city` (a slug) those of that city."""
    rows = Stop.objects.select_related("city").order_by("code")
    return rows.filter(city__slug=city) if city else rows


def routes(origin: str = "", destination: str = "") -> QuerySet[Route]:
    """Active routes with their calls, by name.

    With slugs of cities those that begin or end there. Two queries.
    """
    rows = (
        Route.objects.active()
        .select_related("line", "origin", "destination")
        .prefetch_related(Prefetch("calls", queryset=_calls()))
    )
    if origin:
        rows = rows.filter(origin__slug=origin)
    if destination:
        rows = rows.filter(destination__slug=destination)
    return rows.order_by("name", "pk")


def _calls() -> QuerySet[RouteStop]:
    return RouteStop.objects.select_related("stop__city").order_by("position")
