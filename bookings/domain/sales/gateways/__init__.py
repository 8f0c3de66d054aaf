"""A gateway is an adapter: where to send the browser, and how to verify what it tells us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from bookings.base.banks import Bank, BankAccount
from bookings.base.errors import Conflict, NotFound, RuleBroken
from bookings.models import PaymentAttempt, RefundAttempt, StatementLine


class ForgedNotification(RuleBroken):
    status = 400


class PaymentState(StrEnum):
    """What a gateway says of an attempt to pay, or of a refund of its payment, in our own words."""

    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"  # by the customer
    PENDING = "pending"  # the bank has not decided
    UNKNOWN = "unknown"  # a word that we do not know
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"


@dataclass(frozen=True)
class HandOver:
    """Where the browser goes to pay: to the address, or to it with a form of these fields in this order.

    A gateway that makes a page for each attempt gives it a number, too.
    """

    address: str
    fields: tuple[tuple[str, str], ...] = ()
    external_id: str = ""


@dataclass(frozen=True)
class RawNotification:
    """A request to our callback as it came, unverified."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    peer: str = ""  # the address it came from, past our own proxies
    received_at: datetime = field(default_factory=timezone.now)


@dataclass(frozen=True)
class VerifiedNotification:
    """A verified notification in our own words, or what a gateway answered when it was asked."""

    attempt_token: str
    external_id: str
    amount: Decimal
    state: PaymentState
    reason: str = ""

    @property
    def is_paid(self) -> bool:
        return self.state == PaymentState.PAID

    @property
    def is_of_refund(self) -> bool:
        """It tells of a refund: number and amount are the refund's, the attempt is the one that was paid."""
        return self.state in (PaymentState.REFUNDED, PaymentState.REFUND_FAILED)


@dataclass(frozen=True)
class RefundAnswer:
    """What a gateway says of a refund: settled, accepted (it will pay, and says so later) or refused, and
    why.

    `wants_account`: nothing was done, as it pays only to a bank account, at one of `banks` (none: at any).
    """

    status: RefundAttempt.Status
    external_id: str = ""
    reason: str = ""
    wants_account: bool = False
    banks: tuple[Bank, ...] = ()


@dataclass(frozen=True)
class StatementEntry:
    """A movement on our account at a gateway, as it tells it: rand, what came positive, a fee negative.

    `line_id` is the same whenever it is told again, `external_id` the gateway's of the payment, `our_id` that
    of the attempt to pay.
    """

    line_id: str
    kind: StatementLine.Kind
    at: datetime
    gross: Decimal
    fee: Decimal
    external_id: str = ""
    our_id: str = ""
    text: str = ""


class Gateway(Protocol):
    name: str
    is_play_money: bool  # no money moves: never in production
    is_direct: bool  # its hand-over is an address that needs no form and no question
    kept_headers: tuple[str, ...]  # the headers by which its notifications are verified, in lower case

    @property
    def label(self) -> str:
        """What a customer reads who may choose how to pay."""
        ...

    def hand_over(self, attempt: PaymentAttempt) -> HandOver:
        """Where the browser goes to pay; never called within a transaction unless the gateway `is_direct`.

        Raises OSError, within seconds, when the gateway has to be asked and does not answer.
        """
        ...

    def verify(self, raw: RawNotification) -> VerifiedNotification:
        """Raises ForgedNotification unless the raw body is whole, unambiguous and signed. Asks nobody.

        It is called once more when it is acted upon, with the headers that were kept.
        """
        ...

    def confirm(self, notification: VerifiedNotification, raw: RawNotification) -> bool:
        """Ask the gateway itself whether this is true: slow, so only in the queue, never in a transaction.

        Raises OSError when the answer does not come.
        """
        ...

    def status(self, attempt: PaymentAttempt) -> VerifiedNotification | None:
        """Ask what became of an attempt. None if the gateway has nothing to say of it (yet).

        Raises OSError when the answer does not come.
        """
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

    def statement(self, day: date) -> Sequence[StatementEntry] | None:
        """All that moved on our account on a day of South Africa. None if the gateway has no statements.

        Raises OSError when the answer does not come.
        """
        ...


class AccountGateway(Gateway, Protocol):
    """One that may answer `wants_account`."""

    def refund_to_account(self, attempt: RefundAttempt, account: BankAccount) -> RefundAnswer:
        """As `refund`, to the customer's bank account."""
        ...


def adapters_load(**_check: Any) -> list[CheckMessage]:
    """A check of Django's: that each adapter is there, and in production takes real money, is known before
    the first customer pays.
    """
    missing: list[CheckMessage] = []
    for name, path in settings.PAYMENT_GATEWAYS.items():
        try:
            adapter = import_string(path)
        except ImportError as error:
            missing.append(Error(f"PAYMENT_GATEWAYS: {name} cannot be loaded ({error}).", id="bookings.E002"))
            continue
        if settings.IS_PRODUCTION and adapter.is_play_money:
            message = f"PAYMENT_GATEWAYS: {name} takes no real money: not in production."
            missing.append(Error(message, id="bookings.E003"))
    return missing


@dataclass(frozen=True)
class PaymentWay:
    """One way of paying that a customer may choose."""

    gateway: str
    label: str
    is_chosen: bool


def offered_ways(chosen: str = "") -> list[PaymentWay]:
    """What may be chosen from; the first is chosen until another is."""
    names: list[str] = settings.OFFERED_GATEWAYS
    chosen = chosen if chosen in names else names[0]
    return [PaymentWay(name, gateway_called(name).label, name == chosen) for name in names]


def chosen_gateway(name: str) -> str:
    """The gateway that was chosen, or the first if none was. Raises Conflict if it is offered no more."""
    if name and name not in settings.OFFERED_GATEWAYS:
        raise Conflict(_("We no longer offer this way of paying. Please choose another."))
    return name or str(settings.OFFERED_GATEWAYS[0])


def simulated(label: str, address: str) -> str:
    """How a way of paying is called whose gateway is at this address: the simulator's says that it is one."""
    if address != settings.PAYMENT_SIMULATOR:
        return label
    return _("%(label)s, simulated: try out what can go wrong") % {"label": label}


def gateway_called(name: str) -> Gateway:
    """The adapter that PAYMENT_GATEWAYS names so. Raises NotFound."""
    if name not in settings.PAYMENT_GATEWAYS:
        raise NotFound(_("We do not offer this way of paying."))
    gateway: Gateway = import_string(settings.PAYMENT_GATEWAYS[name])()
    return gateway
