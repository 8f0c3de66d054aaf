"""What the pages about tills show.

An open shift never shows what its drawer should hold: the count at the close is blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.domain.counter.shifts import CASH_UP, TENDERS, CashUp, cash_up
from bookings.domain.tickets.receipt_text import method_text
from bookings.domain.timetable.trips import clock_text
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    Branch,
    LedgerEntry,
    Payment,
    Refund,
    Shift,
    TillMovement,
    Total,
    Voucher,
    voucher_reference,
)

PAGE: Final = 20


@dataclass(frozen=True)
class TillLine:
    """One thing that happened in a till."""

    at: datetime
    time: str  # with its day unless the shift was opened on it
    what: str
    about: str  # a booking's reference or a reason
    is_booking: bool
    voucher_id: int | None  # that was sold, or given back
    tender: str
    amount: Decimal

    @property
    def amount_text(self) -> str:
        return format_zar(self.amount)


@dataclass(frozen=True)
class TenderRow:
    """One line of a cash-up, as text."""

    name: str
    expected: str
    counted: str
    difference: str
    is_off: bool


@dataclass(frozen=True)
class TillView:
    shift: Shift
    lines: tuple[TillLine, ...]
    page: int
    pages: int
    sales: int
    takings: Decimal  # of all tenders together
    vouchers: Decimal  # that paid here: nothing to count
    refunds: int
    refunded: Decimal
    rows: tuple[TenderRow, ...]  # of the cash-up, or of the last count that was too far off
    difference: Decimal | None
    notes: tuple[tuple[str, int, str], ...]  # denomination, quantity, worth

    @property
    def is_off(self) -> bool:
        return any(row.is_off for row in self.rows)

    @property
    def takings_text(self) -> str:
        return format_zar(self.takings)

    @property
    def vouchers_text(self) -> str:
        return format_zar(self.vouchers) if self.vouchers else ""

    @property
    def refunded_text(self) -> str:
        return format_zar(self.refunded)

    @property
    def float_text(self) -> str:
        return format_zar(self.shift.opening_float)

    @property
    def difference_text(self) -> str:
        return "" if self.difference is None else format_zar(self.difference)

    @property
    def banked_text(self) -> str:
        return format_zar(Decimal(self.shift.counted[Account.CASH])) if self.shift.counted else ""


def till_view(shift: Shift, *, page: int = 1) -> TillView:
    """A shift with what happened in it, the latest first."""
    by_voucher = Q(account=Account.VOUCHER_LIABILITY, cause__startswith="payment:")
    entries = (
        LedgerEntry.objects.filter(Q(account__in=TENDERS) | by_voucher, shift=shift)
        .exclude(_of_cash_up())
        .order_by("-at", "-pk")
    )
    pager = Paginator(entries, PAGE)
    shown = pager.get_page(page)
    taken = Payment.objects.filter(shift=shift).aggregate(
        n=Count("order", distinct=True),
        total=Total("amount", filter=~Q(method=VOUCHER)),
        vouchers=Total("amount", filter=Q(method=VOUCHER)),
    )
    back = Refund.objects.filter(shift=shift).aggregate(n=Count("pk"), total=Total("amount"))
    outcome = cash_up(shift) if shift.closed_at or shift.count_tries else None
    return TillView(
        shift=shift,
        lines=tuple(_lines(shift, list(shown))),
        page=shown.number,
        pages=pager.num_pages,
        sales=taken["n"],
        takings=taken["total"] or ZERO,
        vouchers=taken["vouchers"] or ZERO,
        refunds=back["n"],
        refunded=back["total"] or ZERO,
        rows=cash_up_rows(outcome) if outcome else (),
        difference=outcome.difference if outcome else None,
        notes=_notes(shift.denominations),
    )


def _of_cash_up() -> Q:
    return Q(cause__startswith=CASH_UP[0]) | Q(cause__startswith=CASH_UP[1])


def cash_up_rows(outcome: CashUp) -> tuple[TenderRow, ...]:
    return tuple(
        TenderRow(
            str(tender.label),
            format_zar(outcome.expected[tender]),
            format_zar(outcome.counted[tender]),
            format_zar(gap),
            is_off=gap != 0,
        )
        for tender in TENDERS
        for gap in [outcome.differences[tender]]
    )


def _notes(denominations: dict[str, int]) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (format_zar(Decimal(worth)), count, format_zar(Decimal(worth) * count))
        for worth, count in denominations.items()
        if count
    )


def _lines(shift: Shift, entries: Sequence[LedgerEntry]) -> list[TillLine]:
    moved = [entry.cause.partition(":")[2] for entry in entries if entry.cause.startswith("movement:")]
    reasons = dict(TillMovement.objects.filter(pk__in=moved).values_list("pk", "reason"))
    orders = {entry.order_id for entry in entries if entry.order_id}
    references = dict(
        Booking.objects.filter(order__in=orders).order_by("-pk").values_list("order", "booking_reference")
    )
    vouchers = dict(
        Voucher.objects.filter(order__in=orders - references.keys(), kind=Voucher.Kind.SOLD)
        .order_by("-pk")
        .values_list("order", "pk")
    )
    labels = {"payment": _("Sale"), "refund": _("Refund"), "rounding": _("Rounding"), "float": _("Float")}
    lines = []
    for entry in entries:
        kind, _colon, key = entry.cause.partition(":")
        moving = _("Paid in") if entry.amount > 0 else _("Paid out")
        about = reasons.get(int(key), "") if kind == "movement" else references.get(entry.order_id or 0, "")
        if entry.order_id and not about:
            about = voucher_reference(entry.order_id)
        lines.append(
            TillLine(
                entry.at,
                clock_text(entry.at, shift.opened_at),
                labels.get(kind, moving),
                about,
                entry.order_id in references,
                vouchers.get(entry.order_id or 0),
                method_text(VOUCHER if entry.account == Account.VOUCHER_LIABILITY else entry.account),
                entry.amount,
            )
        )
    return lines


def shifts_of(branch: Branch | None) -> QuerySet[Shift]:
    """Shifts of a branch, or of all (None), the latest first."""
    shifts = Shift.objects.select_related("clerk", "branch", "approved_by").order_by("-opened_at", "-pk")
    return shifts.filter(branch=branch) if branch else shifts
