"""A sale undone as if it had not been.

By who made it, in the same shift, within the hour. Later it is a cancellation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.cash_limits import over_day_limit
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.alarms import Alarm, settle_alarm, watch_cancellations
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.bookings import booking_called
from bookings.domain.sales.cancellations import close_booking
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import queue_message
from bookings.domain.sales.order_lines import Cause, take_back_sale
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.wait_list import offer_freed_seats
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.domain.timetable.leavings import has_passed
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    BookingEvent,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Shift,
    StaffTask,
    Ticket,
    User,
)

VOID_WITHIN: Final = timedelta(minutes=60)
_AT_THE_DOOR: Final = (Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)  # then or ever, taken back or not


@dataclass(frozen=True)
class VoidQuote:
    """What voiding a whole sale gives back, and by which tenders.

    Or why it cannot be voided and what to do instead.
    """

    order: Order
    payments: tuple[Payment, ...]
    obstacle: str = ""
    shift: Shift | None = None  # that it would be undone in

    @property
    def amount(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), ZERO)

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must sign it."""
        return bool(self.needs_why)

    @property
    def needs_why(self) -> str:
        """Why a second person must sign it, or nothing."""
        if self.amount > company_settings.void_approval_over:
            limit = {"limit": format_zar(company_settings.void_approval_over)}
            return _("A void over %(limit)s needs the approval of a second person.") % limit
        cash = [payment for payment in self.payments if payment.method == Account.CASH]
        amount = sum((payment.amount for payment in cash), ZERO)
        return over_day_limit(amount, self.shift) if amount and self.shift else ""


def void_quote(reference: str, shift: Shift | None, *, now: datetime) -> VoidQuote:
    return _quote(booking_called(reference).order, shift, now)


def _quote(order: Order, shift: Shift | None, now: datetime) -> VoidQuote:
    payments = tuple(order.payments.order_by("pk"))
    return VoidQuote(order, payments, _obstacle(order, payments, shift, now), shift)


def _obstacle(order: Order, payments: tuple[Payment, ...], shift: Shift | None, now: datetime) -> str:
    bookings = list(Booking.objects.filter(order=order).select_related("schedule", "from_stop"))
    if order.status != SaleStatus.CONFIRMED or not payments:
        return _("Only a sale that is paid and still valid can be voided.")
    if shift is None or any(payment.shift_id != shift.pk for payment in payments):
        return _(
            "Only the clerk who took the money can void a sale, in the same open shift. Cancel and refund "
            "it instead."
        )
    if any(payment.paid_at <= now - VOID_WITHIN for payment in payments):
        return _(
            "A sale can be voided for %(minutes)d minutes. Cancel and refund it instead, "
            "or ask a supervisor to waive the fee."
        ) % {"minutes": VOID_WITHIN.total_seconds() // 60}
    if any(_has_gone(booking, order, now) for booking in bookings):
        return _("The departure time has passed: this sale can no longer be voided. Ask a supervisor.")
    if (
        Ticket.objects.filter(booking__order=order).exclude(status=Ticket.Status.VALID).exists()
        or BookingEvent.objects.filter(booking__order=order, to_status__in=_AT_THE_DOOR).exists()
        or order.refunds.exists()
    ):
        return _(
            "This sale was changed, cancelled in part, or somebody has boarded. "
            "Cancel and refund the rest instead."
        )
    return ""


def _has_gone(booking: Booking, order: Order, now: datetime) -> bool:
    """By the expected time; if it was late when it was sold, once it is known to have left."""
    boards_at = expected_boards_at(booking)
    was_late = boards_at <= order.placed_at
    return boards_at <= now and not (was_late and not has_passed(booking.schedule, booking.from_stop))


class VoidedAfterBoarding(Conflict):
    """Somebody had boarded on this sale, now or ever."""

    def __init__(self, message: str, alarm: Alarm) -> None:
        super().__init__(message)
        self.alarm = alarm


def _refused(quote: VoidQuote, shift: Shift) -> Conflict:
    order = quote.order
    if not BookingEvent.objects.filter(booking__order=order, to_status__in=_AT_THE_DOOR).exists():
        return Conflict(quote.obstacle)
    about, detail = f"order:{order.pk}", f"{format_zar(quote.amount)}: {quote.obstacle}"
    alarm = Alarm(StaffTask.Kind.VOID_AFTER_BOARDING, shift.clerk, about, detail, order)
    return VoidedAfterBoarding(quote.obstacle, alarm)


@dataclass(frozen=True)
class VoidRequest:
    """Which sale to void, by the reference of one of its bookings, why, and who approved it."""

    reference: str
    reason: str
    approver: User | None = None

    @property
    def approval(self) -> Approval | None:
        return Approval(self.approver, self.reason) if self.approver else None


def void_sale(
    request: VoidRequest, *, shift: Shift, submission: str, content: str, now: datetime | None = None
) -> Order:
    """Undo the whole sale of a booking, once per `submission`.

    Full money back by the tenders it came by. Raises Refusal without a reason, Conflict with the way to go,
    NeedsApproval over VOID_APPROVAL_OVER.
    """
    result = run_once(
        "void",
        submission,
        content,
        action=lambda: _void(request, shift, submission, now),
        now=now or database_now(),
    )
    return Order.objects.get(pk=int(result))


def _void(request: VoidRequest, shift: Shift, submission: str, now: datetime | None) -> str:
    if not request.reason.strip():
        raise Refusal(_("Enter why the sale is voided."))
    locked = lock_order(booking_called(request.reference).order_id)
    order, now = locked.order, now or locked.now
    drop_expired(list(locked.schedules), now=now)
    quote = _quote(order, shift, now)
    if quote.obstacle:
        raise _refused(quote, shift)
    if request.approval:
        request.approval.check(shift.clerk, now=now)
        settle_alarm(order, shift.clerk, by=request.approval.approver, now=now)
    elif why := quote.needs_why:
        detail = f"{format_zar(quote.amount)}: {why}"
        raise NeedsApproval(
            why, Alarm(StaffTask.Kind.LIMIT_REFUSED, shift.clerk, f"order:{order.pk}", detail, order)
        )
    for booking in (
        Booking.objects.select_for_update(no_key=True)
        .filter(order=order, status=SaleStatus.CONFIRMED)
        .order_by("pk")
    ):
        cause = f"void:{booking.pk}"
        take_back_sale(booking, Cause(name=cause, against=Account.REFUNDS_OWED, at=now, actor=shift.clerk))
        close_booking(
            booking,
            list(booking.tickets.all()),
            at=now,
            actor=shift.clerk,
            approver=request.approver,
            reason=f"void: {request.reason}"[:200],
        )
        queue_message(OutboxMessage.Kind.CANCELLATION, order, booking, now=now)
    for payment in quote.payments:
        cause = f"void:{payment.pk}"
        refund = Refund.objects.create(
            order=order, payment=payment, cause=cause, amount=payment.amount, created_at=now
        )
        if payment.method == VOUCHER:
            queue.enqueue_after_commit("pay_refund", refund.pk)
            continue
        pay_out_refund(
            refund.pk,
            Tender(payment.method, reference=payment.reference, approval=request.approval),
            shift=shift,
            submission=f"{submission[:60]}:{payment.pk}",
            content=cause,
            now=now,
        )
    watch_cancellations(shift.clerk, order, now=now)
    refresh(locked.schedules)
    offer_freed_seats(locked.schedules, now=now)
    return str(order.pk)
