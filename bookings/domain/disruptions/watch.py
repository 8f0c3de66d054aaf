"""Who has not answered in time: a person is asked, and nobody's silence is a yes to waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from bookings.database.transactions import database_now
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import Disruption, DisruptionLine, Order, StaffTask, Ticket

_ANSWER_WITHIN: Final = timedelta(hours=24)
_BEFORE_DEPARTURE: Final = timedelta(hours=2)
_SILENCE_IS_YES: Final = timedelta(hours=2)  # to seats on a coach that leaves so much later at most


def watch_unanswered(*, now: datetime | None = None) -> int:
    """Open one task for each order that waits, or was moved by more than two hours, has been silent for 24
    hours or until two hours before its departure, and has none yet; returns how many.
    """
    now = now or database_now()
    lines = [line for line in _silent() if answer_by(line) <= now]
    orders = {line.ticket.booking.order_id: line for line in lines}
    subjects = {order_id: f"case:{line.disruption_id}:order:{order_id}" for order_id, line in orders.items()}
    kind = StaffTask.Kind.DISRUPTION_UNANSWERED
    known = set(
        StaffTask.objects.filter(kind=kind, subject__in=subjects.values()).values_list("subject", flat=True)
    )
    for order in Order.objects.filter(pk__in=orders).order_by("pk"):
        if subjects[order.pk] not in known:
            facts = {"number": orders[order.pk].disruption_id}
            detail = (
                _("Nobody has answered case %(number)d. Call the passengers and decide for them.") % facts
            )
            open_task(kind, order, subject=subjects[order.pk], detail=detail, now=now)
    return len(set(subjects.values()) - known)


def answer_by(line: DisruptionLine) -> datetime:
    """When a person is asked about a line without an answer."""
    confirmed_at = line.disruption.confirmed_at
    if confirmed_at is None:
        raise ValueError(f"{line} is only planned")
    return min(confirmed_at + _ANSWER_WITHIN, line.boards_at - _BEFORE_DEPARTURE)


def _silent() -> list[DisruptionLine]:
    """Without an answer where silence is no yes."""
    rows = DisruptionLine.objects.filter(
        disruption__status=Disruption.Status.CONFIRMED,
        choice=DisruptionLine.Choice.NONE,
        ticket__status=Ticket.Status.VALID,
    ).exclude(action=DisruptionLine.Action.STAY)
    return [
        line
        for line in rows.select_related("disruption", "ticket__booking").order_by("pk")
        if line.ticket.place == Ticket.Place.WAITING
        or line.ticket.booking.boards_at - line.boards_at > _SILENCE_IS_YES
    ]
