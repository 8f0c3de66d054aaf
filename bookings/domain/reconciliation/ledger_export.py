"""The ledger for the company's accounts: one journal a business day, a line for each account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import TruncDate

from bookings.base.money import ZERO, cents
from bookings.domain.reconciliation.account_map import account_code, account_name
from bookings.domain.reconciliation.days import SOUTH_AFRICA, first_moment
from bookings.models import LedgerEntry, Total

MOST_DAYS: Final = 400
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class JournalLine:
    """What moved on an account on a business day, in rand: a debit is positive. Those of a day sum to 0."""

    day: date
    code: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class AccountSum:
    code: str
    name: str
    debit: Decimal
    credit: Decimal


def journal_lines(first: date, last: date) -> list[JournalLine]:
    """The journals from the first day to the last: one query."""
    day = TruncDate("at", tzinfo=SOUTH_AFRICA)
    rows = _entries(first, last).annotate(business_day=day).order_by("business_day", "account", "gateway")
    sums = rows.values_list("business_day", "account", "gateway").annotate(total=Total("amount"))
    return [
        JournalLine(when, account_code(account, gateway), account_name(account, gateway), cents(total))
        for when, account, gateway, total in sums
        if total
    ]


def account_sums(lines: Sequence[JournalLine]) -> list[AccountSum]:
    """Each account of a period with the sum of its days, debits and credits apart."""
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for line in lines:
        debit_credit = sums.setdefault((line.code, line.name), [ZERO, ZERO])
        debit_credit[line.amount < 0] += abs(line.amount)
    return [AccountSum(code, name, *both) for (code, name), both in sorted(sums.items())]


def _entries(first: date, last: date) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(at__gte=first_moment(first), at__lt=first_moment(last + _ONE_DAY))
