"""The mailed link to an order: made, found by its token, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError

from bookings.base.codes import random_token, seeded_token, sha256
from bookings.database.compiled import insert_rows
from bookings.database.transactions import lone_statement, short_transaction
from bookings.domain.sales.messages import queue_message
from bookings.models import AccessLink, Booking, Order, OutboxMessage

_LIVES_AFTER_ARRIVAL: Final = timedelta(days=30)


def make_link(order: Order, *, now: datetime, bookings: Iterable[Booking] = (), seed: str = "") -> str:
    """A token of 128 bits that opens the order until 30 days after its last arrival; only its hash is kept.

    `bookings`: those of the order, where they are at hand. The same `seed` gives the same token, so that a
    mail that is sent twice is the same mail.
    """
    token = seeded_token(f"link {seed}") if seed else random_token()
    last = max((booking.alights_at for booking in bookings or order.bookings.all()), default=now)
    expires_at = max(now, last) + _LIVES_AFTER_ARRIVAL
    with suppress(IntegrityError), lone_statement():  # of a mail that is sent once more
        link = AccessLink(token_hash=sha256(token), order=order, created_at=now, expires_at=expires_at)
        insert_rows([link])
    return token


def link_address(token: str) -> str:
    return f"{settings.SITE_URL}/bookings/link/{token}/"


def order_address(order: Order) -> str:
    """The page of an order that no booking has: what was bought, whether it is paid, and giving it back."""
    return f"{settings.SITE_URL}/orders/{order.token}/status/"


def order_of_link(token: str, *, now: datetime) -> Order | None:
    link = (
        AccessLink.objects.select_related("order")
        .filter(token_hash=sha256(token), expires_at__gt=now)
        .first()
    )
    return link.order if link else None


def revoke_links(order: Order) -> int:
    return AccessLink.objects.filter(order=order).delete()[0]


def mail_link(order: Order, *, now: datetime) -> bool:
    """Mail the order's link, at most once a minute.

    False: one is on its way already, or there is no address to mail to.
    """
    if not order.email:
        return False
    with short_transaction():
        return (
            queue_message(OutboxMessage.Kind.LINK, order, order, version=f"{now:%Y%m%d%H%M}", now=now)
            is not None
        )


def mail_tickets_again(order: Order, *, now: datetime) -> bool:
    """Mail the confirmation with its tickets once more, at most once a minute."""
    if not order.email:
        return False
    with short_transaction():
        version = f"again {now:%Y%m%d%H%M}"
        return (
            queue_message(OutboxMessage.Kind.CONFIRMATION, order, order, version=version, now=now) is not None
        )
