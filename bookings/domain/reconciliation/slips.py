"""The slips of clerks beside the terminal's settlement and the bank's list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from bookings.domain.reconciliation.day_page import LineState
from bookings.domain.reconciliation.days import business_day, first_moment
from bookings.domain.reconciliation.differences import STATEMENT_TIME
from bookings.domain.reconciliation.matching import (
    note_chargeback,
    unmatched_chargebacks,
    unmatched_lines,
    write_match,
)
from bookings.domain.reconciliation.postings import TENDERS
from bookings.models import Account, PartnerPayment, Payment, Refund, Shift, StatementLine

_WINDOW: Final = timedelta(days=7)  # slip numbers come again, and a transfer takes its time
_OBJECTION: Final = timedelta(days=180)
LEAST_KEY: Final = 4  # signs that must agree where one reference only stands within the other


@dataclass(frozen=True)
class Slip:
    """What a clerk took or gave back by card or EFT, or a partner transferred, in rand; what went back is
    negative.
    """

    thing: Payment | Refund | PartnerPayment
    amount: Decimal
    at: datetime
    key: str

    @property
    def day(self) -> date:
        return business_day(self.at)


def match_slips(tender: str, *, now: datetime) -> int:
    """Match what can be. Returns how many lines were.

    First equal references with equal amounts, then a reference within the other with equal amounts, at last
    equal references with another amount, which is a difference.
    """
    charged_back = _match_chargebacks(tender, now)
    lines = list(unmatched_lines().filter(gateway=tender).order_by("at", "pk"))
    if not lines:
        return charged_back
    slips = _slips(tender, since=min(line.day for line in lines) - _WINDOW)
    pairs: list[tuple[StatementLine, Slip]] = []
    for fits in (_is_equal, _is_within, _is_equal_but_amount):
        lines, slips = _pair(lines, slips, fits, pairs)
    return charged_back + sum(
        write_match(
            line,
            payment=slip.thing if isinstance(slip.thing, Payment) else None,
            refund=slip.thing if isinstance(slip.thing, Refund) else None,
            partner_payment=slip.thing if isinstance(slip.thing, PartnerPayment) else None,
            now=now,
        )
        for line, slip in pairs
    )


def _match_chargebacks(tender: str, now: datetime) -> int:
    """Those of the one slip of that number, within the time in which a customer may object."""
    matched = 0
    for line in unmatched_chargebacks().filter(gateway=tender).order_by("at", "pk"):
        first, last = first_moment(line.day - _OBJECTION), first_moment(line.day + timedelta(days=1))
        payments = Payment.objects.filter(
            method=tender, amount__gte=abs(line.gross), paid_at__gte=first, paid_at__lt=last
        ).select_related("chargeback")
        slips = [Slip(row, row.amount, row.paid_at, key_of(row.reference)) for row in payments]
        fitting = [slip.thing for slip in slips if _is_equal(line, slip) or _is_within(line, slip)]
        payment = fitting[0] if len(fitting) == 1 else None
        if isinstance(payment, Payment):
            matched += note_chargeback(line, payment, now=now)
    return matched


def _slips(tender: str, *, since: date) -> list[Slip]:
    first = first_moment(since)
    payments = Payment.objects.filter(method=tender, matches=None, paid_at__gte=first).order_by("pk")
    paid = Refund.objects.filter(status=Refund.Status.PAID, method=tender, matches=None)
    refunds = paid.filter(paid_at__gte=first).order_by("pk")
    is_of_bank = tender == Account.EFT
    transfers = PartnerPayment.objects.filter(matches=None, at__gte=first).order_by("pk")
    return [
        *(Slip(row, row.amount, row.at, key_of(row.reference)) for row in (transfers if is_of_bank else ())),
        *(Slip(payment, payment.amount, payment.paid_at, key_of(payment.reference)) for payment in payments),
        *(Slip(row, -row.amount, row.paid_at, key_of(row.reference)) for row in refunds if row.paid_at),
    ]


def key_of(reference: str) -> str:
    """A reference as it is compared: letters and digits, in capitals."""
    return "".join(sign for sign in reference.upper() if sign.isalnum())


_Fits = Callable[[StatementLine, Slip], bool]


def _pair(
    lines: Iterable[StatementLine],
    slips: Sequence[Slip],
    fits: _Fits,
    pairs: list[tuple[StatementLine, Slip]],
) -> tuple[list[StatementLine], list[Slip]]:
    """Give each line the slip that fits and is nearest in time; what is left of both."""
    by_amount: dict[Decimal, list[Slip]] = defaultdict(list)
    for slip in slips:
        by_amount[slip.amount].append(slip)
    used: set[int] = set()
    left: list[StatementLine] = []
    for line in lines:
        candidates = slips if fits is _is_equal_but_amount else by_amount[line.gross]
        fitting = [
            slip
            for slip in candidates
            if id(slip) not in used and abs(slip.day - line.day) <= _WINDOW and fits(line, slip)
        ]
        if not fitting:
            left.append(line)
            continue
        nearest = min(fitting, key=lambda slip: abs(slip.at - line.at))
        used.add(id(nearest))
        pairs.append((line, nearest))
    return left, [slip for slip in slips if id(slip) not in used]


def _is_equal(line: StatementLine, slip: Slip) -> bool:
    return bool(slip.key) and slip.key == key_of(line.external_id)


def _is_within(line: StatementLine, slip: Slip) -> bool:
    printed = key_of(f"{line.external_id} {line.text}")
    short, long = sorted((slip.key, key_of(line.external_id)), key=len)
    is_end = len(short) >= LEAST_KEY and long.endswith(short)
    return is_end or (len(slip.key) >= LEAST_KEY and slip.key in printed)


def _is_equal_but_amount(line: StatementLine, slip: Slip) -> bool:
    return _is_equal(line, slip) and (slip.amount > 0) == (line.gross > 0)


@dataclass(frozen=True)
class ShiftSlip:
    """A slip of a shift, and whether the settlement or the bank has confirmed it."""

    tender: str
    reference: str
    amount: Decimal
    state: LineState
    confirmed_on: date | None
    settled: Decimal | None  # the amount that the settlement has, if it has one


def shift_slips(shift: Shift, *, now: datetime) -> list[ShiftSlip]:
    """Each card and EFT slip of a shift: two queries. What a clerk typed is no proof of any of them."""
    payments = Payment.objects.filter(shift=shift, method__in=TENDERS).order_by("pk")
    refunds = Refund.objects.filter(shift=shift, method__in=TENDERS, status=Refund.Status.PAID).order_by("pk")
    return [
        *(_shift_slip(row, row.amount, now) for row in payments.prefetch_related("matches__line")),
        *(_shift_slip(row, -row.amount, now) for row in refunds.prefetch_related("matches__line")),
    ]


def _shift_slip(thing: Payment | Refund, amount: Decimal, now: datetime) -> ShiftSlip:
    match = next(iter(thing.matches.all()), None)
    at = thing.paid_at
    if match is None:
        is_late = at is not None and at < now - STATEMENT_TIME
        state = LineState.OURS_ONLY if is_late else LineState.WAITING
        return ShiftSlip(thing.method, thing.reference, amount, state, None, None)
    settled = match.line.gross
    state = LineState.MATCHED if settled == amount else LineState.OTHER_AMOUNT
    return ShiftSlip(thing.method, thing.reference, amount, state, match.line.day, settled)
