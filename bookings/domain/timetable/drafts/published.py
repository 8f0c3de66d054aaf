"""What is published, as sheets: where a change of it begins."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Q

from bookings.base.money import cents
from bookings.domain.timetable.drafts.sheets import CallSheet, FareSheet, Pair, RouteSheet, ServiceSheet
from bookings.models import Fare, FareClass, Route, RouteStop, Service, ServiceException


def route_sheet(route: Route, *, since: date) -> RouteSheet:
    """Two queries. Its times are shown by its first service."""
    first = (
        Service.objects.filter(route=route, is_active=True)
        .order_by("departs_min")
        .values_list("departs_min", flat=True)
        .first()
    )
    calls = route.calls.order_by("position")
    return RouteSheet(
        route.line.code, route.line.name, call_sheets(calls), since, route.name, (first or 0) % 1440
    )


def call_sheets(calls: Iterable[RouteStop]) -> tuple[CallSheet, ...]:
    """One for each of these calls of a route."""
    return tuple(
        CallSheet(call.stop_id, call.arrive_min, call.depart_min, call.km, call.may_board, call.may_alight)
        for call in calls
    )


def service_sheet(service: Service, *, since: date) -> ServiceSheet:
    """One query for its exceptions from `since` on."""
    rows = ServiceException.objects.filter(service=service, date__gte=since).order_by("date")
    exceptions = dict(rows.values_list("date", "runs"))
    return ServiceSheet(
        route=str(service.route_id),
        departs_min=service.departs_min,
        weekdays=service.weekdays,
        starts_on=service.starts_on,
        since=since,
        layout=service.layout_id,
        price=cents(service.price_zar),
        ends_on=service.ends_on,
        runs_also=tuple(day for day, runs in exceptions.items() if runs),
        runs_not=tuple(day for day, runs in exceptions.items() if not runs),
        is_active=service.is_active,
    )


def fare_sheet(route: Route, *, since: date) -> FareSheet:
    """What the pairs of this route cost on the day `since`: as the newest line that holds says."""
    return FareSheet(str(route.pk), since, None, fares_on(route.pk, since))


def fares_on(route_id: int, day: date) -> dict[Pair, Decimal | None]:
    """By positions; two queries. What is not there is priced by distance."""
    fare_class = FareClass.objects.order_by("position", "pk").first()
    rows = (
        Fare.objects.filter(route=route_id, fare_class=fare_class, valid_from__lte=day)
        .filter(Q(valid_to=None) | Q(valid_to__gte=day))
        .order_by("valid_from")
    )
    columns = ("from_stop__position", "to_stop__position", "amount")
    return {(first, last): amount for first, last, amount in rows.values_list(*columns)}


def find_fare_sheet(row: str, *, since: date) -> FareSheet | None:
    """Of the route with this id; None if there is none."""
    route = Route.objects.filter(pk=row).first() if row.isdecimal() else None
    return fare_sheet(route, since=since) if route else None
