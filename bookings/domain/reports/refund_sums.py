"""Money that went back: why, how, and by whose hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from django.db.models import CharField, Count, F, Value
from django.db.models.functions import Cast, Coalesce, Left, StrIndex, TruncDate

from bookings.base.money import cents
from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reports.branches import of_branch
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import Refund, Total


class RefundsBy(StrEnum):
    REASON = "reason"
    WAY = "way"
    CLERK = "clerk"
    DAY = "day"


@dataclass(frozen=True)
class RefundSum:
    """`key`: the kind of cause, the way it went back, the id of the clerk, or the day."""

    key: Any
    refunds: int
    amount: Decimal


_BY: Final[Mapping[str, Callable[[], Any]]] = {
    # "cancel:12" is of the kind "cancel"
    RefundsBy.REASON: lambda: Left("cause", StrIndex("cause", Value(":")) - 1),
    RefundsBy.WAY: lambda: F("method"),
    RefundsBy.CLERK: lambda: Coalesce(Cast("shift__clerk", CharField()), Value("")),
    RefundsBy.DAY: lambda: TruncDate("paid_at", tzinfo=SOUTH_AFRICA),
}


def refund_sums(by: RefundsBy, period: ReportPeriod, branch: int | None) -> list[RefundSum]:
    """What was paid back in the period, the largest sum first: one query."""
    paid = Refund.objects.filter(paid_at__gte=period.start, paid_at__lt=period.end)
    paid = paid.filter(of_branch("shift__branch", branch))
    rows = paid.order_by().annotate(of=_BY[by]()).values_list("of")
    sums = rows.annotate(Count("pk"), total=Total("amount")).order_by("-total", "of")
    return [RefundSum(key, refunds, cents(total)) for key, refunds, total in sums]
