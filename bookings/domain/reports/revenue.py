"""Fares by the day of the sale and by the day of travel, as the ledger has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models.functions import TruncDate

from bookings.base.money import ZERO, cents
from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reports.branches import of_branch
from bookings.domain.reports.day_sums import SumQuery, list_sums
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import Account, DailySum, LedgerEntry, Total

_BEGINNING: Final = date(2000, 1, 1)
_ONE_DAY: Final = timedelta(days=1)
_EARNING_TIME: Final = timedelta(days=1)  # until when the latest fare is earned: `domain.sales.earning`
_ACCOUNTS: Final = (Account.UNEARNED_FARES, Account.REVENUE, Account.FEE)


@dataclass(frozen=True)
class RevenueDay:
    """In rand. `sold` counts on the day of the sale, less what was taken back; `travelled` on that of the
    departure. What is paid and not yet travelled at the end of the day is `unearned`.
    """

    day: date
    sold: Decimal
    travelled: Decimal
    fees: Decimal
    unearned: Decimal


def revenue_days(period: ReportPeriod, branch: int | None) -> list[RevenueDay]:
    """Each day of the period: eight queries."""
    before = SumQuery(
        DailySum.By.ACCOUNT,
        _BEGINNING,
        period.first - _ONE_DAY,
        branch=branch,
        keys=(Account.UNEARNED_FARES,),
    )
    unearned = -sum((row.net for row in list_sums(before)), ZERO)
    query = SumQuery(
        DailySum.By.ACCOUNT, period.first, period.last, branch=branch, has_days=True, keys=_ACCOUNTS
    )
    moved = {(row.key, row.day): row.net for row in list_sums(query)}
    days = []
    for day in period.days:
        new, earned, fees = (-moved.get((account, day), ZERO) for account in _ACCOUNTS)
        unearned += new
        days.append(RevenueDay(day, new + earned, earned, fees, unearned))
    return days


@dataclass(frozen=True)
class UnearnedDay:
    """Paid for a departure of this day that is still to come, in rand."""

    day: date
    amount: Decimal


def unearned_by_travel_day(branch: int | None, *, now: datetime) -> list[UnearnedDay]:
    """Whatever is not earned yet: one query over the bookings that are to travel."""
    entries = LedgerEntry.objects.filter(
        account=Account.UNEARNED_FARES, booking__boards_at__gte=now - _EARNING_TIME
    )
    entries = entries.filter(of_branch("booking__order__shift__branch", branch))
    rows = (
        entries.order_by()
        .annotate(travel_day=TruncDate("booking__boards_at", tzinfo=SOUTH_AFRICA))
        .values_list("travel_day")
        .annotate(total=Total("amount"))
        .order_by("travel_day")
    )
    return [UnearnedDay(day, -cents(total)) for day, total in rows if total]
