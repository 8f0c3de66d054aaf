"""What became of a webhook's messages, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.partners.webhooks import Delivery, DeliveryState
from bookings.domain.timetable.trips import local_text
from bookings.models import Webhook
from bookings.web.render import MenuLink

# What a list of deliveries can be narrowed to, as its address says it.
STATES: Final[tuple[tuple[str, str | Promise], ...]] = (
    ("", gettext_lazy("All")),
    ("waiting", gettext_lazy("Waiting")),
    ("failed", gettext_lazy("Failed")),
    ("sent", gettext_lazy("Delivered")),
)
_BADGES: Final = {
    DeliveryState.SENT: ("badge-good", gettext_lazy("delivered")),
    DeliveryState.FAILED: ("badge-bad", gettext_lazy("failed")),
    DeliveryState.WAITING: ("", gettext_lazy("waiting")),
}


def state_tabs(webhook: Webhook, state: str) -> list[MenuLink]:
    address = reverse("office:webhook", args=[webhook.partner.slug, webhook.pk])
    return [
        MenuLink(f"{address}?state={value}" if value else address, str(label), value == state)
        for value, label in STATES
    ]


def page_address(state: str, page: int) -> str:
    """Of a page of the deliveries in this state, or in any."""
    return f"?{urlencode(({'state': state} if state else {}) | {'page': page})}"


@dataclass(frozen=True)
class DeliveryRow:
    id: int
    public_id: str
    event: str
    reference: str
    written: str
    has_failed: bool
    badge_class: str
    badge: str | Promise
    when: str
    error: str
    button: str  # empty if it cannot be sent again now

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryRow:
        badge_class, badge = _BADGES[delivery.state]
        resend = _("Send now") if delivery.state is DeliveryState.WAITING else _("Send again")
        return cls(
            id=delivery.id,
            public_id=delivery.public_id,
            event=delivery.event,
            reference=delivery.reference,
            written=local_text(delivery.written_at),
            has_failed=delivery.state is DeliveryState.FAILED,
            badge_class=badge_class,
            badge=badge,
            when=_when(delivery),
            error=f"{delivery.error} ({_('tries')}: {delivery.attempts})" if delivery.error else "",
            button=resend if delivery.may_resend else "",
        )


def _when(delivery: Delivery) -> str:
    if delivery.at is None:
        return _("on its way")
    if delivery.state is DeliveryState.WAITING:
        return _("next try %(moment)s") % {"moment": local_text(delivery.at)}
    return local_text(delivery.at)
