"""What a draft would do to the timetable, and doing it: all or nothing.

The look ahead does it and takes it back, so that it tells exactly what publishing will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.network.places import DEFAULT_ZONE
from bookings.domain.timetable.drafts.applying import Applied, Change, apply_changes
from bookings.domain.timetable.drafts.departures import (
    DepartureChange,
    DepartureChanges,
    bring_up_to_plan,
    coach_of,
)
from bookings.domain.timetable.drafts.editing import check_rights, current_changes, lock_draft
from bookings.domain.timetable.drafts.overview import draft_items
from bookings.domain.timetable.drafts.published import fare_sheet, route_sheet, service_sheet
from bookings.domain.timetable.drafts.sheets import FareSheet, Json, Sheet, as_plain_json, read_sheet
from bookings.domain.timetable.stale import describe, passenger_lines, standing_bookings
from bookings.domain.timetable.successors import open_departure_task
from bookings.models import (
    AuditEntry,
    DraftChange,
    Route,
    RouteStop,
    Schedule,
    SeatLayout,
    Service,
    StaffTask,
    TimetableDraft,
    User,
)

_LOCK: Final = 7_302_511  # of publishers: one at a time


class RouteTitle(NamedTuple):
    name: str  # with its line
    time_zone: str  # of its first stop


@dataclass(frozen=True)
class DraftOutcome:
    """`problems` in words keep the draft from being published."""

    version: int
    departures: DepartureChanges
    routes: dict[int, RouteTitle] = field(default_factory=dict)  # that departures are of, those made now too
    layouts: dict[int, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def name_of(self, route_id: int) -> str:
        return self.routes[route_id].name if route_id in self.routes else ""

    def zone_of(self, route_id: int) -> str:
        return self.routes[route_id].time_zone if route_id in self.routes else DEFAULT_ZONE


def preview_draft(draft: TimetableDraft, *, now: datetime | None = None) -> DraftOutcome:
    """What publishing would do now; nothing is changed. It locks what it looks at, as publishing does."""
    now = now or database_now()
    with short_transaction():
        try:
            outcome = _publish(draft, now=now)
        except Refusal as refusal:
            outcome = DraftOutcome(draft.version, DepartureChanges(), problems=(refusal.message,))
        transaction.set_rollback(True)
    return outcome


def publish_draft(draft_id: int, *, seen: int, actor: User, now: datetime | None = None) -> DraftOutcome:
    """Put the draft into the timetable: all of it or nothing. `seen` is the version that was looked at.

    Departures with places sold, held or blocked stay as they are, each with a task. Raises Conflict if the
    draft was changed since, or published or dropped already, Refusal for what it names and is not there.
    """
    now = now or database_now()
    with short_transaction():
        _take_turns()
        draft = lock_draft(draft_id)
        check_rights(draft, actor)
        if draft.version != seen:
            raise Conflict(_("The draft has changed since you looked at it. Look again, then publish."))
        outcome = _publish(draft, now=now)
        if outcome.problems:
            raise Refusal(" ".join(outcome.problems))
        for change in outcome.departures.left:
            _open_task(change, now)
        _write_audit(draft, actor, now)
        TimetableDraft.objects.filter(pk=draft.pk).update(published_by=actor, published_at=now)
    return outcome


def _take_turns() -> None:
    """SQLite: the transaction does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _publish(draft: TimetableDraft, *, now: datetime) -> DraftOutcome:
    steps = current_changes(draft)
    problems = tuple(_outdated(draft, steps, now))
    changes = [Change(step.kind, step.subject, read_sheet(step.kind, step.data or {})) for step in steps]
    applied = apply_changes(changes)
    departures = bring_up_to_plan(
        applied.services, applied.successors, today=timezone.localdate(now), now=now
    )
    departures.appear = _with_extra(departures.appear, applied)
    layouts = dict(SeatLayout.objects.order_by().values_list("pk", "name"))
    return DraftOutcome(draft.version, departures, _routes(departures), layouts, problems)


def _outdated(draft: TimetableDraft, steps: Sequence[DraftChange], now: datetime) -> list[str]:
    """What another draft has published differently since this one took it up."""
    outdated = {
        step.subject
        for step in steps
        if step.base is not None and _without_clock(as_plain_json(_live(step))) != _without_clock(step.base)
    }
    text = _(
        "%(subject)s was changed by another draft that has been published since. Open it, "
        "check it and save it again."
    )
    items = draft_items(draft) if outdated else []
    return [text % {"subject": item.title} for item in items if item.change.subject in outdated]


def _live(step: DraftChange) -> Sheet | None:
    """The subject as it is published now, from the day that its base tells of."""
    base = read_sheet(step.kind, step.base or {})
    since: date = getattr(base, "since", date.min)
    row = step.subject.partition(":")[2]
    if not row.isdecimal():
        return None
    if step.kind == DraftChange.Kind.SERVICE:
        service = Service.objects.filter(pk=row).first()
        return service_sheet(service, since=since) if service else None
    route = Route.objects.filter(pk=row).select_related("line").first()
    if route is None:
        return None
    return fare_sheet(route, since=since) if isinstance(base, FareSheet) else route_sheet(route, since=since)


def _without_clock(data: Json | None) -> Json | None:
    """By which times are shown says nothing of what is published."""
    return data and {name: value for name, value in data.items() if name != "clock"}


def _with_extra(appear: list[DepartureChange], applied: Applied) -> list[DepartureChange]:
    rows = Schedule.objects.filter(pk__in=applied.departures)
    return [*appear, *(DepartureChange(row.pk, 0, None, coach_of(row)) for row in rows)]


def _routes(departures: DepartureChanges) -> dict[int, RouteTitle]:
    everything = (*departures.appear, *departures.change, *departures.vanish, *departures.left)
    routes = {
        coach.route_id
        for change in everything
        for coach in (change.before, change.after)
        if coach is not None
    }
    rows = RouteStop.objects.filter(route__in=routes, position=0).order_by()
    columns = ("route", "route__line__code", "route__name", "stop__time_zone")
    return {pk: RouteTitle(f"{line} {name}", zone) for pk, line, name, zone in rows.values_list(*columns)}


def _open_task(change: DepartureChange, now: datetime) -> None:
    schedule = Schedule.objects.select_related("route").get(pk=change.schedule_id)
    text = (
        _("%(departure)s: differs from the timetable now. It runs as it was sold until somebody decides.")
        if change.after
        else _("%(departure)s: no longer in the timetable. It runs as it was sold until somebody decides.")
    ) % {"departure": describe(schedule)}
    lines = [text, *passenger_lines(standing_bookings(schedule.pk))]
    open_departure_task(StaffTask.Kind.DEPARTURE_DIFFERS, schedule.pk, lines, now=now)


def _write_audit(draft: TimetableDraft, actor: User, now: datetime) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=now,
            actor=actor,
            subject=item.change.subject,
            title=item.title[:250],
            before=item.change.base,
            after=item.change.data,
            draft=draft,
        )
        for item in draft_items(draft)
    )
