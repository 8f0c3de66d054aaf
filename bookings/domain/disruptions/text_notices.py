"""Who of a case was told by WhatsApp, SMS or a call, and what staff do about who was not."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.errors import NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.text_messages import passengers_with_contact
from bookings.domain.tickets.choice_links import make_choice_link
from bookings.models import (
    ContactChannel,
    Disruption,
    DisruptionLine,
    OutboxMessage,
    TextMessage,
    User,
)

Told = tuple[TextMessage, ...]


def texts_of_case(case: Disruption) -> dict[tuple[int, int], Told]:
    """By order and ticket (0: the buyer), in the order in which they were written; one query."""
    links = case.links.values("pk")
    rows = TextMessage.objects.filter(kind=OutboxMessage.Kind.DISRUPTION, about_id__in=links)
    by_person: defaultdict[tuple[int, int], list[TextMessage]] = defaultdict(list)
    for row in rows.order_by("pk"):
        by_person[row.order_id, row.ticket_id or 0].append(row)
    return {key: tuple(texts) for key, texts in by_person.items()}


def contact_phones(case: Disruption) -> dict[int, str]:
    """The numbers that passengers gave, by ticket; one query."""
    people = passengers_with_contact(list(case.lines.values_list("ticket", flat=True)))
    return {pk: person.phone for pk, person in people.items() if person.phone}


def note_call(case_id: int, line_id: int, *, actor: User, now: datetime | None = None) -> None:
    """Note that this passenger of an open case was told on the telephone; again it changes nothing.

    Raises NotFound.
    """
    now = now or database_now()
    with short_transaction():
        row = _row(_line(case_id, line_id), ContactChannel.CALL, actor, now)
        row.state, row.sent_at, row.delivered_at = TextMessage.State.DELIVERED, now, now
        TextMessage.objects.bulk_create([row], ignore_conflicts=True)


def send_sms(case_id: int, line_id: int, *, actor: User, now: datetime | None = None) -> None:
    """Tell this passenger of an open case by SMS, once, too. Raises NotFound, or Refusal without a way to."""
    now = now or database_now()
    with short_transaction():
        row = _row(_line(case_id, line_id), ContactChannel.SMS, actor, now)
        if not row.to or ContactChannel.SMS not in settings.TEXT_PROVIDERS:
            raise Refusal(_("There is no number, or SMS is switched off. Please call."))
        TextMessage.objects.bulk_create([row], ignore_conflicts=True)
        queue.enqueue_after_commit("send_text_messages")


def _line(case_id: int, line_id: int) -> DisruptionLine:
    rows = DisruptionLine.objects.select_related("disruption", "ticket__booking__order")
    line = rows.filter(pk=line_id, disruption=case_id, disruption__status=Disruption.Status.CONFIRMED).first()
    if line is None:
        raise NotFound(_("We could not find this passenger of an open case."))
    return line


def _row(line: DisruptionLine, channel: str, actor: User, now: datetime) -> TextMessage:
    ticket = line.ticket
    order = ticket.booking.order
    person = passengers_with_contact([ticket.pk]).get(ticket.pk)
    link = make_choice_link(line.disruption, order, ticket, now=now)
    return TextMessage(
        kind=OutboxMessage.Kind.DISRUPTION,
        order=order,
        booking=ticket.booking,
        ticket=ticket,
        subject=f"choicelink:{link.pk}",
        about_id=link.pk,
        version="1",
        channel=channel,
        to=(person.phone if person else "") or order.phone,
        created_at=now,
        next_try=now,
        actor=actor,
    )
