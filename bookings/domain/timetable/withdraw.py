"""Take out the departures that a changed plan no longer has.

What is sold goes off sale and to a person; it never stays on sale beside what came in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from bookings.database.transactions import short_transaction
from bookings.domain.timetable.stale import (
    UNDER_WAY,
    WITHDRAWN,
    Comparison,
    describe,
    find_in_use,
    find_recorded,
    passenger_lines,
    standing_bookings,
)
from bookings.domain.timetable.successors import open_departure_task, retire
from bookings.models import Schedule, ScheduleEvent, StaffTask

_CHUNK: Final = 500


@dataclass
class Withdrawal:
    removed: int = 0
    withdrawn: list[str] = field(default_factory=list)  # off sale, with passengers or holds: in words
    remaining: list[str] = field(default_factory=list)  # under way or over: left as they are, in words


def withdraw_stale(comparison: Comparison, *, now: datetime) -> Withdrawal:
    """Remove the imported departures that differ from their plans in day, time or route; those with
    passengers go off sale, each with a task that names them.
    """
    withdrawal = Withdrawal()
    stale = [departure.pk for departure in comparison.stale if not departure.is_withdrawn]
    with short_transaction():
        for start in range(0, len(stale), _CHUNK):
            _withdraw(stale[start : start + _CHUNK], withdrawal, now=now)
    return withdrawal


def _withdraw(ids: Sequence[int], withdrawal: Withdrawal, *, now: datetime) -> None:
    # A seller locks the departure first, too: nobody can claim a seat between this look and the removal.
    locked = Schedule.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids)
    departures = list(locked.select_related("route").order_by("pk"))
    in_use = find_in_use(ids, now=now)
    for departure in departures:
        if departure.pk not in in_use or departure.status == Schedule.Status.CANCELLED:
            continue
        if departure.status in UNDER_WAY or departure.departure_time <= now:
            withdrawal.remaining.append(
                _("%(departure)s: the plan changed, but it is under way or over")
                % {"departure": describe(departure)}
            )
        else:
            withdrawal.withdrawn.append(describe(departure))
            _take_off_sale(departure, now)
    free = [departure.pk for departure in departures if departure.pk not in in_use]
    withdrawal.removed += len(free)
    recorded = find_recorded(free)
    retire(recorded)
    Schedule.objects.filter(pk__in=[pk for pk in free if pk not in recorded]).delete()


def _take_off_sale(departure: Schedule, now: datetime) -> None:
    """Its tickets stay valid until somebody has decided what becomes of its passengers. Its place in the plan
    is free; a plan that has it again finds it.
    """
    title = describe(departure)
    ScheduleEvent.objects.create(
        schedule=departure,
        from_status=departure.status,
        to_status=Schedule.Status.CLOSED,
        position=0 if departure.status == Schedule.Status.CLOSED else None,
        kind=ScheduleEvent.Kind.WITHDRAWN,
        reason=_("no longer in the timetable"),
        at=now,
    )
    Schedule.objects.filter(pk=departure.pk).update(
        is_active=False,
        status=Schedule.Status.CLOSED,
        service=None,
        source_id=Concat(Value(WITHDRAWN), Cast("pk", CharField())),
        revision=F("revision") + 1,
    )
    bookings = standing_bookings(departure.pk)
    if bookings:
        text = _(
            "%(departure)s: no longer in the timetable. It is off sale; its passengers still have tickets."
        )
        lines = [text % {"departure": title}, *passenger_lines(bookings)]
        open_departure_task(StaffTask.Kind.DEPARTURE_WITHDRAWN, departure.pk, lines, now=now)
