"""One booking as staff see it: the whole order, its money, its history, its mails and its notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.domain.counter.shifts import TENDERS
from bookings.domain.counter.void import VoidQuote, void_quote
from bookings.domain.messaging.outbox import NO_ADDRESS, NOT_DUE
from bookings.domain.sales.booking_page import BookingPage, BookingPart, booking_page
from bookings.domain.sales.ledger import EARNED
from bookings.domain.sales.refund_state import (
    RefundState,
    details_of,
    returns_by_itself,
    state_of,
    with_state,
)
from bookings.domain.tickets.receipt_text import method_text
from bookings.domain.timetable.trips import local_text
from bookings.models import (
    Account,
    BookingEvent,
    LedgerEntry,
    Note,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    Refund,
    Shift,
    StaffTask,
    User,
)


@dataclass(frozen=True)
class MoneyLine:
    text: str
    amount: str
    at: str = ""
    by: str = ""


@dataclass(frozen=True)
class Money:
    """The ledger's word on an order."""

    fares: str
    fees: str
    paid: str
    back: str  # went back to the customer
    owed: Decimal  # by the customer
    owed_text: str
    owed_back_text: str  # to the customer; empty if nothing
    payments: tuple[MoneyLine, ...]

    @property
    def is_owed(self) -> bool:
        return self.owed > ZERO


@dataclass(frozen=True)
class OrderLineView:
    """Something that was sold, or taken back if its amount is negative."""

    at: str
    text: str
    passenger: str
    reference: str
    tax: str
    amount: str


@dataclass(frozen=True)
class RefundLine:
    id: int
    amount: str
    at: str
    is_paid: bool
    text: str
    can_pay_out: bool
    tender: str  # the one it was paid by, if it was one
    takes_details: bool = False  # it is paid to a bank account that the customer tells


@dataclass(frozen=True)
class HistoryLine:
    at: str
    who: str
    what: str
    why: str
    approver: str
    reference: str


@dataclass(frozen=True)
class MailLine:
    kind: str
    at: str
    state: str  # sent, waiting, failed
    status_text: str


@dataclass(frozen=True)
class NoteLine:
    at: str
    author: str
    text: str


@dataclass(frozen=True)
class BookingRecord:
    page: BookingPage
    part: BookingPart  # the one that was asked for
    channel: str
    seller: str
    branch: str
    placed: str
    money: Money
    lines: tuple[OrderLineView, ...]
    refunds: tuple[RefundLine, ...]
    history: tuple[HistoryLine, ...]
    mails: tuple[MailLine, ...]
    notes: tuple[NoteLine, ...]
    tasks: tuple[str, ...]
    void: VoidQuote
    shift: Shift | None

    @property
    def is_changeable(self) -> bool:
        return self.part.is_confirmed and self.part.quote is not None and bool(self.part.quote.lines)


def booking_record(reference: str, *, user: User, now: datetime) -> BookingRecord:
    """All of it in a constant number of queries. Raises NotFound."""
    page = booking_page(reference, now=now)
    order = Order.objects.select_related("seller", "shift__branch", "partner").get(pk=page.order_id)
    shift = Shift.objects.open_of(user)
    refunds = list(with_state(Refund.objects.filter(order=order)).order_by("pk"))
    return BookingRecord(
        page=page,
        part=next(part for part in page.parts if part.reference == page.reference),
        channel=str(order.get_channel_display()),
        seller=order.partner.name if order.partner else name_of(order.seller),
        branch=order.shift.branch.name if order.shift else "",
        placed=local_text(order.placed_at),
        money=_money(order, refunds),
        lines=_lines(order),
        refunds=tuple(_refund(row) for row in refunds),
        history=_history(order),
        mails=_mails(order),
        notes=tuple(
            NoteLine(local_text(note.at), name_of(note.author), note.text)
            for note in Note.objects.filter(order=order).select_related("author")[:100]
        ),
        tasks=tuple(
            f"{task.get_kind_display()}: {task.detail}"
            for task in StaffTask.objects.filter(order=order, done_at=None)
        ),
        void=void_quote(reference, shift, now=now),
        shift=shift,
    )


def name_of(user: User | None) -> str:
    return user.display_name if user else ""


def _lines(order: Order) -> tuple[OrderLineView, ...]:
    rows = OrderLine.objects.filter(order=order).select_related("ticket", "booking").order_by("pk")
    return tuple(
        OrderLineView(
            at=local_text(line.at),
            text=str(line.get_kind_display()) + (f" × {line.quantity}" if line.quantity > 1 else ""),
            passenger=line.ticket.full_name if line.ticket else "",
            reference=line.booking.booking_reference if line.booking else "",
            tax=str(line.get_tax_code_display()),
            amount=format_zar(line.amount),
        )
        for line in rows
    )


def _money(order: Order, refunds: Iterable[Refund]) -> Money:
    sums = dict(
        LedgerEntry.objects.filter(order=order).order_by().values_list("account").annotate(Sum("amount"))
    )
    payments = list(Payment.objects.filter(order=order).select_related("shift__clerk").order_by("pk"))
    paid = sum((payment.amount for payment in payments), ZERO)
    owed_back = -sums.get(Account.REFUNDS_OWED, ZERO)
    back = sum((refund.amount for refund in refunds if refund.status == Refund.Status.PAID), ZERO)
    owed = sums.get(Account.RECEIVABLE, ZERO)
    return Money(
        fares=format_zar(-sum((sums.get(account, ZERO) for account in EARNED), ZERO)),
        fees=format_zar(-sums.get(Account.FEE, ZERO)),
        paid=format_zar(paid),
        back=format_zar(back),
        owed=owed,
        owed_text=format_zar(owed),
        owed_back_text=format_zar(owed_back) if owed_back else "",
        payments=tuple(
            MoneyLine(
                f"{method_text(payment.method)} {payment.reference}".strip(),
                format_zar(payment.amount),
                local_text(payment.paid_at),
                name_of(payment.shift.clerk) if payment.shift else "",
            )
            for payment in payments
        ),
    )


def _refund(refund: Any) -> RefundLine:
    """Of a refund read by `with_state`."""
    state, details = state_of(refund), details_of(refund)
    is_manual = refund.status == Refund.Status.OWED and not returns_by_itself(refund)
    if state == RefundState.PAID:
        text = _("refunded: %(method)s") % {"method": method_text(refund.method)}
    elif state == RefundState.WAITING_FOR_DETAILS:
        text = _("waits for bank details")
    elif state == RefundState.ON_ITS_WAY:
        text = _("bank details are there") if details else _("on its way, the way it was paid")
    else:
        text = _waiting_text(refund)
    return RefundLine(
        refund.pk,
        format_zar(refund.amount),
        local_text(refund.paid_at or refund.created_at),
        state == RefundState.PAID,
        text,
        is_manual,
        refund.payment.method if refund.payment and refund.payment.method in TENDERS else "",
        takes_details=details is not None and refund.status == Refund.Status.OWED,
    )


def _waiting_text(refund: Refund) -> str:
    way = method_text(refund.payment.method) if refund.payment else ""
    return (
        _("waits to be paid out at a counter: %(way)s") % {"way": way}
        if way
        else _("waits to be paid out at a counter")
    )


def _history(order: Order) -> tuple[HistoryLine, ...]:
    rows = (
        BookingEvent.objects.filter(booking__order=order)
        .select_related("booking", "ticket", "actor", "approver")
        .order_by("-pk")[:200]
    )
    return tuple(
        HistoryLine(
            at=local_text(event.at),
            who=name_of(event.actor) or _("automatically"),
            what=event_text(event),
            why=event.reason,
            approver=name_of(event.approver),
            reference=event.booking.booking_reference,
        )
        for event in rows
    )


def event_text(event: BookingEvent) -> str:
    """What happened to a booking or a ticket, in words."""
    subject = event.ticket.full_name if event.ticket else _("booking")
    if event.from_status == event.to_status:
        return _("%(subject)s changed") % {"subject": subject}
    changes = {
        "pending": _("placed"),
        "confirmed": _("confirmed"),
        "cancelled": _("cancelled"),
        "expired": _("expired"),
    } | {
        "valid": _("ticket issued"),
        "boarded": _("boarded"),
        "no_show": _("no-show"),
        "replaced": _("ticket replaced"),
    }
    return f"{subject}: {changes.get(event.to_status, event.to_status)}"


def _mails(order: Order) -> tuple[MailLine, ...]:
    rows = (
        OutboxMessage.objects.filter(order=order).exclude(kind__in=OutboxMessage.NO_MAIL).order_by("-pk")[:50]
    )
    return tuple(_mail(row, order) for row in rows)


def _mail(row: OutboxMessage, order: Order) -> MailLine:
    kind, at = str(row.get_kind_display()), local_text(row.created_at)
    if row.sent_at:
        # What happened then counts, whatever address there is by now; older rows do not say.
        if row.last_error == NO_ADDRESS or not (row.last_error or order.email):
            return MailLine(kind, at, "nobody", _("not sent: no e-mail address"))
        if row.last_error == NOT_DUE:
            return MailLine(kind, at, "nobody", _("not sent: no longer needed"))
        return MailLine(kind, at, "sent", _("sent %(moment)s") % {"moment": local_text(row.sent_at)})
    if row.failed_at:
        return MailLine(
            kind,
            at,
            "failed",
            _("failed after %(tries)d tries: %(error)s") % {"tries": row.attempts, "error": row.last_error},
        )
    return MailLine(
        kind,
        at,
        "waiting",
        _("waiting, %(tries)d tries") % {"tries": row.attempts} if row.attempts else _("waiting"),
    )
