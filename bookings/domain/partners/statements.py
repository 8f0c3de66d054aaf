"""What a partner sold, got back, earned and paid in a month, what it owes at its end, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO, cents
from bookings.models import Account, Booking, Commission, LedgerEntry, Partner, Settlement, Total

_MOST_LINES: Final = 100_000
_MONTHS: Final = 36


class AccountLineKind(TextChoices):
    """What an entry on a partner's account is, by the cause of its posting."""

    SALE = "sale", _("sales")
    REFUND = "refund", _("refunds")
    COMMISSION = "commission", _("commission")
    PAYMENT = "payment", _("payments")
    OTHER = "other", _("other")


_KIND: Final = Case(
    When(cause__startswith="payment:", then=Value(AccountLineKind.SALE.value)),
    When(cause__startswith="refund:", then=Value(AccountLineKind.REFUND.value)),
    When(cause__startswith="commission", then=Value(AccountLineKind.COMMISSION.value)),
    When(cause__startswith="partner-", then=Value(AccountLineKind.PAYMENT.value)),
    default=Value(AccountLineKind.OTHER.value),
    output_field=CharField(),
)


@dataclass(frozen=True)
class Ageing:
    """What is owed by the days since it was charged; the oldest is paid first. All 0 for who is in credit."""

    current: Decimal  # 30 days at most
    over_30: Decimal
    over_60: Decimal
    over_90: Decimal


@dataclass(frozen=True)
class AccountDay:
    day: date
    kind: AccountLineKind
    amount: Decimal


@dataclass(frozen=True)
class PartnerStatement:
    """A month of a partner's account in rand: what it owes more is positive."""

    partner: Partner
    month: date  # its first day
    until: date  # its last day, or today
    opening: Decimal
    days: tuple[AccountDay, ...]
    ageing: Ageing
    earned: Decimal  # commission of the month, whenever it is credited

    def sum_of(self, kind: AccountLineKind) -> Decimal:
        return sum((line.amount for line in self.days if line.kind == kind), ZERO)

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((line.amount for line in self.days), ZERO)


@dataclass(frozen=True)
class AccountLine:
    """One entry, for a file."""

    at: datetime
    kind: AccountLineKind
    reference: str  # of the order's first booking
    external_reference: str  # what the partner calls the order
    amount: Decimal


def get_statement(partner: Partner, month: date, *, now: datetime) -> PartnerStatement:
    """The account in the month of this day, as the ledger has it: three queries."""
    first, end = _bounds(month)
    until = min(end - timedelta(days=1), timezone.localdate(now))
    entries = _entries(partner).filter(at__lt=_midnight(end)).annotate(day=TruncDate("at")).order_by()
    sums: Any = entries.values("day").annotate(
        debits=Total("amount", filter=Q(amount__gt=0)), credits=Total("amount", filter=Q(amount__lt=0))
    )
    rows = [(row["day"], cents(row["debits"] or ZERO), cents(row["credits"] or ZERO)) for row in sums]
    return PartnerStatement(
        partner=partner,
        month=first,
        until=until,
        opening=sum((debits + back for day, debits, back in rows if day < first), ZERO),
        days=_days(entries.filter(at__gte=_midnight(first))),
        ageing=_ageing(sorted(rows), until),
        earned=_earned(partner, first, end),
    )


def statement_lines(partner: Partner, month: date) -> Iterator[AccountLine]:
    """Each entry of the month, the oldest first: one query, whatever their number."""
    first, end = _bounds(month)
    bookings = Booking.objects.filter(order=OuterRef("order")).order_by("pk").values("booking_reference")
    entries: Any = _entries(partner).filter(at__gte=_midnight(first), at__lt=_midnight(end))
    rows = entries.annotate(
        kind=_KIND, reference=Subquery(bookings[:1]), external_reference=F("order__external_reference")
    ).order_by("at", "pk")
    columns = ("at", "kind", "reference", "external_reference", "amount")
    for at, kind, reference, external_reference, amount in rows.values_list(*columns)[:_MOST_LINES]:
        yield AccountLine(at, AccountLineKind(kind), reference or "", external_reference or "", cents(amount))


def months_of(partner: Partner, *, now: datetime) -> list[date]:
    """The months that have a statement, the newest first."""
    month, since = timezone.localdate(now).replace(day=1), timezone.localdate(partner.created_at)
    months: list[date] = []
    while month >= since.replace(day=1) and len(months) < _MONTHS:
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def _entries(partner: Partner) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(account=Account.PARTNER, partner=partner)


def _days(entries: QuerySet[Any]) -> tuple[AccountDay, ...]:
    sums = entries.annotate(kind=_KIND).values_list("day", "kind").annotate(total=Total("amount"))
    days = (AccountDay(day, AccountLineKind(kind), cents(total)) for day, kind, total in sums)
    kinds = list(AccountLineKind)
    return tuple(sorted(days, key=lambda line: (line.day, kinds.index(line.kind))))


def _earned(partner: Partner, first: date, end: date) -> Decimal:
    rows = Commission.objects.filter(
        payment__order__partner=partner, at__gte=_midnight(first), at__lt=_midnight(end)
    )
    return cents(rows.aggregate(total=Total("amount"))["total"] or ZERO)


def _ageing(rows: list[tuple[date, Decimal, Decimal]], until: date) -> Ageing:
    paid = -sum((back for _day, _debits, back in rows), ZERO)
    parts = [ZERO, ZERO, ZERO, ZERO]
    for day, debits, _back in rows:
        covered = min(paid, debits)
        paid -= covered
        age = (until - day).days
        parts[0 if age <= 30 else 1 if age <= 60 else 2 if age <= 90 else 3] += debits - covered
    return Ageing(*parts)


def _bounds(month: date) -> tuple[date, date]:
    """Its first day, and the first of the next."""
    first = month.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def is_credited_later(statement: PartnerStatement) -> bool:
    """Whether what was earned in the month is credited when it is over."""
    is_credited = any(line.kind == AccountLineKind.COMMISSION for line in statement.days)
    return statement.partner.settlement == Settlement.GROSS and not is_credited and statement.earned != 0
