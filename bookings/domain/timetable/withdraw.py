"""Take out the departures that a changed plan no longer has.

What somebody holds or has booked stays, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.db.models import F
from django.utils.translation import gettext as _

from bookings.database.transactions import short_transaction
from bookings.domain.timetable.calendars import is_time_zone
from bookings.domain.timetable.generate import ServicePlan, read_service_plans
from bookings.models import Booking, HoldTrip, Schedule, SeatClaim, Service

_CHUNK: Final = 500


@dataclass
class Withdrawal:
    removed: int = 0
    remaining: list[str] = field(default_factory=list)  # departures that somebody must look at, in words


def withdraw_stale(*, source: str, first_day: date, now: datetime) -> Withdrawal:
    """Remove the imported departures from `first_day` on that differ from their services.

    In day, time or route.
    """
    withdrawal = Withdrawal()
    plans = {
        plan.pk: plan
        for plan in read_service_plans(Service.objects.filter(source=source, is_active=True), first_day, None)
        if is_time_zone(plan.time_zone)
    }
    stale = _stale_ids(source, first_day, plans)
    with short_transaction():
        for start in range(0, len(stale), _CHUNK):
            _withdraw(stale[start : start + _CHUNK], withdrawal, now=now)
    return withdrawal


def _stale_ids(source: str, first_day: date, plans: dict[int, ServicePlan]) -> list[int]:
    rows = Schedule.objects.filter(source=source, service_date__gte=first_day).order_by("pk")
    return [
        pk
        for pk, service_id, day, route_id, departs in rows.values_list(
            "pk", "service_id", "service_date", "route_id", "departure_time"
        ).iterator()
        if not _as_planned(plans.get(service_id), day, route_id, departs)
    ]


def _as_planned(plan: ServicePlan | None, day: date | None, route_id: int, departs: datetime) -> bool:
    return (
        plan is not None
        and day is not None
        and plan.route_id == route_id
        and plan.calendar.runs_on(day)
        and plan.departs_at(day) == departs
    )


def _withdraw(ids: Sequence[int], withdrawal: Withdrawal, *, now: datetime) -> None:
    # A seller locks the departure first, too: nobody can claim a seat between this look and the removal.
    departures = list(Schedule.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    in_use = set(SeatClaim.objects.filter(schedule__in=ids).live(now).values_list("schedule", flat=True))
    in_use |= set(Booking.objects.filter(schedule__in=ids).values_list("schedule", flat=True))
    recorded = set(HoldTrip.objects.filter(schedule__in=ids).values_list("schedule", flat=True)) - in_use
    withdrawal.remaining += _described([departure.pk for departure in departures if departure.pk in in_use])
    free = [departure.pk for departure in departures if departure.pk not in in_use]
    withdrawal.removed += len(free)
    # A visitor's lapsed hold still points at its departure: that one is taken off sale, and its place in the
    # plan set free.
    Schedule.objects.filter(pk__in=recorded).update(
        is_active=False,
        status=Schedule.Status.CANCELLED,
        service=None,
        source="",
        source_id="",
        revision=F("revision") + 1,
    )
    Schedule.objects.filter(pk__in=[pk for pk in free if pk not in recorded]).delete()


def _described(ids: Sequence[int]) -> Iterator[str]:
    for row in Schedule.objects.filter(pk__in=ids).select_related("route").order_by("departure_time", "pk"):
        yield _("%(route)s, service day %(day)s (%(id)s): the plan changed, but seats are held or booked") % {
            "route": row.route.name,
            "day": row.service_date,
            "id": row.source_id,
        }
