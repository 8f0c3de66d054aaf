"""The link by which a passenger answers a case: made, found, and dead when the contact was changed."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256 as keyed

from django.conf import settings

from bookings.base.codes import sha256
from bookings.domain.sales.messages import write_message
from bookings.models import ChoiceLink, Disruption, Order, OutboxMessage, Ticket


def make_choice_link(
    case: Disruption, order: Order, ticket: Ticket | None = None, *, now: datetime
) -> ChoiceLink:
    """The link of an order, or of one of its passengers, in a case; the same when it is there already."""
    link = ChoiceLink(disruption=case, order=order, ticket=ticket, created_at=now)
    digest = sha256(choice_token(link))
    return ChoiceLink.objects.get_or_create(
        token_hash=digest, defaults={"disruption": case, "order": order, "ticket": ticket, "created_at": now}
    )[0]


def choice_token(link: ChoiceLink) -> str:
    """128 bits that nobody can guess, and another after each change of the order's contact."""
    who = f"{link.disruption_id} {link.order_id} {link.ticket_id or 0} {link.order.contact_version}"
    digest = hmac.new(settings.SECRET_KEY.encode(), f"choice {who}".encode(), keyed).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def choice_address(link: ChoiceLink) -> str:
    return f"{settings.SITE_URL}/disruptions/{choice_token(link)}/"


def find_choice_link(token: str) -> ChoiceLink | None:
    """The link of a token; None if there is none, or if the contact was changed since."""
    rows = ChoiceLink.objects.select_related("disruption", "order", "ticket")
    link = rows.filter(token_hash=sha256(token)).first()
    return link if link and hmac.compare_digest(choice_token(link), token) else None


def find_open_choice(order_id: int) -> str:
    """The token by which the buyer of an order answers its newest open case; empty without one."""
    rows = ChoiceLink.objects.filter(
        order=order_id, ticket=None, disruption__status=Disruption.Status.CONFIRMED
    )
    link = rows.select_related("order").order_by("-pk").first()
    return choice_token(link) if link else ""


def renew_choice_links(order: Order, *, now: datetime) -> None:
    """Give the links of an order's open cases the token of its new contact, and mail the buyer's to it; those
    of before open nothing any more. The caller holds the order, whose contact is the new one.
    """
    links = ChoiceLink.objects.select_related("disruption").filter(
        order=order, disruption__status=Disruption.Status.CONFIRMED
    )
    for link in links.order_by("pk"):
        link.order = order
        link.token_hash = sha256(choice_token(link))
        link.save(update_fields=["token_hash"])
        if link.ticket_id is None and order.email:
            version = f"contact {order.contact_version}"
            write_message(OutboxMessage.Kind.DISRUPTION, order, link, version=version, now=now)
