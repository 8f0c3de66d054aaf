"""The network as lists: rows for a page of them, in a stable order."""

from django.db.models import Prefetch, Q, QuerySet

from bookings.base.names import plain_name, plain_other_name
from bookings.models import Branch, City, PlaceName, Route, RouteStop, Stop


def cities(text: str = "") -> QuerySet[City]:
    """By name; with `text` those of which a name begins with it, their own or another one."""
    rows = City.objects.order_by("plain_name", "pk")
    if not text:
        return rows
    others = PlaceName.objects.filter(city__isnull=False, plain_name__startswith=plain_other_name(text))
    return rows.filter(
        Q(plain_name__startswith=plain_name(text)) | Q(pk__in=others.order_by().values("city"))
    )


def counters() -> list[Branch]:
    """The branches where tickets are sold, by name."""
    return list(Branch.objects.filter(is_active=True).only("name", "address", "opening_hours"))


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
