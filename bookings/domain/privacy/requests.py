"""A customer asks what is kept about an e-mail address, and proves by a mailed link that it is theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from bookings.base.codes import seeded_token, sha256
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.privacy.subjects import Subject, orders_of
from bookings.domain.sales.messages import write_message
from bookings.models import DataRequest, Order, OutboxMessage

_GOOD_FOR: Final = timedelta(hours=24)


def ask_for_data(subject: Subject, *, now: datetime | None = None) -> bool:
    """Mail the link to the address, if there is an order with it that was not erased; else nothing is mailed,
    and False.
    """
    orders = orders_of(subject) if subject.email else []
    if not orders:
        return False
    now = now or database_now()
    with short_transaction():
        order = Order.objects.get(pk=orders[0])
        request = DataRequest(order=order, email=subject.email, created_at=now, expires_at=now + _GOOD_FOR)
        request.token_hash = sha256(_token_of(request))
        if not DataRequest.objects.filter(token_hash=request.token_hash).exists():
            request.save()
            write_message(OutboxMessage.Kind.DATA_LINK, order, request, recipient=subject.email, now=now)
    return True


def data_address(request: DataRequest) -> str:
    return f"{settings.SITE_URL}/privacy/data/{_token_of(request)}/"


def find_data_request(token: str, *, now: datetime) -> DataRequest | None:
    return DataRequest.objects.filter(token_hash=sha256(token), expires_at__gt=now).first()


def _token_of(request: DataRequest) -> str:
    """The same whenever the mail is built, so that one that is sent twice is the same mail."""
    return seeded_token(f"data {request.email} {request.created_at.isoformat()}")
