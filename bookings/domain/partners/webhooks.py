"""Webhooks as managers keep them: made, switched, their secret replaced, tried, and what became of each message."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from bookings.domain.timetable.trips import local_text
from bookings.models import Booking, OutboxMessage, Partner, PartnerEvent, StaffTask, User, Webhook

MOST: Final = 10  # webhooks of a partner
PAGE: Final = 20
OLD_SECRET_HOURS: Final = 24


@dataclass(frozen=True)
class Delivery:
    """A message as staff see it."""

    id: int
    public_id: str
    event: str
    reference: str  # of a booking of its order
    written: str
    state: str  # sent, failed, waiting
    words: str
    error: str
    may_send: bool


@dataclass(frozen=True)
class DeliveryPage:
    rows: tuple[Delivery, ...]
    page: int
    has_next: bool


def add_webhook(partner: Partner, *, url: str, events: Collection[str], actor: User | None = None, now: datetime | None = None) -> Webhook:
    """Its secret is shown this once. Raises Refusal for an address or events that make no sense, Conflict for an address twice."""
    url, events, now = _clean_url(url), _clean_events(events), now or database_now()
    if Webhook.objects.filter(partner=partner).count() >= MOST:
        raise Refusal(_("A partner has at most %(most)d webhooks.") % {"most": MOST})
    try:
        with short_transaction():
            made = Webhook.objects.create(partner=partner, url=url, events=events, secret=new_secret(), created_by=actor, created_at=now)
            _record(made, _("webhook %(url)s made for %(events)s") % {"url": url, "events": ", ".join(events)}, actor, now)
    except IntegrityError as clash:
        raise Conflict(_("This partner has a webhook with this address already.")) from clash
    return made


def switch_webhook(hook: Webhook, *, is_on: bool, actor: User | None = None, now: datetime | None = None) -> None:
    """Switched off, it hears nothing more; what was waiting for it is given up and can be sent again by hand."""
    now = now or database_now()
    with short_transaction():
        if not Webhook.objects.filter(pk=hook.pk, is_active=not is_on).update(is_active=is_on):
            return
        if not is_on:
            waiting = OutboxMessage.objects.filter(webhook=hook, sent_at=None, failed_at=None)
            waiting.update(failed_at=now, lease_until=None, last_error=_("the webhook was switched off"))
        _record(hook, (_("webhook %(url)s switched on") if is_on else _("webhook %(url)s switched off")) % {"url": hook.url}, actor, now)


def secret_mark(hook: Webhook) -> str:
    """By which a form says which secret it means to replace, without showing it."""
    return sha256(hook.secret)[:16]


def rotate_secret(hook: Webhook, *, mark: str, actor: User | None = None, now: datetime | None = None) -> Webhook:
    """A new secret, shown this once; the old one signs too for a day, so that the partner can change over without a gap.

    Raises Conflict if the secret of this `mark` has been replaced already, so that a page sent twice replaces one secret.
    """
    now = now or database_now()
    changes = {"secret": new_secret(), "old_secret": hook.secret, "old_until": now + timedelta(hours=OLD_SECRET_HOURS)}
    with short_transaction():
        if mark != secret_mark(hook) or not Webhook.objects.filter(pk=hook.pk, secret=hook.secret).update(**changes):
            raise Conflict(_("This secret has been replaced already. Who has not noted the new one can replace it once more."))
        _record(hook, _("secret of webhook %(url)s replaced") % {"url": hook.url}, actor, now)
    return webhook_called(hook.pk)


def ping(hook: Webhook, *, now: datetime | None = None) -> None:
    """A message that says nothing, by the same way as all others."""
    if not hook.is_active:
        raise Conflict(_("This webhook is switched off."))
    with short_transaction():
        write_webhook(hook, PING, version=random_token()[:40], at=now or database_now())


def send_again(message_id: int, hook: Webhook, *, now: datetime | None = None) -> None:
    """Try a message anew, whatever became of it, with all of its tries. Raises Conflict while it is on its way, or the webhook is off."""
    now = now or database_now()
    if not hook.is_active:
        raise Conflict(_("This webhook is switched off."))
    with short_transaction():
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        mine = OutboxMessage.objects.filter(free, pk=message_id, webhook=hook)
        if not mine.update(sent_at=None, failed_at=None, attempts=0, next_try=now):
            raise Conflict(_("This message is on its way just now."))
        task = StaffTask.objects.filter(kind=StaffTask.Kind.WEBHOOK_FAILED, subject=f"message:{message_id}", done_at=None)
        task.update(done_at=now, done_note=_("sent again"))
        queue.enqueue_after_commit("send_webhooks")


def webhook_called(hook_id: int, slug: str = "") -> Webhook:
    """The webhook, of this partner if one is said. Raises NotFound."""
    found = Webhook.objects.select_related("partner", "created_by").filter(pk=hook_id).first()
    if found is None or slug not in ("", found.partner.slug):
        raise NotFound(_("We do not know this webhook."))
    return found


def webhooks_of(partner: Partner) -> QuerySet[Webhook]:
    """With what waits, what was given up, and when one was last heard: one query."""
    waiting, failed = Q(messages__sent_at=None, messages__failed_at=None, messages__pk__gt=0), Q(messages__failed_at__isnull=False)
    counts = {
        "waiting": Count("messages", filter=waiting),
        "failed": Count("messages", filter=failed),
        "heard_at": Max("messages__sent_at"),
    }
    return Webhook.objects.filter(partner=partner).annotate(**counts).order_by("-is_active", "pk")


def deliveries(hook: Webhook, *, page: int = 1, state: str = "", now: datetime) -> DeliveryPage:
    """The latest messages first: two queries."""
    rows = OutboxMessage.objects.filter(webhook=hook, **_STATES.get(state, {})).select_related("order").order_by("-pk")
    first = (max(page, 1) - 1) * PAGE
    found = list(rows[first : first + PAGE + 1])
    orders = {message.order_id for message in found[:PAGE]}
    references = dict(Booking.objects.filter(order__in=orders).order_by("-pk").values_list("order", "booking_reference"))
    lines = (_delivery(message, references.get(message.order_id, ""), hook, now) for message in found[:PAGE])
    return DeliveryPage(tuple(lines), max(page, 1), len(found) > PAGE)


_STATES: Final = {
    "failed": {"failed_at__isnull": False},
    "waiting": {"sent_at": None, "failed_at": None},
    "sent": {"sent_at__isnull": False},
}


def _delivery(message: OutboxMessage, reference: str, hook: Webhook, now: datetime) -> Delivery:
    is_busy = message.lease_until is not None and message.lease_until > now
    if message.sent_at:
        state, words = "sent", local_text(message.sent_at)
    elif message.failed_at:
        state, words = "failed", local_text(message.failed_at)
    elif is_busy:
        state, words = "waiting", _("on its way")
    else:
        state, words = "waiting", _("next try %(moment)s") % {"moment": local_text(max(message.next_try, now))}
    error = f"{message.last_error} ({_('tries')}: {message.attempts})" if message.last_error else ""
    may_send = hook.is_active and not is_busy
    return Delivery(message.pk, public_id(message), message.event, reference, local_text(message.created_at), state, words, error, may_send)


def _clean_url(url: str) -> str:
    url = url.strip()
    if len(url) > 300:
        raise Refusal(_("This is not an address."))
    check_url(url)
    return url


def _clean_events(events: Collection[str]) -> list[str]:
    wanted = [event for event in Webhook.Event.values if event in events]
    if not wanted or len(wanted) != len(set(events)):
        raise Refusal(_("Choose what the webhook shall be told: %(events)s.") % {"events": ", ".join(Webhook.Event.values)})
    return wanted


def _record(hook: Webhook, words: str, actor: User | None, now: datetime) -> None:
    PartnerEvent.objects.record(hook.partner, words, at=now, actor=actor)
