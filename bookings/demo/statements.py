"""The settlements and bank lists of the demo company: of three days, the last of which has differences."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from bookings.base.money import ZERO, cents
from bookings.domain.reconciliation.days import business_day, first_moment, last_days
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.postings import TENDERS
from bookings.domain.reconciliation.slips import match_slips
from bookings.domain.reconciliation.statements import keep_lines, note_day_read
from bookings.domain.sales.gateways import StatementEntry
from bookings.models import Account, Payment, Refund, StatementDay, StatementLine, User

_DAYS: Final = 3
_FEE: Final = Decimal("0.0275")  # what the terminal's bank takes of a sale
_Kind = StatementLine.Kind


def make_statements(now: datetime) -> None:
    """Keep the files of the last days that have none yet, as a manager and a supervisor would."""
    for tender in TENDERS:
        for day in last_days(now, _DAYS):
            if not StatementDay.objects.filter(gateway=tender, day=day).exists():
                _keep_file(tender, day, is_last=day == last_days(now, 1)[0], now=now)
    open_difference_tasks(now=now)


def _keep_file(tender: str, day: date, *, is_last: bool, now: datetime) -> None:
    entries = _entries(tender, day)
    if is_last and tender == Account.CARD:
        entries = _with_differences(entries, day)
    staff = User.objects.filter(is_active=True).order_by("pk")
    noted_at = min(now, first_moment(day) + timedelta(days=1, hours=8))
    keep_lines(
        tender,
        entries,
        by=staff.filter(role=User.Role.MANAGER).first(),
        approver=staff.filter(role=User.Role.SUPERVISOR).first(),
        now=noted_at,
    )
    note_day_read(tender, day, now=noted_at)
    match_slips(tender, now=noted_at)


def _entries(tender: str, day: date) -> list[StatementEntry]:
    within = {"paid_at__gte": first_moment(day), "paid_at__lt": first_moment(day + timedelta(days=1))}
    payments = Payment.objects.filter(method=tender, **within).order_by("paid_at", "pk")
    paid = Refund.objects.filter(method=tender, status=Refund.Status.PAID, **within)
    slips = [(row.reference, row.amount, row.paid_at) for row in payments]
    slips += [
        (row.reference, -row.amount, row.paid_at) for row in paid.order_by("paid_at", "pk") if row.paid_at
    ]
    return [_entry(tender, reference, amount, at) for reference, amount, at in slips]


def _entry(tender: str, reference: str, amount: Decimal, at: datetime) -> StatementEntry:
    is_sale = amount > 0
    return StatementEntry(
        line_id=f"{business_day(at)}:{amount}:{reference}",
        kind=_Kind.PAYMENT if is_sale else _Kind.REFUND,
        at=at,
        gross=amount,
        fee=-cents(amount * _FEE) if is_sale and tender == Account.CARD else ZERO,
        external_id=reference,
    )


def _with_differences(entries: list[StatementEntry], day: date) -> list[StatementEntry]:
    """A slip that is in no settlement, one over another amount, and a sale that nobody has typed in."""
    sales = [entry for entry in entries if entry.gross > 0]
    foreign = _entry(Account.CARD, "T2 900001", Decimal(150), first_moment(day) + timedelta(hours=11))
    if len(sales) < 2:
        return [*entries, foreign]
    other = _entry(Account.CARD, sales[1].external_id, sales[1].gross - 10, sales[1].at)
    return [*(entry for entry in entries if entry not in sales[:2]), other, foreign]
