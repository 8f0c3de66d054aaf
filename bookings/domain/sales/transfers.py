"""Transfers (EFT): tickets are given once the money was seen, in the bank's list or by a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.money import is_rand_and_cents
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import Account


@dataclass(frozen=True)
class SeenTransfer:
    """A transfer that the bank says has come, in rand.

    `line_id` is that of the bank's own line: the same one is booked once. `reference` is what the customer
    wrote on it.
    """

    line_id: str
    amount: Decimal
    reference: str = ""


def confirm_transfer(order_id: int, transfer: SeenTransfer, *, now: datetime | None = None) -> str:
    """Book a transfer that a line of the bank's list shows, once per line; confirm the order if it is paid.

    In no till: it lies on the EFT account. Too little waits with a task, too much or too late for the seats
    is owed back. Returns the outcome as `sales.payments.settle` does ("confirmed", "confirmed late",
    "balance paid", "too little", "paid twice", "seats gone", "duplicate"). Raises Refusal for an amount that
    is none.
    """
    if not is_rand_and_cents(transfer.amount) or transfer.amount <= 0:
        raise Refusal(_("Enter an amount in rand and cents."))
    received = ReceivedPayment(
        Account.EFT,
        f"bank:{transfer.line_id}"[:80],
        transfer.amount,
        reference=" ".join(transfer.reference.split())[:40],
    )
    return settle(order_id, received, now=now)
