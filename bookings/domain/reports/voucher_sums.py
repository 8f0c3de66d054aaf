"""What came on vouchers and went off them."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count

from bookings.base.money import cents
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import Total, VoucherMovement


class VoucherSum(NamedTuple):
    """Movements of a kind, signed, in rand."""

    kind: str
    movements: int
    amount: Decimal


def voucher_sums(period: ReportPeriod) -> list[VoucherSum]:
    """By kind of movement, in their order: one query."""
    rows = VoucherMovement.objects.filter(at__gte=period.start, at__lt=period.end).order_by()
    sums = {
        kind: (number, total)
        for kind, number, total in rows.values_list("kind").annotate(Count("pk"), total=Total("amount"))
    }
    return [
        VoucherSum(kind, sums[kind][0], cents(sums[kind][1]))
        for kind in VoucherMovement.Kind.values
        if kind in sums
    ]
