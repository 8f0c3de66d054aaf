"""A gateway is an adapter: where to send the browser, and how to verify what it tells us."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound, RuleBroken
from bookings.models import PaymentAttempt


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


class Gateway(Protocol):
    name: str

    def payment_address(self, attempt: PaymentAttempt) -> str: ...

    def verify(self, body: bytes) -> VerifiedNotification:
        """Raises ForgedNotification unless the raw body is whole, unambiguous and signed."""
        ...

    def confirms(self, notification: VerifiedNotification) -> bool:
        """Ask the gateway itself whether this is true; slow, so never within a transaction."""
        ...

    def refund(self, external_id: str, amount: Decimal, *, key: str) -> bool:
        """Send money back, once for each `key` however often it is asked. False: it cannot, so a person must.

        Raises OSError, within a minute, when the answer does not come: then it may have happened or not.
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
