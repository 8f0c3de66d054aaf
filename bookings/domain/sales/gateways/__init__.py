"""A gateway is an adapter: where to send the browser, and how to verify what it tells us."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound, RuleBroken
from bookings.models import PaymentAttempt, RefundAttempt


class ForgedNotification(RuleBroken):
    status = 400


@dataclass(frozen=True)
class VerifiedNotification:
    """A verified notification in our own words."""

    attempt_token: str
    external_id: str
    amount: Decimal
    status: str
    is_paid: bool


@dataclass(frozen=True)
class RefundAnswer:
    """What a gateway says of a refund: settled, accepted (it will pay, and says so later) or refused, and
    why.
    """

    status: RefundAttempt.Status
    external_id: str = ""
    reason: str = ""


class Gateway(Protocol):
    name: str

    def payment_address(self, attempt: PaymentAttempt) -> str: ...

    def verify(self, body: bytes) -> VerifiedNotification:
        """Raises ForgedNotification unless the raw body is whole, unambiguous and signed."""
        ...

    def confirms(self, notification: VerifiedNotification) -> bool:
        """Ask the gateway itself whether this is true; slow, so never within a transaction."""
        ...

    def refund(self, attempt: RefundAttempt) -> RefundAnswer:
        """Send money back, once for each key of an attempt however often it is asked.

        Raises OSError, within a minute, when the answer does not come: then it may have happened or not.
        """
        ...

    def refund_status(self, attempt: RefundAttempt) -> RefundAnswer | None:
        """What became of a refund that was asked for. None if the gateway knows nothing of it.

        Raises OSError when the answer does not come.
        """
        ...


def adapters_load(**_check: Any) -> list[CheckMessage]:
    """A check of Django's: that each adapter is there is known before the first customer pays."""
    missing: list[CheckMessage] = []
    for name, path in settings.PAYMENT_GATEWAYS.items():
        try:
            import_string(path)
        except ImportError as error:
            missing.append(Error(f"PAYMENT_GATEWAYS: {name} cannot be loaded ({error}).", id="bookings.E002"))
    return missing


def gateway_called(name: str) -> Gateway:
    """The adapter that PAYMENT_GATEWAYS names so. Raises NotFound."""
    if name not in settings.PAYMENT_GATEWAYS:
        raise NotFound(_("We do not offer this way of paying."))
    gateway: Gateway = import_string(settings.PAYMENT_GATEWAYS[name])()
    return gateway
