"""A relief coach of a departure: the same route and time, one coach more.

Until it is put on sale only those are on it whom the disruption desk moves there.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.network.audit import note_change
from bookings.domain.sales.idempotency import run_once
from bookings.domain.timetable.drafts.applying import make_extra_coach
from bookings.models import Disruption, Schedule, ScheduleEvent, SeatLayout, User

_OVER = (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)


def add_relief(
    schedule_id: int, layout: SeatLayout, *, actor: User, submission: str, now: datetime | None = None
) -> Schedule:
    """Put one more coach on, planned and not on sale, once per `submission`.

    Conflict if the first has arrived or was cancelled.
    """

    def act() -> str:
        original = Schedule.objects.select_for_update(no_key=True).filter(pk=schedule_id).first()
        if original is None:
            raise NotFound(_("We could not find this departure."))
        if original.status in _OVER:
            raise Conflict(_("This departure is over or cancelled: it takes no relief coach."))
        relief = make_extra_coach(
            original.route_id, original.departure_time, layout_id=layout.pk, price=original.price_zar
        )
        Schedule.objects.filter(pk=relief.pk).update(status=Schedule.Status.PLANNED)
        note_change(
            f"departure:{relief.pk}",
            _("Relief coach %(coach)d") % {"coach": relief.coach},
            before=None,
            after={"relief_of": original.pk, "layout": layout.name},
            actor=actor,
            now=now or database_now(),
        )
        return str(relief.pk)

    content = f"{schedule_id}:{layout.pk}"
    pk = run_once("relief", submission, content, action=act, now=now or database_now())
    return Schedule.objects.get(pk=pk)


def is_not_yet_sold(schedule_id: int, status: str) -> bool:
    """Whether the departure can be put on sale: it is planned, or has only taken passengers of the desk."""
    if status != Schedule.Status.CLOSED:
        return status == Schedule.Status.PLANNED
    sold = ScheduleEvent.objects.filter(schedule=schedule_id, from_status__in=Schedule.SOLD_IN)
    return Disruption.objects.filter(target=schedule_id).exists() and not sold.exists()


def open_sale(schedule_id: int, *, actor: User, now: datetime | None = None) -> None:
    """Put a planned departure on sale, or one that has only taken passengers of the disruption desk; one that
    is on sale already stays so. Conflict in any other state.
    """
    with short_transaction():
        schedule = Schedule.objects.select_for_update(no_key=True).filter(pk=schedule_id).first()
        if schedule is None:
            raise NotFound(_("We could not find this departure."))
        if schedule.status == Schedule.Status.ON_SALE:
            return
        if not is_not_yet_sold(schedule.pk, schedule.status):
            raise Conflict(_("Only a planned departure can be put on sale."))
        ScheduleEvent.objects.create(
            schedule=schedule,
            from_status=schedule.status,
            to_status=Schedule.Status.ON_SALE,
            actor=actor,
            at=now or database_now(),
        )
        schedule.status = Schedule.Status.ON_SALE
        schedule.revision += 1
        schedule.save(update_fields=["status", "revision"])
