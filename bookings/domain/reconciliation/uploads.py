"""The files of the card terminal and the bank, as they are uploaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from bookings.database.transactions import database_now
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.differences import close_file_tasks, open_difference_tasks
from bookings.domain.reconciliation.files import StatementFile
from bookings.domain.reconciliation.same_lines import told_anew
from bookings.domain.reconciliation.slips import match_slips
from bookings.domain.reconciliation.statements import keep_lines, note_day_read
from bookings.domain.reconciliation.transfers import book_transfers
from bookings.domain.sales.alarms import Alarm
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.models import Account, StaffTask, User


@dataclass(frozen=True)
class UploadResult:
    new: int
    known: int
    left_out: int
    matched: int
    days: Sequence[date]


def keep_file(
    tender: str, file: StatementFile, approval: Approval | None, *, by: User, now: datetime | None = None
) -> UploadResult:
    """Keep the movements of a file that was read without a mistake, and match them to the clerks' slips; a
    transfer with a booking's reference pays for it. The same again, in another format too, changes nothing.

    What a file says confirms money that nobody has counted: one person alone could invent it. Raises
    NeedsApproval without a second one, and what `Approval.check` raises.
    """
    now = now or database_now()
    if approval is None:
        message = _("A second person signs each upload: its lines confirm payments.")
        detail = _("an upload that nobody else has signed")
        raise NeedsApproval(message, Alarm(StaffTask.Kind.LIMIT_REFUSED, by, f"upload:{tender}", detail))
    approval.check(by, now=now)
    entries = told_anew(tender, file.entries)
    new = keep_lines(tender, entries, by=by, approver=approval.approver, now=now)
    days = sorted({business_day(entry.at) for entry in file.entries})
    for day in days:
        note_day_read(tender, day, now=now)
    close_file_tasks(tender, now=now)
    matched = match_slips(tender, now=now)
    if tender == Account.EFT:
        matched += book_transfers(now=now)
    open_difference_tasks(now=now)
    return UploadResult(new, len(file.entries) - new, file.left_out, matched, days)
