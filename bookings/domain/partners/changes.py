"""Changes of a booking by the partner that sold it: on its account, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bookings.base.errors import NotFound
from bookings.domain.partners.sales import Request, answer_request, partner_booking
from bookings.domain.sales.bookings import Settle
from bookings.domain.sales.exchange_requests import confirm_within, request_called
from bookings.domain.sales.exchange_terms import Change, quote_change
from bookings.domain.sales.idempotency import Answered
from bookings.domain.sales.partner_accounts import charge_balance
from bookings.models import ExchangeRequest, Order, Partner, Refund


@dataclass(frozen=True)
class ChangeQuoteDoc:
    reference: str
    old_zar: Decimal
    new_zar: Decimal
    fee_zar: Decimal
    balance_zar: Decimal


@dataclass(frozen=True)
class ChangeDoc:
    id: str
    reference: str
    kind: str
    status: str
    balance_zar: Decimal
    expires_at: datetime | None
    reason: str


def quote_partner_change(change: Change, partner: Partner, *, now: datetime) -> ChangeQuoteDoc:
    """What the change costs, or gives back, now. Raises NotFound for a booking that is not this partner's,
    and what `quote_change` raises.
    """
    booking = partner_booking(change.reference, partner)
    quote = quote_change(replace(change, reference=booking.booking_reference), now=now)
    difference = quote.difference
    return ChangeQuoteDoc(
        booking.booking_reference, difference.old, difference.new, difference.fee, difference.balance
    )


def make_partner_change(request: Request, change: Change, *, now: datetime | None = None) -> Answered:
    """Do a change for the balance that was quoted: charged to the partner, or credited to it. The result is
    the token of its request.

    Raises CreditExceeded, Conflict at another balance, and what `quote_change` raises.
    """
    booking = partner_booking(change.reference, request.partner)
    change = replace(change, reference=booking.booking_reference)

    def act() -> str:
        return confirm_within(change, settle=_on_account(request, now), now=now).token

    return answer_request(request, act, now)


def _on_account(request: Request, now: datetime | None) -> Settle:
    def settle(order: Order, balance: Decimal, refunds: Sequence[Refund]) -> None:
        if balance > 0:
            charge_balance(order.pk, external_id=f"api:{request.inner}", amount=balance, now=now)

    return settle


def partner_change(token: str, partner: Partner) -> ChangeDoc:
    """Raises NotFound for a change of a booking that is not this partner's."""
    request = request_called(token)
    if request.booking.order.partner_id != partner.pk:
        raise NotFound
    return change_doc(request)


def change_doc(request: ExchangeRequest) -> ChangeDoc:
    return ChangeDoc(
        id=request.token,
        reference=(request.changed or request.booking).booking_reference,
        kind=request.kind,
        status=request.status,
        balance_zar=request.amount,
        expires_at=request.expires_at,
        reason=request.reason,
    )
