"""Imported departures that differ from the plan of their source, and who is on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import PROTECT, ForeignObjectRel
from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.domain.timetable.calendars import is_time_zone
from bookings.domain.timetable.generate import ServicePlan, read_service_plans
from bookings.models import Booking, RouteStop, SaleStatus, Schedule, SeatClaim, Service

WITHDRAWN: Final = (
    "withdrawn:"  # begins the source_id of a departure with passengers that no plan has any more
)
UNDER_WAY: Final = (Schedule.Status.BOARDING, Schedule.Status.DEPARTED, Schedule.Status.ARRIVED)
_STANDING: Final = (SaleStatus.PENDING, SaleStatus.CONFIRMED)
_CHUNK: Final = 500


class ImportedDeparture(NamedTuple):
    pk: int
    service_id: int | None
    service_date: date
    route_id: int
    departs: datetime
    status: str
    source_id: str

    @property
    def is_withdrawn(self) -> bool:
        return self.source_id.startswith(WITHDRAWN)


@dataclass
class Comparison:
    """The departures of a source from a day on, beside its plan."""

    plans: dict[int, ServicePlan]
    stale: list[ImportedDeparture] = field(default_factory=list)
    planned: dict[tuple[int, date], int] = field(default_factory=dict)  # by service and day, those as planned

    @property
    def total(self) -> int:
        """Without those that were withdrawn before."""
        return len(self.planned) + sum(not departure.is_withdrawn for departure in self.stale)


def compare_departures(source: str, first_day: date) -> Comparison:
    """What is there from `first_day` on, as planned or not in day, time or route."""
    services = read_service_plans(Service.objects.filter(source=source, is_active=True), first_day, None)
    comparison = Comparison({plan.pk: plan for plan in services if is_time_zone(plan.time_zone)})
    columns = ("pk", "service_id", "service_date", "route_id", "departure_time", "status", "source_id")
    rows = Schedule.objects.filter(source=source, service_date__gte=first_day).order_by("pk")
    for row in rows.values_list(*columns).iterator():
        departure = ImportedDeparture(*row)
        plan = comparison.plans.get(departure.service_id or 0)
        if plan is not None and _is_as_planned(departure, plan):
            comparison.planned[plan.pk, departure.service_date] = departure.pk
        else:
            comparison.stale.append(departure)
    return comparison


def _is_as_planned(departure: ImportedDeparture, plan: ServicePlan) -> bool:
    return (
        plan.route_id == departure.route_id
        and plan.calendar.runs_on(departure.service_date)
        and plan.departs_at(departure.service_date) == departure.departs
    )


def find_in_use(ids: Collection[int], *, now: datetime) -> set[int]:
    """The departures of these on which somebody has a place, or holds or blocks one."""
    in_use: set[int] = set()
    for part in _parts(ids):
        claims = SeatClaim.objects.filter(schedule__in=part).live(now)
        in_use |= set(claims.values_list("schedule", flat=True))
        in_use |= set(
            Booking.objects.filter(schedule__in=part, status__in=_STANDING).values_list("schedule", flat=True)
        )
    return in_use


def find_recorded(ids: Collection[int]) -> set[int]:
    """The departures of these that rows of whatever kind point at, so that they cannot be deleted: old
    bookings, holds and claims, blocks, delays, cases.
    """
    relations = [
        relation
        for relation in Schedule._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is PROTECT
    ]
    recorded: set[int] = set()
    for part in _parts(ids):
        for relation in relations:
            name = relation.field.name
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": part})
            recorded |= set(rows.order_by().values_list(name, flat=True))
    return recorded


def _parts(ids: Collection[int]) -> Iterable[list[int]]:
    rows = list(ids)
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def standing_bookings(schedule_id: int) -> list[Booking]:
    """Those that are paid, or still may be, with their orders and tickets."""
    rows = Booking.objects.filter(schedule=schedule_id, status__in=_STANDING)
    return list(rows.select_related("order").prefetch_related("tickets").order_by("boards_at", "pk"))


def count_passengers(ids: Collection[int]) -> int:
    return sum(
        Booking.objects.filter(schedule__in=part, status__in=_STANDING, tickets__status="valid").count()
        for part in _parts(ids)
    )


def passenger_lines(bookings: Iterable[Booking]) -> list[str]:
    """Who they are and how to reach them, a booking a line."""
    lines = []
    for booking in bookings:
        names = ", ".join(ticket.full_name for ticket in booking.tickets.all() if ticket.status == "valid")
        contact = " ".join(part for part in (booking.order.phone, booking.passenger_email) if part)
        lines.append(f"{booking.booking_reference}: {names} ({contact or _('no contact')})")
    return lines


def describe(schedule: Schedule) -> str:
    """ "Aandster – Cilliers, Mon 7 Dec 2026, 08:00": by the clock of its first stop."""
    first = (
        RouteStop.objects.select_related("stop").filter(route=schedule.route_id).order_by("position").first()
    )
    zone = ZoneInfo(first.stop.time_zone) if first else None
    local = schedule.departure_time.astimezone(zone)
    return f"{schedule.route.name}, {day_text(local)} {local.year}, {local:%H:%M}"
