"""Webhooks as managers keep them.

Made, switched, tested, their secret replaced, and the deliveries of their messages.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import IntegrityError
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.codes import random_token, sha256
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.messaging.webhooks.http import check_url
from bookings.domain.messaging.webhooks.payload import PING, public_id
from bookings.domain.messaging.webhooks.signature import new_secret
from bookings.domain.sales.messages import write_webhook
from bookings.models import Booking, OutboxMessage, Partner, PartnerEvent, StaffTask, User, Webhook

MOST: Final = 10  # webhooks of a partner
PAGE: Final = 20
OLD_SECRET_HOURS: Final = 24


class DeliveryState(Enum):
    SENT = "sent"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class Delivery:
    """A message for a webhook, and how far it came."""

    id: int
    public_id: str
    event: str
    reference: str  # of a booking of its order
    written_at: datetime
    state: DeliveryState
    at: datetime | None  # when it was taken or given up, or is tried next; None while it is on its way
    attempts: int
    error: str
    may_resend: bool


@dataclass(frozen=True)
class DeliveryPage:
    rows: tuple[Delivery, ...]
    page: int
    has_next: bool


def add_webhook(
    partner: Partner,
    *,
    url: str,
    events: Collection[str],
    actor: User | None = None,
    now: datetime | None = None,
) -> Webhook:
    """Create a webhook, whose secret is shown only once.

    Raises Refusal for an address or events that make no sense, Conflict for an address that the partner has
    already.
    """
    url, events, now = _clean_url(url), _clean_events(events), now or database_now()
    if Webhook.objects.filter(partner=partner).count() >= MOST:
        raise Refusal(_("A partner has at most %(most)d webhooks.") % {"most": MOST})
    try:
        with short_transaction():
            webhook = Webhook.objects.create(
                partner=partner, url=url, events=events, secret=new_secret(), created_by=actor, created_at=now
            )
            _record(
                webhook,
                _("webhook %(url)s created for %(events)s") % {"url": url, "events": ", ".join(events)},
                actor,
                now,
            )
    except IntegrityError as clash:
        raise Conflict(_("This partner already has a webhook with this address.")) from clash
    return webhook


def switch_webhook(
    hook: Webhook, *, is_on: bool, actor: User | None = None, now: datetime | None = None
) -> None:
    """Switch a webhook on or off.

    Off, it is sent nothing more, and what waits for it is given up; it can be sent again by hand.
    """
    now = now or database_now()
    with short_transaction():
        if not Webhook.objects.filter(pk=hook.pk, is_active=not is_on).update(is_active=is_on):
            return
        if not is_on:
            waiting = OutboxMessage.objects.filter(webhook=hook, sent_at=None, failed_at=None)
            waiting.update(failed_at=now, lease_until=None, last_error=_("the webhook was switched off"))
        _record(
            hook,
            (_("webhook %(url)s switched on") if is_on else _("webhook %(url)s switched off"))
            % {"url": hook.url},
            actor,
            now,
        )


def secret_fingerprint(hook: Webhook) -> str:
    """Tells which secret a form means to replace, without showing it."""
    return sha256(hook.secret)[:16]


def rotate_secret(
    hook: Webhook, *, fingerprint: str, actor: User | None = None, now: datetime | None = None
) -> Webhook:
    """Replace the secret by a new one, shown only once; the old one signs too for a day, so that the partner
    can change over.

    Raises Conflict if the secret of this fingerprint has been replaced already, so that a page sent twice
    replaces one secret.
    """
    now = now or database_now()
    changes = {
        "secret": new_secret(),
        "old_secret": hook.secret,
        "old_until": now + timedelta(hours=OLD_SECRET_HOURS),
    }
    with short_transaction():
        if fingerprint != secret_fingerprint(hook) or not Webhook.objects.filter(
            pk=hook.pk, secret=hook.secret
        ).update(**changes):
            raise Conflict(
                _(
                    "This secret has already been replaced. If you have not noted the new one, replace it "
                    "once more."
                )
            )
        _record(hook, _("secret of webhook %(url)s replaced") % {"url": hook.url}, actor, now)
    return get_webhook(hook.pk)


def ping(hook: Webhook, *, now: datetime | None = None) -> None:
    """Send a test message by the way that all others take. Raises Conflict while the webhook is off."""
    if not hook.is_active:
        raise Conflict(_("This webhook is switched off."))
    with short_transaction():
        write_webhook(hook, PING, version=random_token()[:40], at=now or database_now())


def resend_message(message_id: int, hook: Webhook, *, now: datetime | None = None) -> None:
    """Try a message anew, whatever became of it, with all of its tries.

    Raises Conflict while it is on its way, or the webhook is off.
    """
    now = now or database_now()
    if not hook.is_active:
        raise Conflict(_("This webhook is switched off."))
    with short_transaction():
        not_leased = Q(lease_until=None) | Q(lease_until__lte=now)
        message = OutboxMessage.objects.filter(not_leased, pk=message_id, webhook=hook)
        if not message.update(sent_at=None, failed_at=None, attempts=0, next_try=now):
            raise Conflict(_("This message is being sent just now."))
        task = StaffTask.objects.filter(
            kind=StaffTask.Kind.WEBHOOK_FAILED, subject=f"message:{message_id}", done_at=None
        )
        task.update(done_at=now, done_note=_("sent again"))
        queue.enqueue_after_commit("send_webhooks")


def get_webhook(hook_id: int, slug: str = "") -> Webhook:
    """The webhook, of the partner with this short name if one is given. Raises NotFound."""
    webhook = Webhook.objects.select_related("partner", "created_by").filter(pk=hook_id).first()
    if webhook is None or slug not in ("", webhook.partner.slug):
        raise NotFound(_("We could not find this webhook."))
    return webhook


def list_webhooks(partner: Partner) -> QuerySet[Webhook]:
    """The partner's webhooks, each with how many messages are `waiting` and `failed`, and when one was last
    taken (`heard_at`): one query.
    """
    waiting, failed = (
        Q(messages__sent_at=None, messages__failed_at=None, messages__pk__gt=0),
        Q(messages__failed_at__isnull=False),
    )
    return (
        Webhook.objects.filter(partner=partner)
        .annotate(
            waiting=Count("messages", filter=waiting),
            failed=Count("messages", filter=failed),
            heard_at=Max("messages__sent_at"),
        )
        .order_by("-is_active", "pk")
    )


def list_deliveries(
    hook: Webhook, *, page: int = 1, state: DeliveryState | None = None, now: datetime
) -> DeliveryPage:
    """The messages for a webhook, of one state or of all, the latest first: two queries."""
    rows = (
        OutboxMessage.objects.filter(_IN_STATE[state], webhook=hook).select_related("order").order_by("-pk")
    )
    first = (max(page, 1) - 1) * PAGE
    shown = list(rows[first : first + PAGE + 1])
    orders = {message.order_id for message in shown[:PAGE]}
    references = dict(
        Booking.objects.filter(order__in=orders).order_by("-pk").values_list("order", "booking_reference")
    )
    deliveries = (
        _delivery(message, references.get(message.order_id or 0, ""), hook, now) for message in shown[:PAGE]
    )
    return DeliveryPage(tuple(deliveries), max(page, 1), len(shown) > PAGE)


_IN_STATE: Final[dict[DeliveryState | None, Q]] = {
    None: Q(),
    DeliveryState.FAILED: Q(failed_at__isnull=False),
    DeliveryState.WAITING: Q(sent_at=None, failed_at=None),
    DeliveryState.SENT: Q(sent_at__isnull=False),
}


def _delivery(message: OutboxMessage, reference: str, hook: Webhook, now: datetime) -> Delivery:
    is_leased = message.lease_until is not None and message.lease_until > now
    state, at = DeliveryState.WAITING, None if is_leased else max(message.next_try or now, now)
    if message.sent_at:
        state, at = DeliveryState.SENT, message.sent_at
    elif message.failed_at:
        state, at = DeliveryState.FAILED, message.failed_at
    return Delivery(
        id=message.pk,
        public_id=public_id(message),
        event=message.event,
        reference=reference,
        written_at=message.created_at,
        state=state,
        at=at,
        attempts=message.attempts,
        error=message.last_error,
        may_resend=hook.is_active and not is_leased,
    )


def _clean_url(url: str) -> str:
    url = url.strip()
    if len(url) > 300:
        raise Refusal(_("This is not a valid address."))
    check_url(url)
    return url


def _clean_events(events: Collection[str]) -> list[str]:
    known = [event for event in Webhook.Event.values if event in events]
    if not known or len(known) != len(set(events)):
        raise Refusal(
            _("Choose the events to send: %(events)s.") % {"events": ", ".join(Webhook.Event.values)}
        )
    return known


def _record(hook: Webhook, what: str, actor: User | None, now: datetime) -> None:
    PartnerEvent.objects.record(hook.partner, what, at=now, actor=actor)
