"""The timetable and its drafts as texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.clock import clock_text
from bookings.base.dates import day_text, duration_text
from bookings.base.money import format_zar
from bookings.base.weekdays import weekdays_text
from bookings.domain.timetable.drafts.departures import DatedCoach, DepartureChange
from bookings.domain.timetable.drafts.overview import DraftItem
from bookings.domain.timetable.drafts.publishing import DraftOutcome
from bookings.domain.timetable.drafts.sheets import DepartureSheet, FareSheet, RouteSheet, ServiceSheet
from bookings.models import Route, Service


@dataclass(frozen=True)
class DraftRow:
    """What a draft has of one subject."""

    address: str
    kind: str
    title: str
    detail: str
    by: str
    subject: str
    number: int
    is_new: bool


def draft_rows(items: Iterable[DraftItem]) -> list[DraftRow]:
    return [
        DraftRow(
            address=_address(item),
            kind=item.change.get_kind_display(),
            title=item.route,
            detail=_detail(item),
            by=item.change.made_by.get_full_name() or item.change.made_by.username,
            subject=item.change.subject,
            number=item.change.number,
            is_new=item.row.startswith("new-"),
        )
        for item in items
    ]


def _address(item: DraftItem) -> str:
    names = {
        RouteSheet: "timetable_route",
        ServiceSheet: "timetable_service",
        DepartureSheet: "timetable_departure",
        FareSheet: "fares_route",
    }
    return reverse(f"office:{names[type(item.sheet)]}", args=[item.row])


def _detail(item: DraftItem) -> str:
    sheet = item.sheet
    if isinstance(sheet, RouteSheet):
        stops = ngettext("%(count)d stop", "%(count)d stops", len(sheet.calls)) % {"count": len(sheet.calls)}
        return stops if item.row.startswith("new-") else f"{stops}, {_since(sheet.since)}"
    if isinstance(sheet, ServiceSheet):
        return f"{clock_text(sheet.departs_min)} {weekdays_text(sheet.weekdays)}, {_since(sheet.since)}"
    if isinstance(sheet, DepartureSheet):
        return f"{_day(sheet.day)}, {clock_text(sheet.departs_min)}"
    pairs = len(sheet.amounts) + len(sheet.by_distance)
    text = ngettext("%(count)d pair of stops", "%(count)d pairs of stops", pairs) % {"count": pairs}
    return f"{text}, {_since(sheet.since)}"


def _since(day: date) -> str:
    return _("from %(day)s") % {"day": _day(day)}


def _day(day: date) -> str:
    return f"{day_text(day)} {day.year}"


@dataclass(frozen=True)
class RouteBlock:
    """A route with its services."""

    row: str
    name: str
    road: str
    services: tuple[ServiceLine, ...]
    is_in_draft: bool
    source: str


@dataclass(frozen=True)
class ServiceLine:
    row: str
    departs: str
    arrives: str
    weekdays: str
    dates: str
    layout: str
    price: str
    is_in_draft: bool


def route_blocks(routes: Iterable[Route], items: Iterable[DraftItem]) -> list[RouteBlock]:
    """`routes`: with their calls and services."""
    subjects = {item.change.subject for item in items}
    return [
        RouteBlock(
            row=str(route.pk),
            name=route.name,
            road=_road(route),
            services=tuple(_service_line(route, service, subjects) for service in route.services.all()),
            is_in_draft=f"route:{route.pk}" in subjects,
            source=route.source,
        )
        for route in routes
    ]


def _road(route: Route) -> str:
    calls = list(route.calls.all())
    stops = ngettext("%(count)d stop", "%(count)d stops", len(calls)) % {"count": len(calls)}
    takes = duration_text(calls[-1].arrive_min if calls else 0)
    return f"{stops}, {route.distance_km.normalize():f} km, {takes}"


def _service_line(route: Route, service: Service, subjects: set[str]) -> ServiceLine:
    calls = list(route.calls.all())
    return ServiceLine(
        row=str(service.pk),
        departs=clock_text(service.departs_min),
        arrives=clock_text(service.departs_min + calls[-1].arrive_min) if calls else "",
        weekdays=weekdays_text(service.weekdays),
        dates=dates_text(service.starts_on, service.ends_on),
        layout=service.layout.name,
        price=format_zar(service.price_zar),
        is_in_draft=f"service:{service.pk}" in subjects,
    )


def dates_text(first: date, last: date | None) -> str:
    if last is None:
        return _("from %(first)s") % {"first": _day(first)}
    return _("%(first)s to %(last)s") % {"first": _day(first), "last": _day(last)}


# What publishing does


@dataclass(frozen=True)
class ChangeGroup:
    """Departures to which the same happens."""

    title: str
    before: str
    after: str
    count: int
    days: str
    each_day: tuple[str, ...]


@dataclass(frozen=True)
class LeftRow:
    address: str
    title: str
    departs: str
    passengers: str
    money: str
    planned: str


def change_groups(changes: Iterable[DepartureChange], outcome: DraftOutcome) -> list[ChangeGroup]:
    """In the order of their first departure."""
    groups: dict[tuple[str, str, str], list[date]] = {}
    for change in changes:
        coach = change.after or change.before
        if coach is None:
            continue
        key = (
            outcome.name_of(coach.route_id),
            _coach_text(change.before, change.after, outcome),
            _coach_text(change.after, change.before, outcome),
        )
        groups.setdefault(key, []).append(_local(coach, outcome).date())
    return [
        ChangeGroup(title, before, after, len(days), _span(days), tuple(_day(day) for day in days))
        for (title, before, after), days in groups.items()
    ]


def _span(days: list[date]) -> str:
    return _day(days[0]) if len(days) == 1 else f"{_day(min(days))} – {_day(max(days))}"


def _local(coach: DatedCoach, outcome: DraftOutcome) -> datetime:
    return coach.departs.astimezone(ZoneInfo(outcome.zone_of(coach.route_id)))


def _coach_text(coach: DatedCoach | None, other: DatedCoach | None, outcome: DraftOutcome) -> str:
    """Its time, and what else is not as on the other."""
    if coach is None:
        return ""
    parts = [f"{_local(coach, outcome):%H:%M}"]
    if other is None or coach.layout_id != other.layout_id:
        parts.append(outcome.layouts.get(coach.layout_id, ""))
    if other is None or coach.price != other.price:
        parts.append(format_zar(coach.price))
    if other is not None and coach.route_id != other.route_id:
        parts.append(outcome.name_of(coach.route_id))
    return ", ".join(parts)


def left_rows(changes: Iterable[DepartureChange], outcome: DraftOutcome) -> list[LeftRow]:
    rows = []
    for change in changes:
        coach = change.before
        if coach is None:
            continue
        local = _local(coach, outcome)
        rows.append(
            LeftRow(
                address=reverse("office:departure_seats", args=[change.schedule_id]),
                title=outcome.name_of(coach.route_id),
                departs=f"{_day(local)}, {local:%H:%M}",
                passengers=_people(change),
                money=format_zar(change.money) if change.money else "",
                planned=_coach_text(change.after, coach, outcome) or _("not planned any more"),
            )
        )
    return rows


def _people(change: DepartureChange) -> str:
    sold = ngettext("%(count)d passenger", "%(count)d passengers", change.sold) % {"count": change.sold}
    held = ngettext("%(count)d seat held", "%(count)d seats held", change.held) % {"count": change.held}
    return ", ".join(text for text, count in ((sold, change.sold), (held, change.held)) if count)


def left_total(changes: Iterable[DepartureChange]) -> tuple[int, int, str]:
    """Passengers, held seats, and their money."""
    changes = list(changes)
    money = sum((change.money for change in changes), Decimal(0))
    return sum(change.sold for change in changes), sum(change.held for change in changes), format_zar(money)
