"""What a person must look at: the list, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Cast, Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now
from bookings.domain.sales.idempotency import run_once
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.models import Booking, PartnerPayment, Payment, Refund, Shift, StaffTask, StatementMatch, User

PAGE: Final = 20
ROWS: Final = 4
COUNTED: Final = 100
_SHIFT: Final = "shift:"
_OLD: Final = timedelta(hours=24)


@dataclass(frozen=True)
class TaskRow:
    id: int
    title: str
    detail: str
    reference: str  # of a booking of its order, ""
    since: str
    is_old: bool
    done: str  # when and by whom, "" while it is open
    note: str


@dataclass(frozen=True)
class TaskPage:
    rows: tuple[TaskRow, ...]
    page: int
    has_next: bool
    is_done: bool


@dataclass(frozen=True)
class OpenTasks:
    rows: tuple[TaskRow, ...]
    total: int


def open_tasks(user: User, *, now: datetime) -> OpenTasks:
    """The oldest open tasks: at most two queries."""
    rows = _seen_by(user).filter(done_at=None).order_by("created_at", "pk")
    tasks = tuple(_read(rows, slice(ROWS), now))
    return OpenTasks(tasks, rows.order_by()[:COUNTED].count() if len(tasks) == ROWS else len(tasks))


def task_page(user: User, *, now: datetime, page: int = 1, is_done: bool = False) -> TaskPage:
    """A page of open tasks, the oldest first, or of those that are done, the latest first: one query."""
    rows = _seen_by(user).filter(done_at__isnull=not is_done)
    rows = rows.order_by("-done_at", "-pk") if is_done else rows.order_by("created_at", "pk")
    first = (max(page, 1) - 1) * PAGE
    tasks = _read(rows, slice(first, first + PAGE + 1), now)
    return TaskPage(tuple(tasks[:PAGE]), max(page, 1), len(tasks) > PAGE, is_done)


def finish_task(
    task_id: int, *, user: User, note: str, submission: str, content: str, now: datetime | None = None
) -> None:
    """Note what was done about a task.

    Raises NotFound, Refusal without a note, Conflict when somebody else was first.
    """
    run_once(
        "task",
        submission,
        content,
        action=lambda: _finish(task_id, user, note.strip(), now),
        now=now or database_now(),
    )


def _finish(task_id: int, user: User, note: str, now: datetime | None) -> str:
    task = _seen_by(user).filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("There is no such task."))
    if not note:
        raise Refusal(_("Enter what was done about it."))
    if (
        task.kind == StaffTask.Kind.CASH_DIFFERENCE
        and Shift.objects.filter(pk=_shift_of(task), clerk=user).exists()
    ):
        raise Refusal(_("Somebody else has to check the difference in your own till."))
    if task.subject.startswith(f"clerk:{user.pk}:"):
        raise Refusal(_("Somebody else has to look at what you did."))
    if task.kind == StaffTask.Kind.STATEMENT_DIFFERENCE and _is_of_till_of(user, task):
        raise Refusal(_("Somebody else has to look at the slips of your own till."))
    still_open = StaffTask.objects.filter(pk=task_id, done_at=None)
    if not still_open.update(done_at=now or database_now(), done_by=user, done_note=note[:300]):
        raise Conflict(_("Somebody else has done this already."))
    return str(task_id)


def _is_of_till_of(user: User, task: StaffTask) -> bool:
    """Whether the user took or gave back what a statement does not have, or has otherwise."""
    about, _colon, number = task.subject.partition(":")
    if not number.isdecimal():
        return False
    if about == "statement":
        matches = StatementMatch.objects.filter(line=int(number))
        of_user = Q(payment__shift__clerk=user) | Q(refund__shift__clerk=user)
        return matches.filter(of_user | Q(partner_payment__actor=user)).exists()
    slips: Mapping[str, QuerySet[Payment] | QuerySet[Refund] | QuerySet[PartnerPayment]] = {
        "payment": Payment.objects.filter(shift__clerk=user),
        "refund": Refund.objects.filter(shift__clerk=user),
        "partner-payment": PartnerPayment.objects.filter(actor=user),
    }
    return about in slips and slips[about].filter(pk=int(number)).exists()


def _shift_of(task: StaffTask) -> int:
    number = task.subject.removeprefix(_SHIFT)
    return int(number) if number.isdecimal() else 0


def _seen_by(user: User) -> QuerySet[StaffTask]:
    """Tasks of the whole company for managers and auditors.

    Else those of one's branch, and those of no branch (sold on the web).
    """
    if user.role in SEES_ALL_BRANCHES:
        return StaffTask.objects.all()
    cash = StaffTask.Kind.CASH_DIFFERENCE
    number = Case(When(kind=cash, then=Cast(Substr("subject", len(_SHIFT) + 1), BigIntegerField())))
    of_my_till = Exists(Shift.objects.filter(pk=OuterRef("shift_number"), branch=user.branch_id))
    # Managers keep the webhooks, the accounts and the books
    of_managers = (
        StaffTask.Kind.WEBHOOK_FAILED,
        StaffTask.Kind.SECOND_FACTOR_RESET,
        StaffTask.Kind.STATEMENT_DIFFERENCE,
        StaffTask.Kind.CHARGEBACK,
        StaffTask.Kind.LOAD_HIGH,
        StaffTask.Kind.LOAD_LOW,
    )
    rows = StaffTask.objects.exclude(kind__in=of_managers).annotate(shift_number=number)
    return rows.filter(Q(order__shift=None) | Q(order__shift__branch=user.branch_id)).filter(
        ~Q(kind=cash) | of_my_till
    )


def _read(rows: QuerySet[StaffTask], shown: slice, now: datetime) -> list[TaskRow]:
    reference = Booking.objects.filter(order=OuterRef("order")).order_by("pk").values("booking_reference")[:1]
    tasks = rows.select_related("done_by").annotate(reference=Subquery(reference))[shown]
    return [_row(task, task.reference or "", now) for task in tasks]


def _row(task: StaffTask, reference: str, now: datetime) -> TaskRow:
    done = ""
    if task.done_at:
        by = task.done_by.display_name if task.done_by else _("the system")
        done = _("%(time)s by %(name)s") % {"time": _moment(task.done_at), "name": by}
    return TaskRow(
        id=task.pk,
        title=task.get_kind_display(),
        detail=task.detail,
        reference=reference,
        since=_moment(task.created_at),
        is_old=not task.done_at and now - task.created_at > _OLD,
        done=done,
        note=task.done_note,
    )


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%a %-d %b, %H:%M}"
