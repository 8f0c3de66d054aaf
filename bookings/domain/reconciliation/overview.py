"""The days whose statements were read, with theirs and ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate

from bookings.base.money import ZERO
from bookings.domain.reconciliation.days import SOUTH_AFRICA, first_moment
from bookings.domain.reconciliation.differences import (
    STATEMENT_TIME,
    other_amounts,
    unexplained_lines,
    unrelated_lines,
)
from bookings.domain.reconciliation.postings import TENDERS
from bookings.models import (
    Account,
    LedgerEntry,
    PartnerPayment,
    Payment,
    Refund,
    StaffTask,
    StatementDay,
    StatementLine,
    StatementMatch,
    Total,
)

PAGE: Final = 20
_Kind = StatementLine.Kind
_Key = tuple[str, date]
_Sums = dict[_Key, Decimal]
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class DaySum:
    """One business day of one gateway, in rand."""

    gateway: str
    day: date
    ours: Decimal
    theirs: Decimal
    fees: Decimal
    paid_out: Decimal
    open_differences: int
    read_at: datetime | None
    problem: str

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours


@dataclass(frozen=True)
class Overview:
    days: Sequence[DaySum]
    page: int
    pages: int
    balances: Sequence[tuple[str, Decimal]]  # what lies with each gateway, and on each tender's account


def overview(*, page: int = 1, now: datetime) -> Overview:
    """The latest days first: at most 16 queries."""
    pager = Paginator(StatementDay.objects.order_by("-day", "gateway"), PAGE)
    shown = pager.get_page(page)
    days = list(shown)
    sums = _sums_of(days, now) if days else []
    return Overview(sums, shown.number, pager.num_pages, _balances())


def days_between(first: date, last: date, *, now: datetime) -> list[DaySum]:
    """The days of this time whose statements were read, the earliest first: at most 13 queries."""
    days = list(StatementDay.objects.filter(day__gte=first, day__lte=last).order_by("day", "gateway"))
    return _sums_of(days, now) if days else []


def _sums_of(days: Sequence[StatementDay], now: datetime) -> list[DaySum]:
    first, last = min(row.day for row in days), max(row.day for row in days)
    lines = StatementLine.objects.filter(day__gte=first, day__lte=last).exclude(unrelated_lines())
    theirs = _by_day(lines.exclude(kind__in=(_Kind.PAYOUT, _Kind.FEE)), "gateway", "day", "gross")
    fees = _by_day(lines, "gateway", "day", "fee")
    own_fees = _by_day(lines.filter(kind=_Kind.FEE), "gateway", "day", "gross")
    paid_out = _by_day(lines.filter(kind=_Kind.PAYOUT), "gateway", "day", "gross")
    matches = StatementMatch.objects.filter(line__day__gte=first, line__day__lte=last)
    came_by = matches.annotate(came=Coalesce("payment__amount", "partner_payment__amount"))
    came = _by_day(came_by, "line__gateway", "line__day", "came")
    back = _by_day(matches, "line__gateway", "line__day", "refund__amount")
    charged = lines.filter(Q(chargeback__isnull=False) | Q(returned_chargeback__isnull=False))
    charged_back = _by_day(charged, "gateway", "day", "gross")
    only_came, only_back = _only_ours(first, last)
    open_differences = _open_differences(first, last, now)
    return [
        DaySum(
            gateway=row.gateway,
            day=row.day,
            ours=came[key] - back[key] + charged_back[key] + only_came[key] - only_back[key],
            theirs=theirs[key],
            fees=-fees[key] - own_fees[key],
            paid_out=-paid_out[key],
            open_differences=open_differences[key],
            read_at=row.read_at,
            problem=row.problem,
        )
        for row in days
        for key in [(row.gateway, row.day)]
    ]


def _by_day(rows: QuerySet[Any], gateway: str, day: str, amount: str) -> _Sums:
    grouped = rows.order_by().values_list(gateway, day).annotate(total=Total(amount))
    sums = {(key, moment): total or ZERO for key, moment, total in grouped}
    return defaultdict(lambda: ZERO, sums)


def _only_ours(first: date, last: date) -> tuple[_Sums, _Sums]:
    payments, refunds, transfers = _unmatched_within(first, last)
    came = _by_day(payments, "method", "business_day", "amount")
    for key, amount in _by_day(transfers, "way", "business_day", "amount").items():
        came[key] += amount
    return came, _by_day(refunds, "method", "business_day", "amount")


def _unmatched_within(
    first: date, last: date
) -> tuple[QuerySet[Payment], QuerySet[Refund], QuerySet[PartnerPayment]]:
    within = (first_moment(first), first_moment(last + _ONE_DAY))
    paid_within = {"paid_at__gte": within[0], "paid_at__lt": within[1]}
    day = TruncDate("paid_at", tzinfo=SOUTH_AFRICA)
    paid = Refund.objects.filter(status=Refund.Status.PAID, matches=None)
    transfers = PartnerPayment.objects.filter(matches=None, at__gte=within[0], at__lt=within[1])
    return (
        Payment.objects.filter(matches=None, **paid_within).annotate(business_day=day),
        paid.filter(**paid_within).annotate(business_day=day),
        transfers.annotate(business_day=TruncDate("at", tzinfo=SOUTH_AFRICA), way=Value(Account.EFT.value)),
    )


def _open_differences(first: date, last: date, now: datetime) -> dict[_Key, int]:
    """Those that nobody has answered."""
    lines = unexplained_lines().filter(day__gte=first, day__lte=last)
    matches = other_amounts().filter(line__day__gte=first, line__day__lte=last)
    payments, refunds, transfers = _unmatched_within(first, last)
    late = Q(paid_at__lt=now - STATEMENT_TIME)
    late_transfers = transfers.filter(at__lt=now - STATEMENT_TIME)
    counts: dict[_Key, int] = defaultdict(int)
    for rows, prefix, key, gateway, day in (
        (lines, "statement", "pk", "gateway", "day"),
        (matches, "statement", "line_id", "line__gateway", "line__day"),
        (payments.filter(late), "payment", "pk", "method", "business_day"),
        (refunds.filter(late), "refund", "pk", "method", "business_day"),
        (late_transfers, "partner-payment", "pk", "way", "business_day"),
    ):
        open_rows = _unanswered(rows, prefix, key).order_by().values_list(gateway, day)
        for name, moment, number in open_rows.annotate(n=Count("pk")):
            counts[name, moment] += number
    return counts


def _unanswered(rows: QuerySet[Any], prefix: str, key: str) -> QuerySet[Any]:
    subject = Concat(Value(f"{prefix}:"), Cast(key, CharField()), output_field=CharField())
    done = StaffTask.objects.filter(
        kind=StaffTask.Kind.STATEMENT_DIFFERENCE, subject=OuterRef("subject_of_task"), done_at__isnull=False
    )
    unanswered: QuerySet[Any] = rows.annotate(subject_of_task=subject).exclude(Exists(done))
    return unanswered


def _balances() -> list[tuple[str, Decimal]]:
    gateways = LedgerEntry.objects.filter(account=Account.GATEWAY).exclude(gateway="").order_by("gateway")
    tenders = LedgerEntry.objects.filter(account__in=TENDERS).order_by("account")
    return [
        *gateways.values_list("gateway").annotate(total=Total("amount")),
        *tenders.values_list("account").annotate(total=Total("amount")),
    ]
