"""Bank details of customers whose money can only go back to an account: asked for by mail, given on our page
or to a member of staff, encrypted as long as they are needed, and deleted when the refund is paid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.banks import BANKS, Bank, BankAccount
from bookings.base.codes import sha256
from bookings.base.encryption import UnreadableValue, decrypt, encrypt, encrypt_again
from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.messages import queue_message, write_message
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.staff_tasks import open_task
from bookings.domain.timetable.trips import local_text
from bookings.models import (
    BankDetails,
    BookingEvent,
    BookingStep,
    Order,
    OutboxMessage,
    Refund,
    RefundAttempt,
    StaffTask,
    User,
)

_REMIND_AFTER: Final = (timedelta(days=2), timedelta(days=5))
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class EnteredByStaff:
    """Who typed bank details in for a customer, how they knew whose they are, and who signed it."""

    clerk: User
    reason: str
    approval: Approval | None = None

    def check(self, amount: Decimal, *, now: datetime) -> None:
        """Raises Refusal without a reason, and NeedsApproval over CASH_REFUND_APPROVAL_OVER."""
        if not self.reason.strip():
            raise Refusal(_("Enter how you know that this is the customer's account."))
        if self.approval:
            self.approval.check(self.clerk, now=now)
        elif amount > company_settings.cash_refund_approval_over:
            limit = format_zar(company_settings.cash_refund_approval_over)
            raise NeedsApproval(
                _("Bank details for more than %(limit)s need the approval of a second person.")
                % {"limit": limit}
            )


def ask_for_bank_details(refund: Refund, banks: Sequence[Bank] = (), *, now: datetime) -> None:
    """Mail the customer a link to the page that takes them, once. `banks` are those that the gateway pays to.

    Within the caller's transaction.
    """
    details = BankDetails(
        refund=refund,
        banks=[[bank.name, bank.label] for bank in banks],
        asked_at=now,
        next_reminder=_next_reminder(now, now),
    )
    if not BankDetails.objects.filter(refund=refund).exists():
        BankDetails.objects.bulk_create([details], ignore_conflicts=True)
        write_message(OutboxMessage.Kind.BANK_DETAILS, refund.order, refund, now=now)


def waiting_for_details(order_id: int) -> QuerySet[BankDetails]:
    """The requests of an order that may still be answered, or answered otherwise: no money is on its way."""
    rows = BankDetails.objects.select_related("refund").filter(
        refund__order=order_id, refund__status=Refund.Status.OWED
    )
    return rows.exclude(refund__attempts__status__in=RefundAttempt.OPEN).order_by("refund_id")


@dataclass(frozen=True)
class DetailsRequest:
    """What an order's page of bank details asks for; an amount of 0: nothing (any more)."""

    amount: Decimal
    banks: tuple[Bank, ...]
    is_given: bool  # an account is there, and may still be replaced
    given_at: datetime | None
    usable_at: datetime | None  # until then it waits, as the contact was changed shortly before


def details_request(order_id: int) -> DetailsRequest:
    rows = list(waiting_for_details(order_id))
    given = [row.given_at for row in rows if row.given_at]
    return DetailsRequest(
        amount=amount_waiting(rows),
        banks=_banks_of(rows),
        is_given=bool(rows) and len(given) == len(rows),
        given_at=max(given, default=None),
        usable_at=max((row.usable_at for row in rows if row.usable_at), default=None),
    )


def waits_for_details(refund: Refund, *, now: datetime) -> bool:
    """Whether none were given yet, or those that were may not be used yet."""
    return BankDetails.objects.filter(_not_usable(now), refund=refund).exists()


def _not_usable(now: datetime) -> Q:
    return Q(given_at=None) | Q(usable_at__gt=now)


def _banks_of(details: Iterable[BankDetails]) -> tuple[Bank, ...]:
    """The banks to choose from: those of the gateway, else all that we know."""
    named: list[list[str]] = next((row.banks for row in details if row.banks), [])
    return tuple(Bank(name, label) for name, label in named) or BANKS


def amount_waiting(details: Iterable[BankDetails]) -> Decimal:
    return sum((row.refund.amount for row in details), ZERO)


def give_bank_details(
    order_id: int,
    account: BankAccount,
    *,
    by: EnteredByStaff | None = None,
    now: datetime | None = None,
) -> Decimal:
    """Keep the account that the refunds of the order are paid to, and let them go on; returns their sum in
    rand. The same account again changes nothing; another one takes its place while no money is on its way.
    Within BANK_DETAILS_COOLING_HOURS after a change of the contact they wait for the rest of that time, and
    the address of before is told too, unless a second person has signed them.

    `by`: who typed it in for the customer. Raises Conflict when no refund waits for it, and what
    `EnteredByStaff.check` raises.
    """
    with short_transaction():
        order = lock_order(order_id).order
        now = now or database_now()
        waiting = list(waiting_for_details(order_id))
        amount = amount_waiting(waiting)
        if not waiting:
            raise Conflict(_("No refund of this booking waits for bank details any more."))
        if by:
            by.check(amount, now=now)
        if all(_account_in(row) == account for row in waiting):
            return amount
        cools_until = None if by and by.approval else _cools_until(order, now)
        for row in waiting:
            row.sealed, row.given_at, row.next_reminder = _sealed(account), now, None
            row.given_by, row.usable_at = by.clerk if by else None, cools_until
            row.save(update_fields=["sealed", "given_at", "given_by", "next_reminder", "usable_at"])
            _close_task(row.refund_id, now, by=row.given_by)
            if cools_until is None:
                queue.enqueue_after_commit("pay_refund", row.refund_id)
        _record(waiting[0].refund, amount, by, now)
        version, kind = f"{now:%Y%m%d%H%M%S%f}", OutboxMessage.Kind.BANK_DETAILS_GIVEN
        write_message(kind, order, waiting[0].refund, version=version, now=now)
        for address in _addresses_of_before(order, now):
            before = f"{version} {sha256(address)[:8]}"
            write_message(kind, order, waiting[0].refund, version=before, recipient=address, now=now)
    return amount


def _cools_until(order: Order, now: datetime) -> datetime | None:
    """Whoever took the contact over must not have the money before its owner could object."""
    if order.contact_changed_at is None:
        return None
    until = order.contact_changed_at + timedelta(hours=company_settings.bank_details_cooling_hours)
    return until if until > now else None


def _addresses_of_before(order: Order, now: datetime) -> list[str]:
    """Those that the contact was lately changed from: they were told of it then."""
    since = now - timedelta(hours=company_settings.bank_details_cooling_hours)
    messages = OutboxMessage.objects.filter(
        order=order, kind=OutboxMessage.Kind.CONTACT_CHANGED, created_at__gt=since
    )
    addresses = set(messages.exclude(recipient="").values_list("recipient", flat=True))
    return sorted(addresses - {order.email})


def _record(refund: Refund, amount: Decimal, by: EnteredByStaff | None, now: datetime) -> None:
    """Who gave an account for how much; never which."""
    facts = {"amount": format_zar(amount), "why": by.reason if by else ""}
    if by:
        what = _("bank details entered for the customer, %(amount)s: %(why)s") % facts
    else:
        what = _("bank details entered by the customer, %(amount)s") % facts
    _note(refund, what, now, actor=by.clerk if by else None, approval=by.approval if by else None)


def _note(
    refund: Refund, what: str, now: datetime, *, actor: User | None, approval: Approval | None = None
) -> None:
    booking = refund.booking or refund.order.bookings.order_by("pk").first()
    if booking is None:
        return
    step = BookingStep(
        booking,
        booking.status,
        booking.status,
        at=now,
        actor=actor,
        approver=approval.approver if approval else None,
        reason=what,
    )
    BookingEvent.objects.record(step)


def account_of(refund: Refund, *, now: datetime) -> BankAccount | None:
    """The account to pay this refund to, None if none was given. One that no key of ours opens any more is
    asked for again.
    """
    details = BankDetails.objects.filter(refund=refund).exclude(given_at=None).first()
    if details is None:
        return None
    try:
        return _account_in(details)
    except UnreadableValue:
        with short_transaction():
            BankDetails.objects.filter(pk=details.pk).update(
                sealed="", given_at=None, given_by=None, next_reminder=_next_reminder(details.asked_at, now)
            )
            version = f"again {now:%Y%m%d%H%M}"
            write_message(OutboxMessage.Kind.BANK_DETAILS, refund.order, refund, version=version, now=now)
        return None


def show_account(refund: Refund, *, to: User, now: datetime) -> BankAccount | None:
    """The account for a member of staff who makes the transfer by hand; the booking's history says that they
    saw it. Raises Conflict while it must wait.
    """
    waits = BankDetails.objects.filter(refund=refund, usable_at__gt=now).first()
    if waits and waits.usable_at:
        raise Conflict(
            _(
                "The contact of this booking was changed shortly before this account was entered: it "
                "can be used from %(moment)s, or once a second person has signed it."
            )
            % {"moment": local_text(waits.usable_at)}
        )
    account = account_of(refund, now=now)
    if account:
        _note(refund, _("bank details looked at"), now, actor=to)
    return account


def forget_bank_details(refund: Refund, now: datetime) -> None:
    """Within the transaction that notes the refund as paid."""
    BankDetails.objects.filter(refund=refund).delete()
    _close_task(refund.pk, now)


def remind_of_bank_details(*, now: datetime | None = None) -> int:
    """Ask again who has not answered, and after BANK_DETAILS_DAYS let a person call them. Returns how many
    were due.
    """
    now = now or database_now()
    due = BankDetails.objects.filter(given_at=None, next_reminder__lte=now)
    rows = list(due.select_related("refund__order").order_by("next_reminder")[:_AT_ONCE])
    for row in rows:
        with short_transaction():
            if not due.filter(pk=row.pk).update(next_reminder=_next_reminder(row.asked_at, now)):
                continue  # they were given meanwhile
            days, order = (now - row.asked_at).days, row.refund.order
            if now - row.asked_at < _longest_wait():
                version = f"reminder {days}"
                queue_message(OutboxMessage.Kind.BANK_DETAILS, order, row.refund, version=version, now=now)
            else:
                open_task(
                    StaffTask.Kind.BANK_DETAILS_MISSING,
                    order,
                    subject=_subject(row.refund_id),
                    detail=_("%(amount)s waits for bank details for %(days)d days: call the customer")
                    % {"amount": format_zar(row.refund.amount), "days": days},
                    now=now,
                )
    return len(rows)


@dataclass(frozen=True)
class RotationReport:
    rotated: int
    unreadable: int


def rotate_field_keys() -> RotationReport:
    """Encrypt all bank details by the first of FIELD_KEYS; what none of them opens stays as it is."""
    rotated = unreadable = 0
    for pk, sealed in list(BankDetails.objects.exclude(sealed="").values_list("pk", "sealed")):
        try:
            renewed = encrypt_again(sealed)
        except UnreadableValue:
            unreadable += 1
            continue
        rotated += BankDetails.objects.filter(pk=pk, sealed=sealed).update(sealed=renewed)
    return RotationReport(rotated, unreadable)


def _next_reminder(asked_at: datetime, now: datetime) -> datetime | None:
    moments = (asked_at + after for after in (*_REMIND_AFTER, _longest_wait()))
    return next((moment for moment in moments if moment > now), None)


def _longest_wait() -> timedelta:
    return timedelta(days=company_settings.bank_details_days)


def _sealed(account: BankAccount) -> str:
    return encrypt(json.dumps(asdict(account)))


def _account_in(details: BankDetails) -> BankAccount | None:
    return BankAccount(**json.loads(decrypt(details.sealed))) if details.sealed else None


def _subject(refund_id: int) -> str:
    return f"refund:{refund_id}"


def _close_task(refund_id: int, now: datetime, *, by: User | None = None) -> None:
    tasks = StaffTask.objects.filter(
        kind=StaffTask.Kind.BANK_DETAILS_MISSING, subject=_subject(refund_id), done_at=None
    )
    tasks.update(done_at=now, done_by=by)
