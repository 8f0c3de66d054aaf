"""A period for the accounts: what was sold, what the ledger says, and that both are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bookings.base.money import ZERO
from bookings.domain.reports.day_sums import KeySum, SumQuery, list_sums
from bookings.domain.reports.periods import ReportPeriod
from bookings.domain.sales.order_lines import ACCOUNTS, OF_TRIP
from bookings.models import Account, DailySum


@dataclass(frozen=True)
class BothSides:
    """The same sum from both sides, in rand."""

    of_sales: Decimal
    of_ledger: Decimal

    @property
    def is_right(self) -> bool:
        return self.of_sales == self.of_ledger


@dataclass(frozen=True)
class Accounts:
    """`sold` by kind of line, `entries` by account and gateway: what is positive is a debit."""

    sold: Sequence[KeySum]
    entries: Sequence[KeySum]

    @property
    def total(self) -> Decimal:
        return sum((row.net for row in self.sold), ZERO)

    @property
    def fares(self) -> BothSides:
        """What is sold of trips, and what lies on unearned fares and revenue for it."""
        return self._check(OF_TRIP, (Account.UNEARNED_FARES, Account.REVENUE))

    @property
    def fees(self) -> BothSides:
        kinds = tuple(kind for kind, account in ACCOUNTS.items() if account == Account.FEE)
        return self._check(kinds, (Account.FEE,))

    @property
    def balance(self) -> Decimal:
        """Of all entries: 0, or the books are wrong."""
        return sum((row.net for row in self.entries), ZERO)

    def _check(self, kinds: Sequence[str], accounts: Sequence[str]) -> BothSides:
        sales = sum((row.net for row in self.sold if row.key in kinds), ZERO)
        entries = (row.net for row in self.entries if row.key.partition(":")[0] in accounts)
        return BothSides(sales, -sum(entries, ZERO))


def accounts_of(period: ReportPeriod) -> Accounts:
    """Eight queries."""
    sold, entries = (
        sorted(list_sums(SumQuery(by, period.first, period.last)), key=lambda row: row.key)
        for by in (DailySum.By.KIND, DailySum.By.ACCOUNT)
    )
    return Accounts(sold, entries)
