"""What must always be true of tills.

The ledger, the sales and the cash-ups tell the same story. Queries that should find nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from bookings.base.money import ZERO
from bookings.domain.reconciliation.postings import STATEMENT_CAUSE, WRITE_OFF_CAUSE
from bookings.models import Account, LedgerEntry, Payment, Refund, Shift, TillMovement, Total

_TENDERS = (Account.CASH, Account.CARD, Account.EFT)
# Roundings from before they had an account of their own lie on cash over or short
_ROUNDED = (Account.CASH_ROUNDING, Account.CASH_OVER_SHORT)
_CASH_UP = Q(cause__startswith="count:") | Q(cause__startswith="banked:")
_Sums = dict[tuple[int, str], Decimal]


def _sums(rows: QuerySet[Any], kind: str) -> _Sums:
    """Σ amount by (shift, kind of row)."""
    grouped = (
        rows.filter(shift__isnull=False).order_by().values_list("shift", kind).annotate(total=Total("amount"))
    )
    return defaultdict(lambda: ZERO, {(shift, of): total for shift, of, total in grouped})


def _expected_by_sales() -> _Sums:
    """What each till should hold, from payments, refunds, movements and floats alone.

    Cash rounded as it was handed over.
    """
    paid, back = (
        _sums(Payment.objects.all(), "method"),
        _sums(Refund.objects.filter(status=Refund.Status.PAID), "method"),
    )
    moved = dict(TillMovement.objects.order_by().values_list("shift").annotate(Total("amount")))
    roundings = LedgerEntry.objects.filter(account__in=_ROUNDED).exclude(_CASH_UP)
    rounded = dict(roundings.order_by().values_list("shift").annotate(Total("amount")))
    expected: _Sums = defaultdict(lambda: ZERO)
    for shift, opening_float in Shift.objects.values_list("pk", "opening_float"):
        for tender in _TENDERS:
            expected[shift, tender.value] = paid[shift, tender] - back[shift, tender]
        expected[shift, Account.CASH.value] += (
            opening_float + moved.get(shift, ZERO) - rounded.get(shift, ZERO)
        )
    return expected


def tills_agree_with_sales(now: datetime) -> Iterator[object]:
    """Per shift and tender: the ledger is float, payments, refunds and movements, to the cent."""
    ledger = _sums(LedgerEntry.objects.exclude(_CASH_UP), "account")
    yield from (
        f"{shift} {tender}"
        for (shift, tender), expected in _expected_by_sales().items()
        if ledger[shift, tender] != expected
    )


def cash_ups_agree(now: datetime) -> Iterator[object]:
    """A closed shift expected what its sales say, counted what its accounts were brought to, and put its cash
    into the safe.
    """
    expected = _expected_by_sales()
    ledger = _sums(LedgerEntry.objects.all(), "account")
    differences = _sums(LedgerEntry.objects.filter(_CASH_UP), "account")
    for shift in Shift.objects.filter(closed_at__isnull=False):
        counted = {tender: Decimal((shift.counted or {})[tender]) for tender in _TENDERS}
        expected_then = {tender: Decimal((shift.expected or {})[tender]) for tender in _TENDERS}
        right = (
            all(expected_then[tender] == expected[shift.pk, tender.value] for tender in _TENDERS)
            and ledger[shift.pk, Account.CASH] == 0
            and ledger[shift.pk, Account.SAFE] == counted[Account.CASH] - shift.opening_float
            and all(ledger[shift.pk, tender] == counted[tender] for tender in (Account.CARD, Account.EFT))
            and shift.difference == sum(counted.values()) - sum(expected_then.values())
            and shift.difference == -differences[shift.pk, Account.CASH_OVER_SHORT]
        )
        if not right:
            yield shift.pk


def money_lies_in_a_till(now: datetime) -> Iterator[object]:
    """Cash and card never come or go without a shift."""
    loose = Q(shift=None, method__in=(Account.CASH, Account.CARD))
    yield from (f"payment {pk}" for pk in Payment.objects.filter(loose).values_list("pk", flat=True))
    yield from (
        f"refund {pk}"
        for pk in Refund.objects.filter(loose, status=Refund.Status.PAID).values_list("pk", flat=True)
    )
    in_till = LedgerEntry.objects.filter(
        shift=None, account__in=(Account.CASH, Account.CARD, Account.PETTY_CASH)
    )
    for cause in (STATEMENT_CAUSE, WRITE_OFF_CAUSE, "chargeback:", "chargeback-returned:"):  # see their files
        in_till = in_till.exclude(account=Account.CARD, cause__startswith=cause)
    yield from (f"entry {pk}" for pk in in_till.values_list("pk", flat=True))
