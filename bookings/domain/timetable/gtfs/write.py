"""A plan becomes rows. What is there is found by source and source_id alone.

What did not change is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Exists, Model, OuterRef
from django.utils.translation import gettext as _

from bookings.base.money import cents, whole_rand
from bookings.domain.company.settings import company_settings
from bookings.domain.timetable.gtfs.cities import NetworkWriter
from bookings.domain.timetable.gtfs.plan import ImportPlan, PlannedRoute, PlannedService
from bookings.models import (
    Fare,
    FareClass,
    Line,
    Route,
    RouteStop,
    Schedule,
    SeatLayout,
    Service,
    ServiceException,
    Stop,
)

ALWAYS: Final = date(2000, 1, 1)  # the feed does not say since when its fares hold
MAX_PRICE: Final = Decimal(999_999)
_CHUNK: Final = 500
_SHOWN: Final = 10


@dataclass
class Count:
    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass
class Written:
    counts: dict[str, Count] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str, *, total: int, new: int, changed: int = 0) -> None:
        self.counts[kind] = Count(new, changed, total - new - changed)


def write_plan(
    plan: ImportPlan, source: str, *, layout: SeatLayout, price_per_km: Decimal, keep_terms: bool
) -> Written:
    """Cities, stops, lines, routes, services and fares.

    Wants a transaction around it. `keep_terms`: services keep layout and price.
    """
    written = Written()
    network = NetworkWriter(source, plan.stops, agency_country=plan.agency_country)
    stops, new, changed = network.write()
    written.notes += _notes_on_countries(network, plan.agency_country)
    written.counts["cities"] = Count(
        new=network.cities_new, unchanged=len({stop.city_id for stop in stops.values()}) - network.cities_new
    )
    written.count("stops", total=len(plan.stops), new=new, changed=changed)
    lines = _write_lines(plan, source, written)
    routes = _write_routes(plan, source, lines, stops, written)
    services = _write_services(
        plan, source, routes, written, layout=layout, price_per_km=price_per_km, keep_terms=keep_terms
    )
    _write_exceptions(plan, source, services)
    _write_fares(plan, routes, written)
    return written


def _notes_on_countries(network: NetworkWriter, agency_country: str) -> Iterator[str]:
    if network.by_agency:
        yield _(
            "%(count)d cities have no coordinates and are taken to be in %(country)s, the agency's country."
        ) % {"count": network.by_agency, "country": agency_country}
    if network.without_country:
        yield _(
            "%(count)d cities have no country, so passengers are not told which documents they need; "
            "enter it in the admin: %(names)s"
        ) % {"count": len(network.without_country), "names": ", ".join(network.without_country[:_SHOWN])}


def _differs(row: Model, values: Mapping[str, object]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _set(row: Model, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _write_lines(plan: ImportPlan, source: str, written: Written) -> dict[str, Line]:
    lines = {line.source_id: line for line in Line.objects.filter(source=source)}
    new, changed = [], []
    for planned in plan.lines:
        values = {"code": planned.code, "name": planned.name}
        line = lines.get(planned.source_id)
        if line is None:
            new.append(Line(source=source, source_id=planned.source_id, **values))
        elif _differs(line, values):
            _set(line, values)
            changed.append(line)
    Line.objects.bulk_create(new, batch_size=_CHUNK)
    Line.objects.bulk_update(changed, ["code", "name"], batch_size=_CHUNK)
    written.count("lines", total=len(plan.lines), new=len(new), changed=len(changed))
    return lines | {line.source_id: line for line in new}


def _write_routes(
    plan: ImportPlan, source: str, lines: dict[str, Line], stops: dict[str, Stop], written: Written
) -> dict[str, Route]:
    """Another pattern or timing is another source_id, and so another route.

    Only its line, its name and its ends' cities follow the feed.
    """
    routes = {route.source_id: route for route in Route.objects.filter(source=source)}
    planned_new = [planned for planned in plan.routes if planned.source_id not in routes]
    new = [_route(planned, source, lines, stops) for planned in planned_new]
    Route.objects.bulk_create(new, batch_size=_CHUNK)
    for start in range(0, len(new), 100):
        pairs = zip(planned_new[start : start + 100], new[start : start + 100], strict=True)
        RouteStop.objects.bulk_create(
            [call for pair in pairs for call in _calls(*pair, stops)], batch_size=_CHUNK
        )
    changed = []
    for planned in plan.routes:
        route = routes.get(planned.source_id)
        values = _route_values(planned, lines, stops)
        if route is not None and _differs(route, values):
            _set(route, values)
            changed.append(route)
    Route.objects.bulk_update(
        changed, ["line", "name", "origin", "destination", "is_active"], batch_size=_CHUNK
    )
    written.count("routes", total=len(plan.routes), new=len(new), changed=len(changed))
    return routes | {route.source_id: route for route in new}


def _route(planned: PlannedRoute, source: str, lines: dict[str, Line], stops: dict[str, Stop]) -> Route:
    return Route(
        source=source,
        source_id=planned.source_id,
        **_route_values(planned, lines, stops),
        distance_km=planned.pattern.km,
        duration_hours=max(cents(Decimal(planned.pattern.minutes) / 60), Decimal("0.02")),
    )


def _route_values(planned: PlannedRoute, lines: dict[str, Line], stops: dict[str, Stop]) -> dict[str, object]:
    calls = planned.pattern.calls
    ends = {"origin_id": stops[calls[0].stop_id].city_id, "destination_id": stops[calls[-1].stop_id].city_id}
    return {"line_id": lines[planned.line.source_id].pk, "name": planned.name, "is_active": True} | ends


def _calls(planned: PlannedRoute, route: Route, stops: dict[str, Stop]) -> Iterator[RouteStop]:
    for position, call in enumerate(planned.pattern.calls):
        yield RouteStop(
            route=route,
            position=position,
            stop=stops[call.stop_id],
            arrive_min=call.arrive_min,
            depart_min=call.depart_min,
            km=call.km,
            may_board=call.may_board,
            may_alight=call.may_alight,
        )


def _write_services(
    plan: ImportPlan,
    source: str,
    routes: dict[str, Route],
    written: Written,
    *,
    layout: SeatLayout,
    price_per_km: Decimal,
    keep_terms: bool,
) -> dict[str, Service]:
    services = {service.source_id: service for service in Service.objects.filter(source=source)}
    new, changed = [], []
    for planned in plan.services:
        values = _service_values(planned, routes)
        terms = {"layout_id": layout.pk, "price_zar": _price(planned.route, price_per_km)}
        service = services.get(planned.source_id)
        if service is None:
            new.append(Service(source=source, source_id=planned.source_id, **values, **terms))
            continue
        values |= {} if keep_terms else terms
        if _differs(service, values):
            _set(service, values)
            changed.append(service)
    Service.objects.bulk_create(new, batch_size=_CHUNK)
    fields = [
        "route",
        "departs_min",
        "time_zone",
        "weekdays",
        "starts_on",
        "ends_on",
        "is_active",
        "layout",
        "price_zar",
    ]
    Service.objects.bulk_update(changed, fields, batch_size=100)
    written.count("services", total=len(plan.services), new=len(new), changed=len(changed))
    planned_ids = {planned.source_id for planned in plan.services}
    vanished = [
        service.pk for key, service in services.items() if key not in planned_ids and service.is_active
    ]
    for start in range(0, len(vanished), _CHUNK):
        Service.objects.filter(pk__in=vanished[start : start + _CHUNK]).update(is_active=False)
    if vanished:
        written.notes.append(
            _("%(count)d services are no longer in the feed and were ended.") % {"count": len(vanished)}
        )
    return services | {service.source_id: service for service in new}


def _service_values(planned: PlannedService, routes: dict[str, Route]) -> dict[str, object]:
    return {
        "route_id": routes[planned.route.source_id].pk,
        "departs_min": planned.departs_min,
        "time_zone": planned.route.line.time_zone,
        "weekdays": planned.calendar.weekdays,
        "starts_on": planned.calendar.starts_on,
        "ends_on": planned.calendar.ends_on,
        "is_active": True,
    }


def _price(route: PlannedRoute, price_per_km: Decimal) -> Decimal:
    return min(
        max(whole_rand(route.pattern.km * price_per_km), Decimal(company_settings.fare_floor_zar)), MAX_PRICE
    )


def _write_exceptions(plan: ImportPlan, source: str, services: dict[str, Service]) -> None:
    existing: dict[tuple[int, date], tuple[int, bool]] = {}
    rows = ServiceException.objects.filter(service__source=source, service__is_active=True)
    for pk, service_id, day, runs in rows.values_list("pk", "service_id", "date", "runs").iterator():
        existing[service_id, day] = (pk, runs)
    new = []
    exceptions_of: dict[int, dict[date, bool]] = {}
    for planned in plan.services:
        service_id = services[planned.source_id].pk
        exceptions = exceptions_of.setdefault(id(planned.calendar), planned.calendar.relevant_exceptions())
        for day, runs in exceptions.items():
            if existing.get((service_id, day), (0, None))[1] == runs:
                del existing[service_id, day]
            else:
                new.append(ServiceException(service_id=service_id, date=day, runs=runs))
    gone = [pk for pk, _runs in existing.values()]
    for start in range(0, len(gone), _CHUNK):
        ServiceException.objects.filter(pk__in=gone[start : start + _CHUNK]).delete()
    ServiceException.objects.bulk_create(new, batch_size=_CHUNK)


def rest_unused_routes(source: str, plan: ImportPlan) -> None:
    """Routes that neither the feed nor any departure uses rest; those of the feed are active."""
    used = {planned.source_id for planned in plan.routes}
    routes = Route.objects.filter(source=source).annotate(
        has_departures=Exists(Schedule.objects.filter(route=OuterRef("pk")))
    )
    rows = routes.order_by().values_list("pk", "source_id", "is_active", "has_departures")
    resting = [
        pk for pk, source_id, is_active, busy in rows if is_active and not busy and source_id not in used
    ]
    for start in range(0, len(resting), _CHUNK):
        Route.objects.filter(pk__in=resting[start : start + _CHUNK]).update(is_active=False)


def _write_fares(plan: ImportPlan, routes: dict[str, Route], written: Written) -> None:
    """One line for each pair that the feed has a fare for, in the first fare class."""
    fare_class = FareClass.objects.order_by("position", "pk")[0]
    pairs = sum(len(amounts) for _planned, amounts in plan.fares)
    new = changed = 0
    for planned, amounts in plan.fares:
        made = _write_route_fares(routes[planned.source_id], amounts, fare_class)
        new, changed = new + made.new, changed + made.changed
    if pairs:
        written.count("fares", total=pairs, new=new, changed=changed)


def _write_route_fares(route: Route, amounts: list[tuple[int, int, Decimal]], fare_class: FareClass) -> Count:
    existing = {
        (fare.from_stop_id, fare.to_stop_id): fare
        for fare in Fare.objects.filter(route=route, fare_class=fare_class, valid_from=ALWAYS)
    }
    if not amounts and not existing:
        return Count()
    calls = dict(RouteStop.objects.filter(route=route).values_list("position", "pk"))
    fares_planned = {(calls[board], calls[alight]): amount for board, alight, amount in amounts}
    stale = [fare.pk for pair, fare in existing.items() if fares_planned.get(pair) != fare.amount]
    missing = {
        pair: amount
        for pair, amount in fares_planned.items()
        if pair not in existing or existing[pair].amount != amount
    }
    Fare.objects.filter(pk__in=stale).delete()
    Fare.objects.bulk_create(
        [
            Fare(
                route=route,
                from_stop_id=board,
                to_stop_id=alight,
                fare_class=fare_class,
                amount=amount,
                valid_from=ALWAYS,
            )
            for (board, alight), amount in missing.items()
        ],
        batch_size=_CHUNK,
    )
    changed = len([pair for pair in missing if pair in existing])
    return Count(new=len(missing) - changed, changed=changed)
