"""What must always be true of statements: they and the ledger tell the same story. Queries that should find
nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import CharField, Exists, F, Min, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from bookings.domain.reconciliation.differences import other_amounts, unexplained_lines
from bookings.domain.reconciliation.postings import STATEMENT_CAUSE, TENDERS, amounts_of, posting_cause
from bookings.models import Account, Chargeback, LedgerEntry, StaffTask, StatementLine, StatementMatch

_TASK_TIME: Final = timedelta(days=1)  # for the nightly task


def statements_are_posted(now: datetime) -> Iterator[object]:
    """Fee, payout and settled slip of each line are in the ledger as the line has them, under its gateway,
    and nothing is posted of a line that is not there.
    """
    entries = LedgerEntry.objects.filter(cause__startswith=STATEMENT_CAUSE).order_by()
    posted: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    for cause, account, gateway, amount in entries.values_list("cause", "account", "gateway", "amount"):
        posted[cause][account, gateway] = amount
    matched = set(StatementMatch.objects.values_list("line_id", flat=True))
    for field in ("line_id", "returned_line_id"):
        matched |= set(Chargeback.objects.values_list(field, flat=True))
    for line in StatementLine.objects.order_by().iterator():
        expected = {
            (account.value, "" if account in _WITHOUT_GATEWAY else line.gateway): amount
            for account, amount in amounts_of(line, is_matched=line.pk in matched).items()
        }
        if posted.pop(posting_cause(line), {}) != expected:
            yield f"line {line.pk}"
    yield from posted


_WITHOUT_GATEWAY: Final = (Account.BANK, Account.CARD, Account.EFT)


def matches_are_of_their_line(now: datetime) -> Iterator[object]:
    """A line is matched to what came or went through its own gateway or tender, and in its direction."""
    payments = StatementMatch.objects.filter(payment__isnull=False)
    refunds = StatementMatch.objects.filter(refund__isnull=False)
    transfers = StatementMatch.objects.filter(partner_payment__isnull=False)
    no_transfer = transfers.exclude(line__gateway=Account.EFT, line__gross__gt=0)
    foreign = payments.exclude(payment__method=F("line__gateway"), line__gross__gt=0)
    other_id = payments.exclude(line__gateway__in=TENDERS).exclude(
        payment__external_id=F("line__external_id")
    )
    wrong_way = refunds.exclude(refund__method=F("line__gateway"), line__gross__lt=0)
    for matches in (foreign, other_id, wrong_way, no_transfer):
        yield from (f"line {pk}" for pk in matches.values_list("line", flat=True))


def bank_and_fees_have_a_line(now: datetime) -> Iterator[object]:
    """Nothing reaches the bank, and no gateway is paid for its work, without a line that says so."""
    entries = LedgerEntry.objects.filter(account__in=(Account.BANK, Account.GATEWAY_FEES))
    yield from entries.exclude(cause__startswith=STATEMENT_CAUSE).values_list("cause", flat=True)


def uploads_are_signed(now: datetime) -> Iterator[object]:
    """Since the first upload that was signed, somebody else than who uploaded a line has signed it."""
    uploaded = StatementLine.objects.filter(noted_by__isnull=False)
    first = uploaded.filter(approver__isnull=False).aggregate(first=Min("noted_at"))["first"]
    if first:
        alone = Q(approver=None) | Q(approver=F("noted_by"))
        yield from (
            f"line {pk}" for pk in uploaded.filter(alone, noted_at__gte=first).values_list("pk", flat=True)
        )


def differences_have_a_task(now: datetime) -> Iterator[object]:
    """What a statement tells otherwise than our books has been given to a person."""
    tasks = StaffTask.objects.filter(
        kind=StaffTask.Kind.STATEMENT_DIFFERENCE, subject=OuterRef("subject_of_task")
    )
    late = Q(noted_at__lte=now - _TASK_TIME)
    lines = unexplained_lines().filter(late).annotate(subject_of_task=_subject("pk"))
    matches = other_amounts().filter(at__lte=now - _TASK_TIME).annotate(subject_of_task=_subject("line"))
    yield from (f"line {pk}" for pk in lines.exclude(Exists(tasks)).values_list("pk", flat=True))
    yield from (f"line {pk}" for pk in matches.exclude(Exists(tasks)).values_list("line", flat=True))


def _subject(key: str) -> Concat:
    return Concat(Value(STATEMENT_CAUSE), Cast(key, CharField()), output_field=CharField())
