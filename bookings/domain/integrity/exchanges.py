"""What must always be true of changes that customers make. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bookings.base.money import ZERO, cents
from bookings.models import ExchangeRequest, Payment, Refund, SeatClaim, Total

_Status = ExchangeRequest.Status


def paid_changes_are_made_or_refunded(now: datetime) -> Iterator[object]:
    """What came for a change, less what went back of it as too much, is its amount once it is made, else 0;
    and what waited for its money was not made without it.
    """
    of_attempt, of_refund = "attempt__exchange_request", "payment__attempt__exchange_request"
    paid = Payment.objects.filter(**{f"{of_attempt}__isnull": False}).order_by().values_list(of_attempt)
    back = Refund.objects.filter(cause__startswith="excess:", **{f"{of_refund}__isnull": False})
    came = dict(paid.annotate(total=Total("amount")))
    went = dict(back.order_by().values_list(of_refund).annotate(total=Total("amount")))
    waited = ExchangeRequest.objects.filter(status=_Status.DONE, expires_at__isnull=False)
    made = dict(waited.values_list("pk", "amount"))
    for pk in sorted({*came, *made}):
        received = cents(came.get(pk, ZERO)) - cents(went.get(pk, ZERO))
        if received != made.get(pk, ZERO):
            yield f"exchange request {pk}: {received} came, {made.get(pk, ZERO)} sold"


def ended_changes_hold_no_seats(now: datetime) -> Iterator[object]:
    """Only a change that waits for its payment keeps new seats."""
    held = SeatClaim.objects.filter(hold_trip__hold__exchange_request__isnull=False, expires_at__gt=now)
    held = held.exclude(hold_trip__hold__exchange_request__status=_Status.OPEN)
    yield from held.values_list("pk", flat=True)
