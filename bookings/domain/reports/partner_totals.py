"""What partners sold and earned in a period."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bookings.base.money import ZERO, cents
from bookings.domain.reports.day_sums import SumQuery, list_sums
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import Commission, DailySum, Partner, Total


@dataclass(frozen=True)
class PartnerTotal:
    """In rand. `owed` is what the partner owes now, whatever the period."""

    slug: str
    name: str
    tickets: int
    sold: Decimal
    taken_back: Decimal
    commission: Decimal
    owed: Decimal

    @property
    def net(self) -> Decimal:
        return self.sold + self.taken_back


def partner_totals(period: ReportPeriod) -> list[PartnerTotal]:
    """Each partner that sold or earned in the period, or owes, by name: six queries."""
    query = SumQuery(DailySum.By.PARTNER, period.first, period.last)
    sums = {int(row.key): row for row in list_sums(query) if row.key}
    earned = dict(
        Commission.objects.filter(at__gte=period.start, at__lt=period.end)
        .order_by()
        .values_list("payment__order__partner")
        .annotate(total=Total("amount"))
    )
    totals = []
    for partner in Partner.objects.order_by("name"):
        row = sums.get(partner.pk)
        sold, taken_back = (row.positive, row.negative) if row else (ZERO, ZERO)
        if row or partner.pk in earned or partner.owes:
            totals.append(
                PartnerTotal(
                    partner.slug,
                    partner.name,
                    row.quantity if row else 0,
                    sold,
                    taken_back,
                    cents(earned.get(partner.pk) or ZERO),
                    partner.owes,
                )
            )
    return totals
