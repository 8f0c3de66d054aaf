"""From an attempt to the page where it is paid, and back without having paid."""

from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.domain.sales.gateways import HandOver, gateway_called
from bookings.models import Order, PaymentAttempt

_LEFT_ALONE: Final = 15  # seconds, by a gateway's time-out three times over
_Status = PaymentAttempt.Status
_TO_PAY: Final = (_Status.STARTED, _Status.ABANDONED)


def order_of_attempt(token: str) -> Order:
    """Raises NotFound."""
    return _attempt_called(token).order


def attempt_to_hand_over(token: str, *, now: datetime) -> PaymentAttempt | None:
    """An attempt with its order; None if it is not to be paid any more. Raises NotFound."""
    attempt = _attempt_called(token)
    return attempt if attempt.status in _TO_PAY and _is_open(attempt, now) else None


def _is_open(attempt: PaymentAttempt, now: datetime) -> bool:
    """Whether what it pays is still to be paid, and in time: its order, or a change of it."""
    return attempt.exchange_request.is_open(now) if attempt.exchange_request else attempt.order.is_open(now)


def get_hand_over(attempt: PaymentAttempt) -> HandOver:
    """Where the browser goes to pay.

    A gateway that makes a page for each attempt is asked, outside of any transaction, until it has answered;
    then its answer is kept. Raises OSError when it does not answer: nobody can have paid then. For a while
    after one that hung it raises at once: whoever waits keeps others from searching and booking.
    """
    try:
        target = _hand_over(attempt)
    except OSError:
        _move(attempt, _Status.STARTED, _Status.ABANDONED)
        raise
    _move(attempt, _Status.ABANDONED, _Status.STARTED)
    return target


def _hand_over(attempt: PaymentAttempt) -> HandOver:
    if attempt.address:
        return HandOver(attempt.address, external_id=attempt.external_id)
    hung = f"hand_over_hung:{attempt.gateway}"
    if cache.get(hung):
        raise TimeoutError("the gateway did not answer just now")
    try:
        target = gateway_called(attempt.gateway).hand_over(attempt)
    except OSError as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            cache.set(hung, True, _LEFT_ALONE)
        raise
    if target.external_id:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(
            external_id=target.external_id, address=target.address
        )
    return target


def _move(attempt: PaymentAttempt, before: PaymentAttempt.Status, after: PaymentAttempt.Status) -> None:
    if attempt.status == before:
        PaymentAttempt.objects.filter(pk=attempt.pk, status=before).update(status=after)


def abandon_payment(token: str) -> Order:
    """Note that the customer left the gateway's page without paying. Money that comes all the same is booked.
    Raises NotFound.
    """
    attempt = _attempt_called(token)
    _move(attempt, _Status.STARTED, _Status.ABANDONED)
    return attempt.order


def _attempt_called(token: str) -> PaymentAttempt:
    attempt = PaymentAttempt.objects.select_related("order").filter(token=token).first()
    if attempt is None:
        raise NotFound(_("We could not find this payment."))
    return attempt
