"""What sales has to tell customers and partners.

Rows of the outbox, written in the transaction of the fact. `messaging` sends them.
"""

from datetime import datetime

from django.db.models import Model

from bookings import queue
from bookings.database.compiled import insert_rows
from bookings.domain.sales.text_messages import (
    Fact,
    PersonToTell,
    cancel_unsent,
    passengers_with_contact,
    people_to_tell,
    write_text,
)
from bookings.models import Booking, Order, OutboxMessage, Ticket, Webhook
from bookings.models.outbox import new_message_id


def queue_message(
    kind: str, order: Order, about: Model, *, version: str = "1", now: datetime
) -> OutboxMessage | None:
    """As `write_message`; None if there was such a message already."""
    return OutboxMessage.objects.filter(
        message_id=write_message(kind, order, about, version=version, now=now)
    ).first()


def write_message(
    kind: str, order: Order | None, about: Model, *, version: str = "1", recipient: str = "", now: datetime
) -> str:
    """Write a message within the caller's transaction and wake the queue once that has committed; returns its
    Message-ID.

    `about` is the order, or that booking, payment or attempt of it; `recipient` another address than the
    order's. A voucher may be of no order. The same kind, row and version again
    changes nothing.
    """
    message = OutboxMessage(
        kind=kind,
        order=order,
        subject=f"{about._meta.model_name}:{about.pk}",
        about_id=about.pk,
        version=version,
        recipient=recipient,
        created_at=now,
        next_try=now,
        message_id=new_message_id(),
    )
    # Not get_or_create: a clash must leave the caller's transaction whole on PostgreSQL.
    insert_rows([message], ignore_conflicts=True)
    if isinstance(about, Booking) and kind in OutboxMessage.TOLD:
        _tell_people(message, about, now=now)
    is_mail = kind not in OutboxMessage.NO_MAIL
    queue.enqueue_after_commit("send_mail_queue" if is_mail else "send_demo_notifications")
    return message.message_id


def _tell_people(message: OutboxMessage, booking: Booking, *, now: datetime) -> None:
    """The same to each passenger of the booking who gave a contact, and to the buyer's telephone."""
    fact = Fact(message.kind, message.subject, booking.pk, message.version)
    tickets = list(booking.tickets.filter(status__in=Ticket.IN_USE).values_list("pk", flat=True))
    passengers = passengers_with_contact(tickets).values()
    cancel_unsent(message.kind, booking, now=now)
    for person in people_to_tell(booking.order, passengers):
        write_text(fact, booking, person, now=now)
        if person.ticket and person.email:
            insert_rows([passenger_mail(message, person)], ignore_conflicts=True)


def passenger_mail(message: OutboxMessage, person: PersonToTell) -> OutboxMessage:
    """The same mail to a passenger's own address; not written yet."""
    return OutboxMessage(
        kind=message.kind,
        order=message.order,
        subject=message.subject,
        about_id=message.about_id,
        version=f"{message.version} ticket {person.ticket}"[-40:],
        recipient=person.email,
        created_at=message.created_at,
        next_try=message.next_try,
        message_id=new_message_id(),
    )


def notify_partner(order: Order, event: str, about: Model, *, at: datetime) -> None:
    """Write what happened to a partner's order for each of its webhooks that wants to know, in the
    transaction of the fact.

    `about` is the booking, payment or refund. An order that no partner sold costs nothing.
    """
    if order.partner_id is None:
        return
    if order.updated_at != at:
        Order.objects.filter(pk=order.pk).update(updated_at=at)
        order.updated_at = at
    hooks = [
        hook for hook in Webhook.objects.filter(partner=order.partner_id, is_active=True) if hook.wants(event)
    ]
    for hook in hooks:
        write_webhook(hook, event, about, version=at.isoformat(), order=order, at=at)


def write_webhook(
    hook: Webhook,
    event: str,
    about: Model | None = None,
    *,
    version: str,
    at: datetime,
    order: Order | None = None,
) -> None:
    """Write one message for a webhook within the caller's transaction.

    The same event of the same moment again changes nothing.
    """
    message = OutboxMessage(
        kind=OutboxMessage.Kind.WEBHOOK,
        webhook=hook,
        order=order,
        subject=f"{hook.pk}:{event}:{about.pk}" if about else f"{hook.pk}:{event}",
        event=event,
        about_id=about.pk if about else None,
        version=version,
        created_at=at,
        next_try=at,
        message_id=new_message_id(),
    )
    insert_rows([message], ignore_conflicts=True)
    queue.enqueue_after_commit("send_webhooks")
