"""A difference to a statement that nobody can explain is written off: posted, with its reason, and signed by
a second person over a limit. It can be taken back; nothing is ever changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, format_zar, is_rand_and_cents
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.reconciliation.day_page import DIFFERENCES, statement_page
from bookings.domain.reconciliation.postings import TENDERS, WRITE_OFF_CAUSE
from bookings.domain.sales.alarms import Alarm
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import Account, LedgerEntry, Posting, StaffTask, User, WriteOff

_TASK: Final = StaffTask.Kind.STATEMENT_DIFFERENCE
_OF_DAY: Final = "rest:"  # what is left of a day's fees: of no one line


@dataclass(frozen=True)
class WriteOffRequest:
    """The difference `subject` of a day, as it was shown in rand; "" is another amount that a gateway keeps
    or gives, as a fee that no line tells of.
    """

    gateway: str
    day: date
    subject: str
    amount: Decimal
    reason: str
    approval: Approval | None = None

    @property
    def content(self) -> str:
        return f"{self.gateway} {self.day} {self.subject} {self.amount} {self.reason}"


def write_off(
    request: WriteOffRequest, *, actor: User, submission: str, now: datetime | None = None
) -> WriteOff:
    """Write a difference off, once per `submission`, and close its task. All or nothing.

    Raises Refusal without a reason or for an amount that is not the difference, Conflict if it is written off
    already, NeedsApproval over WRITE_OFF_APPROVAL_OVER, by one person on one day and in all.
    """
    result = run_once(
        "write-off",
        submission,
        request.content,
        action=lambda: str(_write_off(request, actor, now or database_now()).pk),
        now=now or database_now(),
    )
    return WriteOff.objects.get(pk=int(result))


def _write_off(request: WriteOffRequest, actor: User, now: datetime) -> WriteOff:
    reason = request.reason.strip()[:200]
    if not reason:
        raise Refusal(_("Enter the reason."))
    if not is_rand_and_cents(abs(request.amount)) or not request.amount:
        raise Refusal(_("Enter an amount in rand and cents."))
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # a sum in pieces is one sum
    subject = request.subject or f"{_OF_DAY}{request.gateway}:{request.day}"
    if request.subject and request.amount != _difference(request, now):
        raise Refusal(_("The difference has changed. Please look at it again."))
    _check_limit(request, actor, now)
    before = WriteOff.objects.filter(subject=subject, reverses=None)
    if before.filter(reversed_by=None).exists():
        raise Conflict(_("This difference is written off already."))
    return _post(
        WriteOff(
            gateway=request.gateway,
            day=request.day,
            subject=subject,
            turn=before.count(),
            amount=request.amount,
            reason=reason,
            actor=actor,
            approver=request.approval.approver if request.approval else None,
            at=now,
        )
    )


def _difference(request: WriteOffRequest, now: datetime) -> Decimal | None:
    """What is theirs without ours, as the page of the day has it; None if it is no difference."""
    page = statement_page(request.gateway, request.day, now=now)
    for line in page.lines:
        if line.subject == request.subject and line.state in DIFFERENCES:
            return (line.theirs or ZERO) - (line.ours or ZERO)
    return None


def _check_limit(request: WriteOffRequest, actor: User, now: datetime) -> None:
    if request.approval:
        request.approval.check(actor, now=now)
        return
    limit = settings.WRITE_OFF_APPROVAL_OVER
    if abs(request.amount) + written_off_alone(actor, now) > limit:
        why = _("Write-offs over %(limit)s a day need the approval of a second person.")
        why %= {"limit": format_zar(limit)}
        detail = f"{format_zar(request.amount)}, {request.reason}: {why}"
        raise NeedsApproval(why, Alarm(StaffTask.Kind.LIMIT_REFUSED, actor, "write-off", detail))


def written_off_alone(actor: User, now: datetime) -> Decimal:
    """What this person has written off today without a second one, gains and losses alike."""
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = WriteOff.objects.filter(actor=actor, approver=None, reverses=None, at__gte=day)
    return sum((abs(amount) for amount in rows.values_list("amount", flat=True)), ZERO)


def take_back_write_off(
    write_off_id: int, *, reason: str, actor: User, now: datetime | None = None
) -> WriteOff:
    """Post a write-off the other way round, and open its task again. Raises Refusal without a reason,
    Conflict if it was taken back before.
    """
    now = now or database_now()
    if not reason.strip():
        raise Refusal(_("Enter the reason."))
    try:
        with short_transaction():
            row = WriteOff.objects.select_for_update(no_key=True).filter(pk=write_off_id).first()
            if row is None:
                raise NotFound(_("We could not find this write-off."))
            if row.reverses_id:
                raise Conflict(_("This is no write-off, but one that was taken back."))
            back = WriteOff(
                gateway=row.gateway,
                day=row.day,
                subject=row.subject,
                turn=row.turn,
                amount=-row.amount,
                reason=reason.strip()[:200],
                actor=actor,
                reverses=row,
                at=now,
            )
            return _post(back)
    except IntegrityError:
        raise Conflict(_("This write-off was taken back already.")) from None


def _post(row: WriteOff) -> WriteOff:
    row.save(force_insert=True)
    account = Account(row.gateway) if row.gateway in TENDERS else Account.GATEWAY
    amounts = {account: row.amount, Account.WRITE_OFF: -row.amount}
    LedgerEntry.objects.post(
        Posting(f"{WRITE_OFF_CAUSE}{row.pk}", amounts, at=row.at, actor=row.actor, gateway=row.gateway)
    )
    tasks = StaffTask.objects.filter(kind=_TASK, subject=row.subject)
    if row.reverses_id is None:
        note = _("written off: %(reason)s") % {"reason": row.reason}
        tasks.filter(done_at=None).update(done_at=row.at, done_note=note[:200])
    else:
        detail = _("%(amount)s was written off and is open again: %(reason)s")
        detail %= {"amount": format_zar(-row.amount), "reason": row.reason}
        open_task(_TASK, None, subject=row.subject, detail=detail, now=row.at)
    return row


def write_offs_of(gateway: str, day: date) -> list[WriteOff]:
    """Those of a day's page that stand, the first first. One query."""
    rows = WriteOff.objects.filter(gateway=gateway, day=day, reverses=None, reversed_by=None)
    return list(rows.select_related("actor", "approver").order_by("pk"))
