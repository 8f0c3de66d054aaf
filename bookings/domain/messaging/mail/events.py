"""What a mail provider tells, through the one signal of django-anymail: arrived, opened, came back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.database.transactions import short_transaction
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import OutboxMessage, StaffTask

_COLUMNS: Final = {
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "opened_at",
    "bounced": "bounced_at",
    "rejected": "bounced_at",
    "failed": "bounced_at",
}


def note_mail_event(event: Any, **_signal: Any) -> None:
    """Receiver of anymail's `tracking`: note what became of a mail of ours, in whatever order it is told. One
    that came back before the trip is a task for somebody to call.
    """
    column = _COLUMNS.get(str(event.event_type))
    if not column or not event.message_id:
        return
    at = event.timestamp or timezone.now()
    with short_transaction():
        own = OutboxMessage.objects.filter(Q(provider_id=event.message_id) & ~Q(provider_id=""))
        message = own.select_related("order").first()
        if message is None:
            return
        OutboxMessage.objects.filter(pk=message.pk, **{column: None}).update(**{column: at})
        if column == "bounced_at" and message.order and _has_trip_ahead(message, at):
            facts = {"kind": message.get_kind_display()}
            detail = _("%(kind)s: the mailbox does not exist or refuses it. Please call.") % facts
            subject = f"message:{message.pk}"
            open_task(StaffTask.Kind.MAIL_FAILED, message.order, subject=subject, detail=detail, now=at)


def _has_trip_ahead(message: OutboxMessage, now: datetime) -> bool:
    return message.order is not None and message.order.bookings.filter(boards_at__gt=now).exists()
