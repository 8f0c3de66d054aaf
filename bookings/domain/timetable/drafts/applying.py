"""Write the sheets of a draft into the timetable: routes, services, fares, extra departures.

All of it runs within the transaction of `publishing`, which makes the departures afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.timetable.calendars import start_of_service_day
from bookings.domain.timetable.drafts.published import call_sheets, service_sheet
from bookings.domain.timetable.drafts.sheets import (
    DepartureSheet,
    FareSheet,
    Pair,
    RouteSheet,
    ServiceSheet,
    Sheet,
)
from bookings.models import (
    Fare,
    FareClass,
    Line,
    Route,
    RouteStop,
    Schedule,
    SeatKind,
    SeatLayout,
    Service,
    ServiceException,
    Stop,
)

ALWAYS: Final = date(2000, 1, 1)  # from when the fares of a new route hold


@dataclass(frozen=True)
class Change:
    """A step of a draft that counts, read."""

    kind: str
    subject: str
    sheet: Sheet

    @property
    def row(self) -> str:
        """12, or new-3."""
        return self.subject.partition(":")[2]

    @property
    def is_new(self) -> bool:
        return self.row.startswith("new-")


@dataclass
class Applied:
    """What was written: rows by how the draft calls them, and what follows which service from which day."""

    routes: dict[str, int] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)  # route: the one that took its place
    services: set[int] = field(default_factory=set)  # whose departures may differ from now on
    successors: dict[int, tuple[date, int]] = field(default_factory=dict)  # service: from this day, that one
    departures: list[int] = field(default_factory=list)


def apply_changes(changes: Sequence[Change]) -> Applied:
    """Raises Refusal where a sheet names what is not there any more."""
    applied = Applied()
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change)
    routes = by_kind.get("route", [])
    for change in routes:
        if change.is_new and isinstance(change.sheet, RouteSheet):
            applied.routes[change.row] = _make_route(change.sheet).pk
    for change in by_kind.get("service", []):
        if isinstance(change.sheet, ServiceSheet):
            _apply_service(change, change.sheet, applied)
    for change in routes:  # after the services, so that those of this draft go with their route, too
        if not change.is_new and isinstance(change.sheet, RouteSheet):
            _change_route(int(change.row), change.sheet, applied)
    for change in by_kind.get("fares", []):
        if isinstance(change.sheet, FareSheet):
            _apply_fares(change.sheet, applied)
    for change in by_kind.get("departure", []):
        if isinstance(change.sheet, DepartureSheet):
            applied.departures.append(_make_departure(change.sheet, applied))
    return applied


# Routes


def _make_route(sheet: RouteSheet) -> Route:
    stops = {
        stop.pk: stop
        for stop in Stop.objects.select_related("city").filter(pk__in=[call.stop for call in sheet.calls])
    }
    if len(sheet.calls) < 2 or any(call.stop not in stops for call in sheet.calls):
        raise Refusal(_("A stop of the route %(name)s is not there any more.") % {"name": sheet.name})
    first, last = stops[sheet.calls[0].stop], stops[sheet.calls[-1].stop]
    name = sheet.name or f"{first.city.name} – {last.city.name}"
    line = Line.objects.filter(code=sheet.line_code).order_by("pk").first()
    route = Route.objects.create(
        line=line or Line.objects.create(code=sheet.line_code, name=sheet.line_name or name),
        name=name[:250],
        origin=first.city,
        destination=last.city,
        distance_km=sheet.calls[-1].km,
        duration_hours=round(Decimal(sheet.calls[-1].arrive) / 60, 2),
    )
    RouteStop.objects.bulk_create(
        RouteStop(
            route=route,
            position=position,
            stop_id=call.stop,
            arrive_min=call.arrive,
            depart_min=call.depart,
            km=call.km,
            may_board=call.may_board,
            may_alight=call.may_alight,
        )
        for position, call in enumerate(sheet.calls)
    )
    return route


def _change_route(route_id: int, sheet: RouteSheet, applied: Applied) -> None:
    """In place if only its name changes; else another route from a day on, with its fares and services."""
    old = Route.objects.filter(pk=route_id).first()
    if old is None:
        raise Refusal(_("The route %(name)s is not there any more.") % {"name": sheet.name})
    if call_sheets(old.calls.order_by("position")) == sheet.calls:
        Route.objects.filter(pk=old.pk).update(name=sheet.name or old.name)
        return
    new = _make_route(replace(sheet, name=sheet.name or old.name))
    applied.replaced[old.pk] = new.pk
    _copy_fares(old, new, sheet.since)
    services = Service.objects.filter(route=old, is_active=True)
    for service in services.filter(Q(ends_on=None) | Q(ends_on__gte=sheet.since)).order_by("pk"):
        continued = replace(service_sheet(service, since=sheet.since), route=str(new.pk))
        _split_service(service, continued, new.pk, applied)
    if not Schedule.objects.filter(route=old).exists() and not _runs_on(old.pk, sheet.since):
        Route.objects.filter(pk=old.pk).update(is_active=False)


def copy_route(old: Route, position: int, stop: Stop, *, since: date) -> Route:
    """A route that calls at `stop` where the old one has another at this position, at its fares from `since`
    on. Within a transaction.
    """
    calls = list(call_sheets(old.calls.order_by("position")))
    calls[position] = replace(calls[position], stop=stop.pk)
    line = old.line
    new = _make_route(RouteSheet(line.code, line.name, tuple(calls), since, name=old.name))
    Route.objects.filter(pk=new.pk).update(line=line, origin=old.origin, destination=old.destination)
    pairs = dict(zip(_call_ids(old.pk), _call_ids(new.pk), strict=True))
    _write_fares(old, new, since, pairs)
    new.refresh_from_db()
    return new


def _runs_on(route_id: int, day: date) -> bool:
    """Whether a service still plans the route before `day`."""
    return Service.objects.filter(route=route_id, is_active=True, starts_on__lt=day).exists()


def _copy_fares(old: Route, new: Route, since: date) -> None:
    """Those that hold on days from `since` on, for the pairs of stops that both routes have."""
    calls = dict(zip(_occurrences(new.pk), _call_ids(new.pk), strict=True))
    same = {
        call: calls[occurrence]
        for occurrence, call in zip(_occurrences(old.pk), _call_ids(old.pk), strict=True)
        if occurrence in calls
    }
    _write_fares(old, new, since, same)


def _write_fares(old: Route, new: Route, since: date, same: dict[int, int]) -> None:
    """`same` has the calls of the new route by those of the old one."""
    fares = Fare.objects.filter(route=old, from_stop__in=same, to_stop__in=same)
    Fare.objects.bulk_create(
        Fare(
            route=new,
            from_stop_id=same[fare.from_stop_id],
            to_stop_id=same[fare.to_stop_id],
            fare_class_id=fare.fare_class_id,
            amount=fare.amount,
            valid_from=fare.valid_from,
            valid_to=fare.valid_to,
        )
        for fare in fares.filter(Q(valid_to=None) | Q(valid_to__gte=since))
    )


def _call_ids(route_id: int) -> list[int]:
    return list(RouteStop.objects.filter(route=route_id).order_by("position").values_list("pk", flat=True))


def _occurrences(route_id: int) -> list[tuple[int, int]]:
    """Each call as its stop, and the how-manieth time the coach is there."""
    stops = RouteStop.objects.filter(route=route_id).order_by("position").values_list("stop_id", flat=True)
    seen: dict[int, int] = {}
    occurrences = []
    for stop in stops:
        seen[stop] = seen.get(stop, 0) + 1
        occurrences.append((stop, seen[stop]))
    return occurrences


# Services


def _apply_service(change: Change, sheet: ServiceSheet, applied: Applied) -> None:
    route_id = _route_id(sheet.route, applied)
    if change.is_new:
        service = Service.objects.create(**_values(sheet, route_id), starts_on=sheet.starts_on)
        _write_exceptions(service.pk, sheet.exceptions, sheet.starts_on)
        applied.services.add(service.pk)
        return
    live = Service.objects.filter(pk=int(change.row)).first()
    if live is None:
        raise Refusal(_("A service of this draft is not there any more."))
    if _is_same_run(live, sheet, route_id) or live.starts_on >= sheet.since:
        starts_on = sheet.starts_on if live.starts_on >= sheet.since else live.starts_on
        for name, value in _values(sheet, route_id).items():
            setattr(live, name, value)
        live.starts_on = starts_on
        live.save()
        _write_exceptions(live.pk, sheet.exceptions, sheet.since)
        applied.services.add(live.pk)
    else:
        _split_service(live, sheet, route_id, applied)


def _values(sheet: ServiceSheet, route_id: int) -> dict[str, object]:
    return {
        "route_id": route_id,
        "departs_min": sheet.departs_min,
        "weekdays": sheet.weekdays,
        "ends_on": sheet.ends_on,
        "layout_id": sheet.layout,
        "price_zar": sheet.price,
        "is_active": sheet.is_active,
        "time_zone": _zone_of(route_id),
    }


def _zone_of(route_id: int) -> str:
    calls = RouteStop.objects.filter(route=route_id).order_by("position")
    return calls.values_list("stop__time_zone", flat=True)[0]


def _is_same_run(live: Service, sheet: ServiceSheet, route_id: int) -> bool:
    """Whether the days that are over would be told rightly by the sheet, too: only its end and single days
    change.
    """
    return sheet.is_active and (
        (live.route_id, live.departs_min, live.weekdays, live.layout_id, live.price_zar)
        == (route_id, sheet.departs_min, sheet.weekdays, sheet.layout, sheet.price)
    )


def _split_service(live: Service, sheet: ServiceSheet, route_id: int, applied: Applied) -> None:
    """The service ends before `sheet.since`, and one of the sheet takes its place."""
    starts_on = max(sheet.starts_on, sheet.since)
    if sheet.is_active and (sheet.ends_on is None or sheet.ends_on >= starts_on):
        new = Service.objects.create(**_values(sheet, route_id), starts_on=starts_on)
        _write_exceptions(new.pk, sheet.exceptions, sheet.since)
        applied.successors[live.pk] = (sheet.since, new.pk)
        applied.services.add(new.pk)
    last = sheet.since - timedelta(days=1)
    if live.starts_on > last:
        live.is_active = False
    else:
        live.ends_on = last if live.ends_on is None else min(live.ends_on, last)
    live.save()
    ServiceException.objects.filter(service=live, date__gte=sheet.since).delete()
    applied.services.add(live.pk)


def _write_exceptions(service_id: int, exceptions: dict[date, bool], since: date) -> None:
    """Those from `since` on; the days before stay as they were."""
    ServiceException.objects.filter(service=service_id, date__gte=since).delete()
    ServiceException.objects.bulk_create(
        ServiceException(service_id=service_id, date=day, runs=runs)
        for day, runs in sorted(exceptions.items())
        if day >= since
    )


def _route_id(row: str, applied: Applied) -> int:
    """The id of a route as a sheet names it: that which took its place, if one did."""
    known = applied.routes.get(row) or (int(row) if row.isdecimal() else None)
    if known is None or not Route.objects.filter(pk=known).exists():
        raise Refusal(_("The route of a service, of fares or of a departure is no longer in this draft."))
    return applied.replaced.get(known, known)


# Fares


def _apply_fares(sheet: FareSheet, applied: Applied) -> None:
    route_id = _route_id(sheet.route, applied)
    fare_class = FareClass.objects.order_by("position", "pk").first()
    calls = _call_ids(route_id)
    pairs = {*sheet.amounts, *sheet.by_distance}
    if fare_class is None or any(not 0 <= first < last < len(calls) for first, last in pairs):
        raise Refusal(_("These fares are of stops that the route does not have any more."))
    since = ALWAYS if sheet.route.startswith("new-") else sheet.since
    for pair in sheet.by_distance:
        _end_fares(route_id, _calls_of(pair, calls), fare_class, since)
    same_day = Fare.objects.filter(route=route_id, fare_class=fare_class, valid_from=since)
    written = [_calls_of(pair, calls) for pair in sheet.amounts]
    same_day.filter(_pairs(written)).delete()
    Fare.objects.bulk_create(
        Fare(
            route_id=route_id,
            from_stop_id=calls[first],
            to_stop_id=calls[last],
            fare_class=fare_class,
            amount=amount,
            valid_from=since,
            valid_to=sheet.until,
        )
        for (first, last), amount in sheet.amounts.items()
    )


def _calls_of(pair: Pair, calls: Sequence[int]) -> Pair:
    return calls[pair[0]], calls[pair[1]]


def _pairs(pairs: Iterable[Pair]) -> Q:
    condition = Q(pk__in=[])
    for board, alight in pairs:
        condition |= Q(from_stop=board, to_stop=alight)
    return condition


def _end_fares(route_id: int, pair: Pair, fare_class: FareClass, since: date) -> None:
    fares = Fare.objects.filter(
        route=route_id, from_stop=pair[0], to_stop=pair[1], fare_class=fare_class
    ).filter(Q(valid_to=None) | Q(valid_to__gte=since))
    fares.filter(valid_from__gte=since).delete()
    fares.filter(valid_from__lt=since).update(valid_to=since - timedelta(days=1))


# Extra departures


def _make_departure(sheet: DepartureSheet, applied: Applied) -> int:
    route_id = _route_id(sheet.route, applied)
    departs = departs_at(route_id, sheet.day, sheet.departs_min)
    return make_extra_coach(route_id, departs, layout_id=sheet.layout, price=sheet.price).pk


def departs_at(route_id: int, day: date, departs_min: int) -> datetime:
    """When a coach of the route leaves its first stop at this minute of the day there."""
    return start_of_service_day(day, _zone_of(route_id)) + timedelta(minutes=departs_min)


def make_extra_coach(route_id: int, departs: datetime, *, layout_id: int, price: Decimal) -> Schedule:
    """One more coach of the route at this time, with the next number. Within a transaction."""
    coaches = Schedule.objects.filter(route=route_id, departure_time=departs)
    last = max(coaches.values_list("coach", flat=True), default=0)
    layout = SeatLayout.objects.get(pk=layout_id)
    return Schedule.objects.create(
        route_id=route_id,
        departure_time=departs,
        coach=last + 1,
        layout=layout,
        price_zar=price,
        available_seats=layout.seats.exclude(kind=SeatKind.CREW).count(),
    )
