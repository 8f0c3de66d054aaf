"""Where a statement and our books differ: a task for each line, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.database.transactions import short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.reconciliation.days import business_day, first_moment
from bookings.domain.reconciliation.postings import TENDERS
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import (
    Account,
    Order,
    PartnerPayment,
    Payment,
    Refund,
    StaffTask,
    StatementDay,
    StatementLine,
    StatementMatch,
    Total,
)

STATEMENT_TIME: Final = timedelta(days=2)  # within which what we have must be in a statement
_Kind = StatementLine.Kind
_SUBJECTS: Final = {Payment: "payment", Refund: "refund", PartnerPayment: "partner-payment"}
FILE_SUBJECT: Final = "statement-file:"
_ONE_DAY: Final = timedelta(days=1)
_TASK: Final = StaffTask.Kind.STATEMENT_DIFFERENCE


@dataclass(frozen=True)
class StatementGap:
    """What a person must look at; `subject` is of the line, or of the payment or refund that has none."""

    subject: str
    detail: str
    order: Order | None = None


def open_difference_tasks(*, now: datetime) -> int:
    """Open a task for each difference that never had one. Returns how many."""
    differences = {difference.subject: difference for difference in _differences(now)}
    known = StaffTask.objects.filter(kind=_TASK, subject__in=list(differences))
    new = differences.keys() - set(known.values_list("subject", flat=True))
    for subject in sorted(new):
        difference = differences[subject]
        with short_transaction():
            open_task(_TASK, difference.order, subject=subject, detail=difference.detail, now=now)
    return len(new)


def close_difference_tasks(match: StatementMatch, *, now: datetime) -> None:
    """What was missing has come, with the amount that was expected. Within the caller's transaction."""
    line, thing = match.line, match.thing
    if abs(line.gross) != thing.amount:
        return
    tasks = StaffTask.objects.filter(kind=_TASK, subject=subject_of(thing), done_at=None)
    tasks.update(done_at=now, done_note=_("it is in the statement of %(day)s") % {"day": day_text(line.day)})
    close_tasks_of_line(line, now=now)


def subject_of(thing: Payment | Refund | PartnerPayment) -> str:
    """By which the task about it is known that no statement has it."""
    return f"{_SUBJECTS[type(thing)]}:{thing.pk}"


def close_tasks_of_line(line: StatementLine, *, now: datetime) -> None:
    """The line is in our books now. Within the caller's transaction."""
    tasks = StaffTask.objects.filter(kind=_TASK, subject=f"statement:{line.pk}", done_at=None)
    tasks.update(done_at=now, done_note=_("it is in our books now"))


def _differences(now: datetime) -> Iterator[StatementGap]:
    yield from _theirs_without_ours()
    yield from _other_amounts()
    yield from _ours_without_theirs(now)
    yield from _days_unread(now)
    yield from _files_missing(now)


def _theirs_without_ours() -> Iterator[StatementGap]:
    for line in unexplained_lines():
        facts = _facts_of(line) | {"id": line.external_id or line.text}
        yield StatementGap(
            f"statement:{line.pk}",
            _("%(gateway)s tells of %(kind)s %(id)s over %(amount)s on %(day)s; we do not have it") % facts,
        )


def unexplained_lines() -> QuerySet[StatementLine]:
    """What moved there and is not in our books."""
    unmatched = Q(match=None, kind__in=StatementLine.MATCHED)
    unmatched |= Q(kind=_Kind.CHARGEBACK, chargeback=None, returned_chargeback=None)
    return StatementLine.objects.filter(unmatched | Q(kind=_Kind.OTHER)).exclude(unrelated_lines())


def unrelated_lines() -> Q:
    """What leaves the bank and is no refund of ours is no business of sales, and what a gateway paid out was
    posted from its own statement.
    """
    paid_out = StatementLine.objects.filter(kind=_Kind.PAYOUT, day__lte=OuterRef("day"))
    is_payout = Exists(paid_out.filter(gross=-OuterRef("gross")))
    return Q(gateway=Account.EFT, match=None) & (Q(gross__lt=0) | Q(is_payout))


def other_amounts() -> QuerySet[StatementMatch]:
    """Matches whose two sides differ."""
    paid = Q(payment__isnull=False) & ~Q(line__gross=F("payment__amount"))
    returned = Q(refund__isnull=False) & ~Q(line__gross=-F("refund__amount"))
    of_partner = Q(partner_payment__isnull=False) & ~Q(line__gross=F("partner_payment__amount"))
    return StatementMatch.objects.filter(paid | returned | of_partner)


def _other_amounts() -> Iterator[StatementGap]:
    rows = other_amounts().select_related("line", "payment__order", "refund__order", "partner_payment")
    for match in rows:
        thing = match.thing
        facts = _facts_of(match.line) | {"ours": format_zar(thing.amount)}
        yield StatementGap(
            f"statement:{match.line_id}",
            _("%(gateway)s tells of %(amount)s on %(day)s, our books of %(ours)s") % facts,
            None if isinstance(thing, PartnerPayment) else thing.order,
        )


def _ours_without_theirs(now: datetime) -> Iterator[StatementGap]:
    until = now - STATEMENT_TIME
    for payment in missing_payments(until=until).select_related("order"):
        yield _missing(payment, payment.method, payment.amount, payment.paid_at)
    for refund in missing_refunds(until=until).select_related("order"):
        assert refund.paid_at
        yield _missing(refund, refund.method, -refund.amount, refund.paid_at)
    for transfer in missing_partner_payments(until=until).select_related("partner"):
        yield _missing(transfer, f"EFT ({transfer.partner.name})", transfer.amount, transfer.at)


def missing_payments(*, until: datetime) -> QuerySet[Payment]:
    """Payments up to this moment that no line of a statement tells of, since statements are read."""
    return Payment.objects.filter(_since_first_statement("paid_at"), matches=None, paid_at__lt=until)


def missing_refunds(*, until: datetime) -> QuerySet[Refund]:
    """As `missing_payments`, of what went back."""
    paid = Refund.objects.filter(status=Refund.Status.PAID, matches=None, paid_at__lt=until)
    return paid.filter(_since_first_statement("paid_at"))


def missing_partner_payments(*, until: datetime) -> QuerySet[PartnerPayment]:
    """As `missing_payments`, of what partners are said to have transferred."""
    day = _first_days().get(Account.EFT.value)
    if day is None:
        return PartnerPayment.objects.none()
    return PartnerPayment.objects.filter(matches=None, at__gte=first_moment(day), at__lt=until)


def _since_first_statement(field: str) -> Q:
    """Of a way of paying whose statements are read, and not from before the first of them."""
    since = Q(pk__in=[])
    for gateway, day in _first_days().items():
        since |= Q(method=gateway, **{f"{field}__gte": first_moment(day)})
    return since


def _first_days() -> dict[str, date]:
    """From when on the statements of each gateway and tender are read."""
    return dict(_read_days().annotate(first=Min("day")))


def _read_days() -> QuerySet[StatementDay, Any]:
    return StatementDay.objects.filter(read_at__isnull=False).order_by().values_list("gateway")


def _missing(
    thing: Payment | Refund | PartnerPayment, method: str, amount: Decimal, at: datetime
) -> StatementGap:
    order = None if isinstance(thing, PartnerPayment) else thing.order
    facts = {"gateway": method, "amount": format_zar(amount), "day": day_text(business_day(at))}
    detail = _("%(amount)s of %(day)s is in no statement of %(gateway)s") % facts
    return StatementGap(subject_of(thing), detail, order)


def _days_unread(now: datetime) -> Iterator[StatementGap]:
    today = business_day(now)
    late = StatementDay.objects.filter(read_at=None, day__lt=today - STATEMENT_TIME)
    for row in late:
        facts = {"gateway": row.gateway, "day": day_text(row.day), "why": row.problem}
        yield StatementGap(
            f"statement-day:{row.gateway}:{row.day}",
            _("The statement of %(gateway)s of %(day)s cannot be read: %(why)s") % facts,
        )


def _files_missing(now: datetime) -> Iterator[StatementGap]:
    """Slips of a tender whose file nobody has uploaded for STATEMENT_FILE_DAYS, if one ever was: they would
    wait for ever.
    """
    late = now - timedelta(days=company_settings.statement_file_days)
    read = dict(_read_days().annotate(last=Max("day")))
    for tender in TENDERS:
        last = read.get(tender)
        since = {"paid_at__gte": first_moment(last + _ONE_DAY)} if last else {}
        slips = Payment.objects.filter(method=tender, paid_at__lt=late, matches=None, **since)
        sums = slips.aggregate(number=Count("pk"), amount=Total("amount"), first=Min("paid_at"))
        if sums["number"]:
            facts = {
                "tender": str(Account(tender).label),
                "number": sums["number"],
                "amount": format_zar(sums["amount"]),
                "day": day_text(business_day(sums["first"])),
            }
            yield StatementGap(
                f"{FILE_SUBJECT}{tender}:{last or 'never'}",
                _("No file of %(tender)s was uploaded: %(number)d slips since %(day)s, %(amount)s, wait")
                % facts,
            )


def close_file_tasks(tender: str, *, now: datetime) -> None:
    """A file of this tender was uploaded: what it does not have is a task of its own."""
    tasks = StaffTask.objects.filter(kind=_TASK, subject__startswith=f"{FILE_SUBJECT}{tender}:", done_at=None)
    tasks.update(done_at=now, done_note=_("a file was uploaded"))


def _facts_of(line: StatementLine) -> dict[str, str]:
    return {
        "gateway": line.gateway,
        "kind": str(_Kind(line.kind).label),
        "amount": format_zar(line.gross),
        "day": day_text(line.day),
    }
