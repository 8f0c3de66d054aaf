"""What a clerk does out of the usual, and by whose signature: voids, waivers, overrides, pay-outs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q

from bookings.base.money import ZERO, cents
from bookings.domain.reports.branches import of_branch
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import Account, BookingEvent, LedgerEntry, SaleStatus, TillMovement, Total, User


@dataclass
class ClerkExceptions:
    """Of one member of staff; amounts in rand."""

    clerk: str
    cancellations: int = 0  # bookings, voids not among them
    voids: int = 0
    voided: Decimal = field(default=ZERO)
    waivers: int = 0
    approved: int = 0  # that a second person signed
    pay_outs: int = 0
    paid_out: Decimal = field(default=ZERO)


def clerk_exceptions(period: ReportPeriod, branch: int | None) -> list[ClerkExceptions]:
    """Who did any of it in the period, most voids first: four queries."""
    rows: dict[int, ClerkExceptions] = defaultdict(lambda: ClerkExceptions(""))
    events = BookingEvent.objects.filter(
        at__gte=period.start, at__lt=period.end, actor__isnull=False
    ).order_by()
    movements = TillMovement.objects.filter(at__gte=period.start, at__lt=period.end, amount__lt=0).order_by()
    events = events.filter(of_branch("actor__branch", branch))
    movements = movements.filter(of_branch("shift__branch", branch))
    is_cancelled = Q(ticket=None, to_status=SaleStatus.CANCELLED)
    counted = events.values_list("actor").annotate(
        cancellations=Count("pk", filter=is_cancelled & ~Q(reason__startswith="void: ")),
        voids=Count("pk", filter=is_cancelled & Q(reason__startswith="void: ")),
        waivers=Count("booking", distinct=True, filter=Q(reason__contains="fee waived: ")),
        approved=Count("booking", distinct=True, filter=Q(approver__isnull=False)),
    )
    for actor, *numbers in counted:
        row = rows[actor] if any(numbers) else ClerkExceptions("")
        row.cancellations, row.voids, row.waivers, row.approved = numbers
    if any(row.voids for row in rows.values()):
        voided = LedgerEntry.objects.filter(
            at__gte=period.start, at__lt=period.end, account=Account.REFUNDS_OWED, cause__startswith="void:"
        ).filter(booking__events__in=events.filter(is_cancelled, reason__startswith="void: "))
        for actor, amount in voided.order_by().values_list("actor").annotate(total=Total("amount")):
            rows[actor].voided = -cents(amount)
    for clerk, number, amount in movements.values_list("shift__clerk").annotate(
        Count("pk"), total=Total("amount")
    ):
        rows[clerk].pay_outs, rows[clerk].paid_out = number, -cents(amount)
    for user in User.objects.filter(pk__in=rows):
        rows[user.pk].clerk = user.display_name
    return sorted(rows.values(), key=lambda row: (-row.voids, -row.cancellations, row.clerk))
