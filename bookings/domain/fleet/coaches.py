"""The coaches of the company, and those that it hires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.fleet.layouts import free_seating_layout
from bookings.domain.network.audit import note_change
from bookings.models import Bus, OutOfService, SeatKind, SeatLayout, User

MOST_FREE_SEATS: Final = 100


@dataclass(frozen=True)
class DaysOut:
    """Days on which a coach does not run; without an end until further notice."""

    starts_on: date
    ends_on: date | None
    reason: str


@dataclass(frozen=True)
class CoachSheet:
    """A coach as it is typed: with a layout, or with so many `free_seats` that are only counted."""

    number: str
    registration: str
    layout: SeatLayout | None
    free_seats: int | None = None
    operator: str = ""
    in_service_from: date | None = None
    in_service_to: date | None = None
    days_out: tuple[DaysOut, ...] = ()


def list_coaches(text: str = "") -> QuerySet[Bus]:
    """By number, with the layout, its `seats_sold` and the days out of service; two queries."""
    sold = Count("layout__seats", filter=~Q(layout__seats__kind=SeatKind.CREW))
    rows = Bus.objects.select_related("layout").annotate(seats_sold=sold).prefetch_related("out_of_service")
    if text:
        named = Q(bus_number__icontains=text) | Q(registration__icontains=text)
        rows = rows.filter(named | Q(operator__icontains=text) | Q(layout__name__icontains=text))
    return rows.order_by("bus_number")


def get_coach(coach_id: int) -> Bus:
    """With its layout and its days out of service. Raises NotFound."""
    coach = (
        Bus.objects.filter(pk=coach_id).select_related("layout").prefetch_related("out_of_service").first()
    )
    if coach is None:
        raise NotFound(_("We could not find this coach."))
    return coach


def why_not_in_service(coach: Bus, day: date) -> str | None:
    """Why the coach does not run on this day, None if it does. Its days out must be read."""
    if coach.in_service_from and day < coach.in_service_from:
        return _("not yet in service")
    if coach.in_service_to and day > coach.in_service_to:
        return _("no longer in service")
    for days in coach.out_of_service.all():
        if days.starts_on <= day and (days.ends_on is None or day <= days.ends_on):
            return days.reason
    return None


def add_coach(sheet: CoachSheet, *, actor: User, now: datetime | None = None) -> Bus:
    """Take a coach on. Raises Refusal, Conflict for a number or registration that another has."""
    return _write(None, sheet, actor, now or database_now())


def change_coach(coach_id: int, sheet: CoachSheet, *, actor: User, now: datetime | None = None) -> Bus:
    """Change what is known of a coach, and its days out of service. Raises as `add_coach`, or NotFound."""
    return _write(coach_id, sheet, actor, now or database_now())


def _write(coach_id: int | None, sheet: CoachSheet, actor: User, now: datetime) -> Bus:
    _check(sheet)
    try:
        with short_transaction():
            coach = (
                Bus()
                if coach_id is None
                else Bus.objects.select_for_update(no_key=True).filter(pk=coach_id).first()
            )
            if coach is None:
                raise NotFound(_("We could not find this coach."))
            before = _facts(coach) if coach_id else None
            coach.bus_number, coach.registration = sheet.number, sheet.registration
            coach.layout = sheet.layout or free_seating_layout(sheet.free_seats or 0, actor=actor, now=now)
            coach.operator = sheet.operator
            coach.in_service_from, coach.in_service_to = sheet.in_service_from, sheet.in_service_to
            coach.save()
            _write_days(coach, sheet.days_out)
            note_change(
                f"coach:{coach.pk}",
                coach.bus_number,
                before=before,
                after=_facts(coach),
                actor=actor,
                now=now,
            )
    except IntegrityError as clash:
        raise Conflict(_("Another coach has this number or registration.")) from clash
    return coach


def _check(sheet: CoachSheet) -> None:
    if (sheet.layout is None) == (sheet.free_seats is None):
        raise Refusal(_("Choose a layout, or enter the number of seats for free seating."))
    if sheet.free_seats is not None and not 1 <= sheet.free_seats <= MOST_FREE_SEATS:
        raise Refusal(_("Free seating takes 1 to %(most)d seats.") % {"most": MOST_FREE_SEATS})
    start, end = sheet.in_service_from, sheet.in_service_to
    if start and end and end < start:
        raise Refusal(_("It cannot go out of service before it comes into service."))
    for days in sheet.days_out:
        if days.ends_on and days.ends_on < days.starts_on:
            raise Refusal(_("“%(reason)s” ends before it begins.") % {"reason": days.reason})


def _write_days(coach: Bus, days_out: Sequence[DaysOut]) -> None:
    old = list(coach.out_of_service.all())
    if [(days.starts_on, days.ends_on, days.reason) for days in old] == [
        (days.starts_on, days.ends_on, days.reason) for days in days_out
    ]:
        return
    OutOfService.objects.filter(bus=coach).delete()
    OutOfService.objects.bulk_create(
        OutOfService(bus=coach, starts_on=days.starts_on, ends_on=days.ends_on, reason=days.reason)
        for days in days_out
    )


def _facts(coach: Bus) -> dict[str, Any]:
    days_out = OutOfService.objects.filter(bus=coach)
    return {
        "number": coach.bus_number,
        "registration": coach.registration,
        "layout": coach.layout.name,
        "operator": coach.operator,
        "in_service_from": str(coach.in_service_from or ""),
        "in_service_to": str(coach.in_service_to or ""),
        "out_of_service": [f"{days.starts_on} – {days.ends_on or ''} {days.reason}" for days in days_out],
    }
