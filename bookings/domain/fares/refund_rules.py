"""What giving a ticket back returns, by the terms that were frozen when it was sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from bookings.base.money import ZERO, cents, percent_of
from bookings.models import LuggageRule, RefundPolicy

_MOMENT: Final = timedelta(microseconds=1)  # some rules hold up to their end, some also at it


class RefundRule(Enum):
    GRACE = "grace"  # just bought
    TIER = "tier"
    TOO_LATE = "too_late"
    NOT_PAID = "not_paid"
    WAIVED = "waived"  # a person decided it
    LEFT_BEHIND = "left_behind"  # stood by, and the coach went without them
    DISRUPTED = "disrupted"  # the company does not bring them as it sold


@dataclass(frozen=True)
class LuggageTerms:
    """What was paid for extra luggage, in rand: `forfeited` comes back in the grace time alone, `refunded`
    always.
    """

    forfeited: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.forfeited + self.refunded


@dataclass(frozen=True)
class RefundTerms:
    """The refund rules of one ticket, frozen when it was sold.

    Tiers are (hours before boarding, percent, rand), longest first. A ticket whose class was changed keeps
    for the part of its fare that it had `before` the stricter of both terms. `luggage` is what was paid for
    extra luggage that has a rule of its own. Passengers change it by themselves up to `change_until` before
    boarding, and put it to another name for `name_fee` in rand, never where that is None.
    """

    grace: timedelta
    grace_if_ahead: timedelta
    tiers: tuple[tuple[int, int, Decimal], ...]
    before: TermsBefore | None = None
    luggage: LuggageTerms = LuggageTerms()
    change_until: timedelta = timedelta(0)
    name_fee: Decimal | None = None

    @classmethod
    def of_policy(cls, policy: RefundPolicy) -> RefundTerms:
        tiers = sorted(
            ((tier.hours_before, tier.fee_percent, tier.fee_zar) for tier in policy.tiers.all()), reverse=True
        )
        return cls(
            timedelta(minutes=policy.grace_minutes),
            timedelta(hours=policy.grace_hours),
            tuple(tiers),
            change_until=timedelta(hours=policy.change_hours),
            name_fee=policy.name_fee,
        )

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "grace_minutes": int(self.grace.total_seconds() // 60),
            "grace_hours": int(self.grace_if_ahead.total_seconds() // 3600),
            "tiers": [[hours, percent, str(fixed)] for hours, percent, fixed in self.tiers],
        }
        if self.before:
            data["before"] = {"fare": str(self.before.fare), "terms": self.before.terms.as_json()}
        if self.luggage.total:
            data["luggage"] = {name: str(amount) for name, amount in asdict(self.luggage).items()}
        if self.change_until:
            data["change_hours"] = int(self.change_until.total_seconds() // 3600)
        if self.name_fee is not None:
            data["name_fee"] = str(self.name_fee)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RefundTerms:
        tiers = tuple((hours, percent, Decimal(fixed)) for hours, percent, fixed in data["tiers"])
        luggage = LuggageTerms(**{name: Decimal(text) for name, text in data.get("luggage", {}).items()})
        grace, if_ahead = timedelta(minutes=data["grace_minutes"]), timedelta(hours=data["grace_hours"])
        own = cls(grace, if_ahead, tiers, luggage=luggage)
        if "change_hours" in data:
            own = replace(own, change_until=timedelta(hours=data["change_hours"]))
        if "name_fee" in data:
            own = replace(own, name_fee=Decimal(data["name_fee"]))
        before = data.get("before")
        return own.after(cls.from_json(before["terms"]), Decimal(before["fare"])) if before else own

    def after(self, terms: RefundTerms, fare: Decimal) -> RefundTerms:
        """These terms on a ticket that was sold on others, for a fare in rand of which it keeps that much."""
        return replace(self, before=TermsBefore(fare, terms))

    def with_luggage(self, price: Decimal, refund: str) -> RefundTerms:
        """These terms with that much more paid for extra luggage, given back as `refund` says."""
        forfeited, refunded = self.luggage.forfeited, self.luggage.refunded
        if refund == LuggageRule.Refund.NONE:
            forfeited += price
        elif refund == LuggageRule.Refund.FULL:
            refunded += price
        return replace(self, luggage=LuggageTerms(forfeited, refunded))

    def fee(
        self, paid: Decimal, *, sold_at: datetime, boards_at: datetime, at: datetime
    ) -> tuple[Decimal, RefundRule]:
        """What giving back a ticket costs for which so much was paid, and by which rule."""
        times = {"sold_at": sold_at, "boards_at": boards_at, "at": at}
        fee, rule = self._fare_fee(paid - self.luggage.total, **times)
        return (fee if rule == RefundRule.GRACE else fee + self.luggage.forfeited), rule

    def _fare_fee(
        self, fare: Decimal, *, sold_at: datetime, boards_at: datetime, at: datetime
    ) -> tuple[Decimal, RefundRule]:
        fee, rule = self._own_fee(fare, self._grace_ends(sold_at, boards_at), boards_at - at, at)
        if self.before is None:
            return fee, rule
        part = min(fare, self.before.fare)
        times = {"sold_at": sold_at, "boards_at": boards_at, "at": at}
        stricter, old_rule = self.before.terms.fee(part, **times)
        own, _rule = self._own_fee(part, self._grace_ends(sold_at, boards_at), boards_at - at, at)
        return (fee + stricter - own, old_rule) if stricter > own else (fee, rule)

    def ends(self, sold_at: datetime, boards_at: datetime) -> Iterator[datetime]:
        """The moments up to which one of its rules holds."""
        yield self._grace_ends(sold_at, boards_at)
        yield from (boards_at - timedelta(hours=hours) for hours, _percent, _fixed in self.tiers)
        if self.before:
            yield from self.before.terms.ends(sold_at, boards_at)

    def _grace_ends(self, sold_at: datetime, boards_at: datetime) -> datetime:
        return min(sold_at + self.grace, boards_at - self.grace_if_ahead)

    def _own_fee(
        self, fare: Decimal, grace_ends: datetime, ahead: timedelta, at: datetime
    ) -> tuple[Decimal, RefundRule]:
        if at < grace_ends:
            return ZERO, RefundRule.GRACE
        for hours, percent, fixed in self.tiers:
            if ahead >= timedelta(hours=hours):
                return _fee(fare, percent, fixed), RefundRule.TIER
        return fare, RefundRule.TOO_LATE


@dataclass(frozen=True)
class TermsBefore:
    """The terms on which a part of a fare, in rand, was sold."""

    fare: Decimal
    terms: RefundTerms


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
    fee, rule = terms.fee(fare, sold_at=sold_at, boards_at=boards_at, at=now)
    for end in sorted(end for end in terms.ends(sold_at, boards_at) if end >= now):
        later, _rule = terms.fee(fare, sold_at=sold_at, boards_at=boards_at, at=end + _MOMENT)
        if later != fee:
            return RefundQuote(fare, fee, rule, end, fare - later)
    return RefundQuote(fare, fee, rule)


@dataclass(frozen=True)
class RefundStep:
    """Until then, this comes back."""

    until: datetime
    amount: Decimal


def refund_steps(
    sold: Sequence[tuple[Decimal, RefundTerms]], *, sold_at: datetime, boards_at: datetime
) -> Iterator[RefundStep]:
    """What comes back of these fares from the sale on, until it falls no more, by the rule that pays."""
    now = sold_at
    while True:
        quotes = [
            refund_quote(fare, terms, sold_at=sold_at, boards_at=boards_at, now=now) for fare, terms in sold
        ]
        drops_at = min((quote.drops_at for quote in quotes if quote.drops_at), default=None)
        if drops_at is None:
            return
        yield RefundStep(drops_at, sum((quote.amount for quote in quotes), ZERO))
        now = drops_at + _MOMENT


def _fee(fare: Decimal, percent: int, fixed: Decimal) -> Decimal:
    return min(fare, cents(percent_of(fare, percent) + fixed))
