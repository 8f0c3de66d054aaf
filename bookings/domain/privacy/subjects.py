"""Whose personal data: found by an e-mail address or a telephone number, and named afterwards by a digest."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.emails import plain_email, read_email
from bookings.base.errors import Refusal
from bookings.base.phones import read_phone
from bookings.models import Order

_MOST_ORDERS: Final = 2_000


@dataclass(frozen=True)
class Subject:
    """One of the two, as it is compared: a plain address, or a number as E.164."""

    email: str = ""
    phone: str = ""

    @property
    def digest(self) -> str:
        """HMAC-SHA256, so that an erasure can be found by who knows the address, and by nobody else."""
        return hmac.new(settings.SECRET_KEY.encode(), str(self).encode(), sha256).hexdigest()

    def __str__(self) -> str:
        return self.email or self.phone


def read_subject(text: str) -> Subject:
    """Raises Refusal for what is neither an e-mail address nor a telephone number."""
    text = text.strip()
    if "@" in text:
        return Subject(email=plain_email(read_email(text)))
    try:
        return Subject(phone=read_phone(text))
    except ValueError as error:
        raise Refusal(_("Enter an e-mail address or a telephone number.")) from error


def orders_of(subject: Subject) -> list[int]:
    """Ids of the orders with this contact that were not erased yet, the newest first."""
    orders = Order.objects.filter(erased_at=None)
    if subject.email:
        orders = orders.filter(bookings__passenger_email=subject.email)
    else:
        orders = orders.filter(phone=subject.phone)
    return list(orders.order_by("-pk").values_list("pk", flat=True).distinct()[:_MOST_ORDERS])
