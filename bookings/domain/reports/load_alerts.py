"""Departures that fill early or stay empty, by the rules that managers set: a task for each, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.network.audit import note_change
from bookings.domain.reconciliation.days import business_day, first_moment
from bookings.domain.search.availability import find_layouts
from bookings.domain.timetable.trips import local_text
from bookings.models import LoadRule, Route, Schedule, SeatLayout, StaffTask, User

_AHEAD: Final = timedelta(days=60)  # as far as departures are made
_ONE_DAY: Final = timedelta(days=1)
_MOST: Final = 200  # tasks of a rule at once


@dataclass(frozen=True)
class LoadAlert:
    """What a rule watches for: see `LoadRule`. `weekdays` are bits, bit 0 Monday."""

    is_above: bool
    percent: int
    days: int
    weekdays: int
    route: Route | None = None


def add_load_rule(alert: LoadAlert, *, actor: User, now: datetime | None = None) -> LoadRule:
    """Watch departures by a rule from now on."""
    now = now or database_now()
    with short_transaction():
        rule = LoadRule.objects.create(
            is_above=alert.is_above,
            percent=alert.percent,
            days=alert.days,
            weekdays=alert.weekdays,
            route=alert.route,
            created_by=actor,
            created_at=now,
        )
        note_change(
            f"load-rule:{rule.pk}", rule_text(rule), before=None, after=_facts(rule), actor=actor, now=now
        )
    return rule


def stop_load_rule(rule_id: int, *, actor: User, now: datetime | None = None) -> LoadRule:
    """Watch by the rule no more; a second time changes nothing. Raises NotFound."""
    now = now or database_now()
    with short_transaction():
        rule = LoadRule.objects.select_for_update(of=("self",)).filter(pk=rule_id).first()
        if rule is None:
            raise NotFound(_("There is no such rule."))
        if rule.stopped_at is None:
            rule.stopped_at = now
            rule.save(update_fields=["stopped_at"])
            note_change(
                f"load-rule:{rule.pk}", rule_text(rule), before=_facts(rule), after=None, actor=actor, now=now
            )
    return rule


def list_load_rules() -> list[LoadRule]:
    """Those that are watched by, the newest first: one query."""
    rules = LoadRule.objects.filter(stopped_at=None).select_related("route", "created_by")
    return list(rules.order_by("-pk"))


def watch_loads(*, now: datetime | None = None) -> int:
    """Open a task for each departure that a rule tells of and that has had none by it; returns how many."""
    now = now or database_now()
    rules = list_load_rules()
    if not rules:
        return 0
    sizes = {
        pk: sum(layout.seats.values())
        for pk, layout in find_layouts(SeatLayout.objects.values_list("pk", flat=True)).items()
    }
    return sum(_watch(rule, sizes, now) for rule in rules)


def rule_text(rule: LoadRule) -> str:
    """What it watches for, in a sentence."""
    text = (
        _("%(percent)d %% or more taken, %(days)d days before or earlier")
        if rule.is_above
        else _("%(percent)d %% or less taken, %(days)d days before or later")
    )
    return text % {"percent": rule.percent, "days": rule.days}


def _watch(rule: LoadRule, sizes: dict[int, int], now: datetime) -> int:
    kind = StaffTask.Kind.LOAD_HIGH if rule.is_above else StaffTask.Kind.LOAD_LOW
    departures = {f"load:{rule.pk}:{row.pk}": row for row in _departures(rule, sizes, now)}
    had = StaffTask.objects.filter(kind=kind, subject__in=departures).values_list("subject", flat=True)
    known = set(had)
    tasks = [
        StaffTask(kind=kind, subject=subject, detail=_detail(row, sizes[row.layout_id]), created_at=now)
        for subject, row in departures.items()
        if subject not in known
    ]
    StaffTask.objects.bulk_create(tasks, ignore_conflicts=True)
    return len(tasks)


def _departures(rule: LoadRule, sizes: dict[int, int], now: datetime) -> list[Schedule]:
    day = first_moment(business_day(now) + _ONE_DAY * rule.days)
    window = (day, now + _AHEAD) if rule.is_above else (now, day + _ONE_DAY)
    fits = Q(pk__in=())
    for layout, seats in sizes.items():
        free = seats - seats * rule.percent / 100
        limit = Q(available_seats__lte=free) if rule.is_above else Q(available_seats__gte=free)
        fits |= limit & Q(layout=layout)
    rows = Schedule.objects.filter(
        fits,
        departure_time__gte=window[0],
        departure_time__lt=window[1],
        is_active=True,
        status=Schedule.Status.ON_SALE,
    ).select_related("route__line")
    if rule.route_id:
        rows = rows.filter(route=rule.route_id)
    on_weekday = (
        row
        for row in rows.order_by("departure_time", "pk")[: _MOST * 7]
        if rule.weekdays >> timezone.localtime(row.departure_time).weekday() & 1
    )
    return [row for row, _number in zip(on_weekday, range(_MOST), strict=False)]


def _detail(row: Schedule, seats: int) -> str:
    taken = max(seats - row.available_seats, 0)
    return _("%(route)s, %(when)s: %(taken)d of %(seats)d seats taken") % {
        "route": f"{row.route.line.code} {row.route.name}".strip(),
        "when": local_text(row.departure_time),
        "taken": taken,
        "seats": seats,
    }


def _facts(rule: LoadRule) -> dict[str, Any]:
    return {
        "percent": rule.percent,
        "days": rule.days,
        "weekdays": rule.weekdays,
        "route": rule.route_id,
    }
