"""An incident on the road: no automatic message goes to its passengers, and who is on board is a list for
those who need it; each look at it is in the audit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound
from bookings.database.transactions import short_transaction
from bookings.domain.network.audit import note_change
from bookings.models import Booking, BookingEvent, Disruption, OutboxMessage, SaleStatus, Ticket, User

AGAIN: Final = timedelta(minutes=5)  # when a message that is kept back is looked at next
# What somebody has just asked for themselves
_ASKED_FOR: Final = (OutboxMessage.Kind.LINK, OutboxMessage.Kind.CONTACT_CHANGED, OutboxMessage.Kind.INVOICE)


def stopped_orders() -> set[int]:
    """The orders with a trip on a departure of an open incident: one query, which mostly finds none."""
    cases = Disruption.objects.filter(kind=Disruption.Kind.INCIDENT, status=Disruption.Status.CONFIRMED)
    rows = Booking.objects.filter(schedule__disruptions__disruption__in=cases)
    return set(rows.values_list("order", flat=True))


def keep_back(message_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Those of the messages that may go out now; the others are tried again later: one query without an
    incident.
    """
    orders = stopped_orders() if message_ids else set()
    if not orders:
        return list(message_ids)
    rows = OutboxMessage.objects.filter(pk__in=message_ids, order__in=orders).exclude(kind__in=_ASKED_FOR)
    stopped = set(rows.values_list("pk", flat=True))
    OutboxMessage.objects.filter(pk__in=stopped).update(next_try=now + AGAIN)
    return [pk for pk in message_ids if pk not in stopped]


@dataclass(frozen=True)
class OnBoard:
    """Somebody with a ticket for the departure, as rescue services and relatives ask for them."""

    ticket: Ticket
    boarded_at: datetime | None  # None: nobody has scanned the ticket


def on_board_list(case_id: int, *, actor: User, now: datetime) -> list[OnBoard]:
    """Who was scanned, by seat, and then who has a ticket and was not; the look is written into the audit.

    Raises NotFound, or Conflict for a case that is no incident or is closed.
    """
    with short_transaction():
        case = Disruption.objects.filter(pk=case_id).first()
        if case is None:
            raise NotFound(_("We could not find this case."))
        if case.kind != Disruption.Kind.INCIDENT or case.status != Disruption.Status.CONFIRMED:
            raise Conflict(_("This list is only there while an incident is open."))
        people = _people(case.schedules.filter(is_target=False).values_list("schedule", flat=True))
        note_change(
            f"case:{case.pk}",
            _("List of who is on board of case %(number)d was looked at") % {"number": case.pk},
            before=None,
            after={"people": len(people)},
            actor=actor,
            now=now,
        )
    return people


def _people(schedule_ids: Collection[int]) -> list[OnBoard]:
    rows = Ticket.objects.filter(
        booking__schedule__in=schedule_ids,
        booking__status=SaleStatus.CONFIRMED,
        status__in=(Ticket.Status.BOARDED, Ticket.Status.VALID),
    ).exclude(place=Ticket.Place.WAITING)
    related = (
        "seat",
        "passenger_type",
        "booking__order",
        "booking__from_stop__stop",
        "booking__to_stop__stop",
    )
    tickets = list(rows.select_related(*related).order_by("seat__deck", "seat__row", "seat__column", "pk"))
    scans = BookingEvent.objects.filter(ticket__in=tickets, to_status=Ticket.Status.BOARDED).order_by("pk")
    boarded = dict(scans.values_list("ticket", "at"))
    people = [
        OnBoard(ticket, boarded.get(ticket.pk) if ticket.status == Ticket.Status.BOARDED else None)
        for ticket in tickets
    ]
    return sorted(people, key=lambda one: one.boarded_at is None)
