"""A partner's own account, as its program is told of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from bookings.domain.partners.statements import AccountLineKind, Ageing, get_statement
from bookings.models import Partner, Settlement


@dataclass(frozen=True)
class StatementDoc:
    """Rand; what the partner owes more is positive."""

    month: str
    until: date
    settlement: Settlement
    opening: Decimal
    sales: Decimal
    refunds: Decimal
    commission: Decimal
    payments: Decimal
    other: Decimal
    closing: Decimal
    commission_earned: Decimal
    ageing: Ageing


def statement_doc(partner: Partner, month: str, *, now: datetime) -> StatementDoc:
    """Of the month written as 2026-11, or of this one: three queries."""
    first = date.fromisoformat(f"{month}-01") if month else timezone.localdate(now)
    statement = get_statement(partner, first, now=now)
    return StatementDoc(
        month=f"{statement.month:%Y-%m}",
        until=statement.until,
        settlement=Settlement(partner.settlement),
        opening=statement.opening,
        sales=statement.sum_of(AccountLineKind.SALE),
        refunds=statement.sum_of(AccountLineKind.REFUND),
        commission=statement.sum_of(AccountLineKind.COMMISSION),
        payments=statement.sum_of(AccountLineKind.PAYMENT),
        other=statement.sum_of(AccountLineKind.OTHER),
        closing=statement.closing,
        commission_earned=statement.earned,
        ageing=statement.ageing,
    )
