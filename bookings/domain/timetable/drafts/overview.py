"""The timetable as the office edits it: lines with their routes and services, and what a draft has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.text import capfirst

from bookings.domain.network.typed_stops import stops_by_id
from bookings.domain.timetable.drafts.editing import current_changes, find_change, sheet_of
from bookings.domain.timetable.drafts.published import route_sheet, service_sheet
from bookings.domain.timetable.drafts.sheets import RouteSheet, ServiceSheet, Sheet, read_sheet
from bookings.models import DraftChange, Line, Route, RouteStop, Service, TimetableDraft


@dataclass(frozen=True)
class DraftItem:
    """What a draft has of one subject; `route` is what its route is called."""

    change: DraftChange
    row: str  # of the subject: 12, or new-3
    sheet: Sheet
    route: str

    @property
    def title(self) -> str:
        """As people call it: Service FB1 Pretoria – Cape Town."""
        return f"{capfirst(self.change.get_kind_display())} {self.route}"


def draft_items(draft: TimetableDraft | None) -> list[DraftItem]:
    """What publishing would take, in the order of the draft; at most four queries."""
    changes = current_changes(draft) if draft else []
    sheets = [(change, read_sheet(change.kind, change.data or {})) for change in changes]
    names = _route_names(sheets)
    return [
        DraftItem(change, change.subject.partition(":")[2], sheet, names.get(_route_of(change, sheet), ""))
        for change, sheet in sheets
    ]


def _route_of(change: DraftChange, sheet: Sheet) -> str:
    return change.subject.partition(":")[2] if isinstance(sheet, RouteSheet) else sheet.route


def _route_names(sheets: Iterable[tuple[DraftChange, Sheet]]) -> dict[str, str]:
    sheets = list(sheets)
    routes = {_route_of(change, sheet): sheet for change, sheet in sheets if isinstance(sheet, RouteSheet)}
    names = {row: route_name(sheet) for row, sheet in routes.items()}
    rows = {_route_of(change, sheet) for change, sheet in sheets} - names.keys()
    live = Route.objects.filter(pk__in=[int(row) for row in rows if row.isdecimal()]).select_related("line")
    return names | {str(route.pk): f"{route.line.code} {route.name}" for route in live}


def route_name(sheet: RouteSheet) -> str:
    """Its line and its name, or its ends; one query if it has none."""
    name = sheet.name
    if not name and sheet.calls:
        stops = stops_by_id((sheet.calls[0].stop, sheet.calls[-1].stop))
        name = " – ".join(
            stops[call.stop].city.name for call in (sheet.calls[0], sheet.calls[-1]) if call.stop in stops
        )
    return f"{sheet.line_code} {name}".strip()


def find_route_sheet(row: str, draft: TimetableDraft | None, *, since: date) -> RouteSheet | None:
    """The route as the draft has it, else as it is published; None if there is none."""
    sheet = sheet_of(find_change(draft, f"route:{row}"))
    if isinstance(sheet, RouteSheet):
        return sheet
    route = Route.objects.filter(pk=row).select_related("line").first() if row.isdecimal() else None
    return route_sheet(route, since=since) if route else None


def list_lines(text: str = "") -> QuerySet[Line]:
    """By code, with how many `routes_run` and `services_run`; `text` begins a code or is in a name."""
    is_run = Q(routes__is_active=True)
    rows = Line.objects.annotate(
        routes_run=Count("routes", filter=is_run, distinct=True),
        services_run=Count(
            "routes__services", filter=is_run & Q(routes__services__is_active=True), distinct=True
        ),
    ).order_by("code", "pk")
    if text:
        rows = rows.filter(Q(code__istartswith=text) | Q(name__icontains=text))
    return rows


def line_routes(line: Line, today: date) -> list[Route]:
    """The routes of the line that are run, each with its `calls` and its `services` that have not ended."""
    services = Service.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), is_active=True)
    calls = RouteStop.objects.select_related("stop__city").order_by("position")
    routes = (
        line.routes.active()
        .select_related("line")
        .prefetch_related(
            Prefetch("services", services.select_related("layout").order_by("departs_min", "starts_on")),
            Prefetch("calls", calls),
        )
    )
    return list(routes.order_by("name", "pk"))


def last_service(row: str, draft: TimetableDraft | None) -> ServiceSheet | None:
    """What a new service of the route may begin with: layout and price of the one before it."""
    for item in reversed(draft_items(draft)):
        if isinstance(item.sheet, ServiceSheet) and item.sheet.route == row:
            return item.sheet
    services = Service.objects.filter(route=int(row) if row.isdecimal() else 0, is_active=True)
    service = services.order_by("-starts_on", "-pk").first()
    return service_sheet(service, since=service.starts_on) if service else None


def find_service_sheet(row: str, draft: TimetableDraft | None, *, since: date) -> ServiceSheet | None:
    """The service as the draft has it, else as it is published; None if there is none."""
    sheet = sheet_of(find_change(draft, f"service:{row}"))
    if isinstance(sheet, ServiceSheet):
        return sheet
    service = Service.objects.filter(pk=row).first() if row.isdecimal() else None
    return service_sheet(service, since=since) if service else None


def other_routes(line_code: str, row: str) -> list[Route]:
    """Routes whose fares may be copied to this one: those of its line first."""
    routes = Route.objects.active().select_related("line").exclude(pk=row if row.isdecimal() else 0)
    return sorted(
        routes.order_by("line__code", "name", "pk")[:500], key=lambda route: route.line.code != line_code
    )
