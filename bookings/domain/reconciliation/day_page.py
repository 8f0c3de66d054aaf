"""A business day of a gateway, of the card terminal or of the bank: theirs, ours, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO
from bookings.domain.reconciliation.days import first_moment
from bookings.domain.reconciliation.differences import STATEMENT_TIME, subject_of, unrelated_lines
from bookings.domain.reconciliation.matching import our_amount
from bookings.domain.reconciliation.postings import TENDERS
from bookings.models import (
    Account,
    Booking,
    LedgerEntry,
    PartnerPayment,
    Payment,
    Refund,
    StaffTask,
    StatementDay,
    StatementLine,
    StatementMatch,
)

_Kind = StatementLine.Kind
_ONE_DAY: Final = timedelta(days=1)
# What a sum of theirs is compared with ours by; the rest is between us, the gateway and the bank
_OF_SALES: Final = (_Kind.PAYMENT, _Kind.REFUND, _Kind.CHARGEBACK, _Kind.OTHER)


class LineState(models.TextChoices):
    MATCHED = "matched", _("matched")
    POSTED = "posted", _("posted")
    WAITING = "waiting", _("waiting for a statement")
    NOT_OURS = "not_ours", _("not of sales")
    OTHER_AMOUNT = "other_amount", _("other amount")
    THEIRS_ONLY = "theirs_only", _("not in our books")
    OURS_ONLY = "ours_only", _("in no statement")


DIFFERENCES: Final = (LineState.OTHER_AMOUNT, LineState.THEIRS_ONLY, LineState.OURS_ONLY)


@dataclass(frozen=True)
class DayLine:
    """One line of the page, in rand, what came positive. `theirs` or `ours` is None where there is none."""

    at: datetime
    kind: StatementLine.Kind
    name: str  # at the gateway; the reference of a slip or transfer
    text: str
    order_id: int | None
    ours: Decimal | None
    theirs: Decimal | None
    fee: Decimal
    state: LineState
    subject: str  # of its task, if it has one
    reference: str = ""  # of a booking
    answer: str | None = None  # what was done about its task; None while it is open or was never one

    @property
    def is_open(self) -> bool:
        return self.state in DIFFERENCES and self.answer is None


@dataclass(frozen=True)
class StatementPage:
    gateway: str
    day: date
    read_at: datetime | None
    problem: str
    lines: Sequence[DayLine]
    balance: Decimal  # of the ledger, now

    @property
    def theirs(self) -> Decimal:
        return sum((line.theirs or ZERO for line in self._of_sales()), ZERO)

    @property
    def ours(self) -> Decimal:
        return sum((line.ours or ZERO for line in self._of_sales()), ZERO)

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours

    @property
    def fees(self) -> Decimal:
        """What the gateway took for its work."""
        own = sum((line.theirs or ZERO for line in self.lines if line.kind == _Kind.FEE), ZERO)
        return -own - sum((line.fee for line in self.lines), ZERO)

    @property
    def paid_out(self) -> Decimal:
        return -sum((line.theirs or ZERO for line in self.lines if line.kind == _Kind.PAYOUT), ZERO)

    @property
    def open_differences(self) -> int:
        return sum(line.is_open for line in self.lines)

    def _of_sales(self) -> Iterable[DayLine]:
        return (line for line in self.lines if line.kind in _OF_SALES and line.state != LineState.NOT_OURS)


def statement_page(gateway: str, day: date, *, now: datetime) -> StatementPage:
    """Every line of a day, what differs first: nine queries at most."""
    read = StatementDay.objects.filter(gateway=gateway, day=day).first()
    lines = [*_theirs(gateway, day), *_only_ours(gateway, day, now)]
    lines = _with_tasks(_with_bookings(lines))
    lines.sort(key=lambda line: (not line.is_open, line.at))
    account = gateway if gateway in TENDERS else Account.GATEWAY.value
    own = None if gateway in TENDERS else gateway
    return StatementPage(
        gateway,
        day,
        read.read_at if read else None,
        read.problem if read else "",
        lines,
        LedgerEntry.objects.balance(account, gateway=own),
    )


def _theirs(gateway: str, day: date) -> Iterable[DayLine]:
    rows = StatementLine.objects.filter(gateway=gateway, day=day).order_by("at", "pk")
    unrelated = set(rows.filter(unrelated_lines()).values_list("pk", flat=True))
    rows = rows.select_related(
        "match__payment",
        "match__refund",
        "match__partner_payment__partner",
        "chargeback__payment",
        "returned_chargeback__payment",
    )
    for line in rows:
        match: StatementMatch | None = getattr(line, "match", None)
        chargeback = getattr(line, "chargeback", None) or getattr(line, "returned_chargeback", None)
        thing = match.thing if match else chargeback.payment if chargeback else None
        transfer = thing if isinstance(thing, PartnerPayment) else None
        ours = our_amount(match) if match else line.gross if chargeback else None
        yield DayLine(
            at=line.at,
            kind=_Kind(line.kind),
            name=line.external_id,
            text=transfer.partner.name if transfer else line.text,
            order_id=thing.order_id if isinstance(thing, Payment | Refund) else None,
            ours=ours,
            theirs=line.gross,
            fee=line.fee,
            state=LineState.NOT_OURS if line.pk in unrelated else line_state(line, ours),
            subject=f"statement:{line.pk}",
        )


def line_state(line: StatementLine, ours: Decimal | None) -> LineState:
    """Of a line that is so much in our books, or (None) is none of ours."""
    if ours is not None:
        return LineState.MATCHED if ours == line.gross else LineState.OTHER_AMOUNT
    if line.kind in (_Kind.PAYOUT, _Kind.FEE):
        return LineState.POSTED
    return LineState.THEIRS_ONLY


def _only_ours(gateway: str, day: date, now: datetime) -> Iterable[DayLine]:
    """What we took or gave on that day and no statement of any day tells of."""
    within = (first_moment(day), first_moment(day + _ONE_DAY))
    payments = Payment.objects.filter(method=gateway, paid_at__gte=within[0], paid_at__lt=within[1])
    for payment in payments.filter(matches=None).order_by("pk"):
        yield _only_our(payment, _Kind.PAYMENT, payment.amount, payment.paid_at, now)
    paid = Refund.objects.filter(status=Refund.Status.PAID, method=gateway, matches=None)
    for refund in paid.filter(paid_at__gte=within[0], paid_at__lt=within[1]).order_by("pk"):
        assert refund.paid_at
        yield _only_our(refund, _Kind.REFUND, -refund.amount, refund.paid_at, now)
    transfers = PartnerPayment.objects.filter(matches=None, at__gte=within[0], at__lt=within[1])
    for row in transfers.select_related("partner").order_by("pk") if gateway == Account.EFT else ():
        yield _only_our(row, _Kind.PAYMENT, row.amount, row.at, now)


def _only_our(
    thing: Payment | Refund | PartnerPayment,
    kind: StatementLine.Kind,
    amount: Decimal,
    at: datetime,
    now: datetime,
) -> DayLine:
    number = thing.external_id if isinstance(thing, Payment) and thing.method not in TENDERS else ""
    return DayLine(
        at=at,
        kind=kind,
        name=thing.reference or number,
        text=thing.partner.name if isinstance(thing, PartnerPayment) else "",
        order_id=None if isinstance(thing, PartnerPayment) else thing.order_id,
        ours=amount,
        theirs=None,
        fee=ZERO,
        state=LineState.OURS_ONLY if at < now - STATEMENT_TIME else LineState.WAITING,
        subject=subject_of(thing),
    )


def _with_bookings(lines: list[DayLine]) -> list[DayLine]:
    orders = {line.order_id for line in lines if line.order_id}
    rows = Booking.objects.filter(order__in=orders).order_by("-pk")
    references = dict(rows.values_list("order", "booking_reference"))
    return [replace(line, reference=references.get(line.order_id or 0, "")) for line in lines]


def _with_tasks(lines: list[DayLine]) -> list[DayLine]:
    subjects = [line.subject for line in lines if line.state in DIFFERENCES]
    done = StaffTask.objects.filter(
        kind=StaffTask.Kind.STATEMENT_DIFFERENCE, subject__in=subjects, done_at__isnull=False
    )
    answers = dict(done.order_by("pk").values_list("subject", "done_note"))
    return [replace(line, answer=answers.get(line.subject)) for line in lines]
