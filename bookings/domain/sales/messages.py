"""What sales has to tell: rows of the outbox, written with the fact. Sending them is the business of tickets."""

from datetime import datetime

from bookings import tasks
from bookings.models import Order, OutboxMessage
from bookings.models.outbox import new_message_id


def queue_message(kind: str, order: Order, subject: str, *, version: str = "1", now: datetime) -> OutboxMessage | None:
    """As `write_message`; None if there was such a message already."""
    return OutboxMessage.objects.filter(message_id=write_message(kind, order, subject, version=version, now=now)).first()


def write_message(kind: str, order: Order, subject: str, *, version: str = "1", now: datetime) -> str:
    """Write a message within the caller's transaction and wake the queue once that has committed; returns its Message-ID.

    The same kind, subject and version again changes nothing.
    """
    message = OutboxMessage(
        kind=kind, order=order, subject=subject, version=version, created_at=now, next_try=now, message_id=new_message_id()
    )
    # Not get_or_create: a clash must leave the caller's transaction whole on PostgreSQL.
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    tasks.after_commit(tasks.send_mail_queue)
    return message.message_id
