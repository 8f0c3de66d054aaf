"""What giving a ticket back returns, by the terms that were frozen when it was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from bookings.base.money import ZERO, cents, percent_of
from bookings.models import RefundPolicy


class RefundRule(Enum):
    GRACE = "grace"  # just bought
    TIER = "tier"
    TOO_LATE = "too_late"
    NOT_PAID = "not_paid"
    WAIVED = "waived"  # a person decided it
    LEFT_BEHIND = "left_behind"  # stood by, and the coach went without them


@dataclass(frozen=True)
class RefundTerms:
    """The refund rules of one ticket, frozen when it was sold.

    Tiers are (hours before boarding, percent, rand), longest first.
    """

    grace: timedelta
    grace_if_ahead: timedelta
    tiers: tuple[tuple[int, int, Decimal], ...]

    @classmethod
    def of_policy(cls, policy: RefundPolicy) -> RefundTerms:
        tiers = sorted(
            ((tier.hours_before, tier.fee_percent, tier.fee_zar) for tier in policy.tiers.all()), reverse=True
        )
        return cls(timedelta(minutes=policy.grace_minutes), timedelta(hours=policy.grace_hours), tuple(tiers))

    def as_json(self) -> dict[str, Any]:
        return {
            "grace_minutes": int(self.grace.total_seconds() // 60),
            "grace_hours": int(self.grace_if_ahead.total_seconds() // 3600),
            "tiers": [[hours, percent, str(fixed)] for hours, percent, fixed in self.tiers],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RefundTerms:
        tiers = tuple((hours, percent, Decimal(fixed)) for hours, percent, fixed in data["tiers"])
        return cls(timedelta(minutes=data["grace_minutes"]), timedelta(hours=data["grace_hours"]), tiers)


@dataclass(frozen=True)
class RefundQuote:
    """What would come back of `fare` now.

    `drops_at` is when it falls to `then`; None: it does not fall further.
    """

    fare: Decimal
    fee: Decimal
    rule: RefundRule
    drops_at: datetime | None = None
    then: Decimal = ZERO

    @property
    def amount(self) -> Decimal:
        return self.fare - self.fee


def refund_quote(
    fare: Decimal, terms: RefundTerms, *, sold_at: datetime, boards_at: datetime, now: datetime
) -> RefundQuote:
    """The refund of one ticket if it is given back at `now`.

    Never more than the fare, never less than nothing.
    """
    grace_ends = min(sold_at + terms.grace, boards_at - terms.grace_if_ahead)
    if now < grace_ends:
        after = _by_tier(fare, terms, boards_at, grace_ends)
        return RefundQuote(fare, ZERO, RefundRule.GRACE, grace_ends, after.amount)
    return _by_tier(fare, terms, boards_at, now)


def _by_tier(fare: Decimal, terms: RefundTerms, boards_at: datetime, now: datetime) -> RefundQuote:
    ahead = boards_at - now
    for index, (hours, percent, fixed) in enumerate(terms.tiers):
        if ahead >= timedelta(hours=hours):
            rest = terms.tiers[index + 1 :]
            then = fare - _fee(fare, *rest[0][1:]) if rest else ZERO
            return RefundQuote(
                fare, _fee(fare, percent, fixed), RefundRule.TIER, boards_at - timedelta(hours=hours), then
            )
    return RefundQuote(fare, fare, RefundRule.TOO_LATE)


def _fee(fare: Decimal, percent: int, fixed: Decimal) -> Decimal:
    return min(fare, cents(percent_of(fare, percent) + fixed))
