"""The counters of the demo company.

Who sells there, and the shifts through which its counter sales were paid.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Min, Q

from bookings.base.money import ZERO
from bookings.database.transactions import short_transaction
from bookings.demo.staff import CAN_LOG_IN, OUR_CLERKS
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.coins import in_coins
from bookings.domain.counter.shifts import (
    BlindCount,
    CashMovement,
    close_shift,
    expected,
    move_cash,
    open_shift,
)
from bookings.domain.sales.gateway_refunds import OWED_TOO_LONG, watch_owed_refunds
from bookings.domain.sales.ledger import placed_total
from bookings.models import (
    Account,
    Channel,
    LedgerEntry,
    Order,
    Payment,
    Posting,
    Refund,
    SaleStatus,
    Shift,
    User,
)

_DAYS: Final = 14  # how far back counters have sold
_OPENS, _CLOSES = time(6), time(20)
_EARLY: Final = timedelta(minutes=15)  # a shift begins before and ends after the counter's hours
_FLOAT: Final = Decimal(500)
_TENDERS: Final = (*[Account.CASH] * 5, *[Account.CARD] * 4, Account.EFT)
_OFF: Final = (*[0] * 16, 10, -10, -20, 5, -120)  # what a drawer differs by at the close
_REASONS: Final = ("Change given twice for one note", "A R100 note and a R20 note are missing")


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, _zone())


class Counters:
    """Who could sell at a counter at a time. The clerk of the demo opens today's shift by hand."""

    def __init__(self, now: datetime) -> None:
        clerks = User.objects.filter(username__in=OUR_CLERKS, branch__isnull=False).order_by("pk")
        shifts = Shift.objects.filter(clerk__in=clerks)
        closed = dict(shifts.values_list("clerk").annotate(Max("closed_at")))
        at_work = dict(shifts.filter(closed_at=None).values_list("clerk", "opened_at"))
        self._now = now
        self._free_from: dict[User, datetime] = {}
        for clerk in clerks:
            free_from = at_work.get(clerk.pk) or closed.get(clerk.pk) or now - timedelta(days=_DAYS)
            if clerk.username not in CAN_LOG_IN or clerk.pk not in at_work:
                self._free_from[clerk] = free_from

    def seller(self, paid_at: datetime, rng: Random) -> User | None:
        """A clerk who could take money then.

        None if the counters were closed, or their shifts are counted already.
        """
        local, today = paid_at.astimezone(_zone()), self._now.astimezone(_zone()).date()
        if not _OPENS <= local.time() < _CLOSES or paid_at > self._now:
            return None
        free = [
            clerk
            for clerk, free_from in self._free_from.items()
            if paid_at > free_from and (local.date() < today or clerk.username not in CAN_LOG_IN)
        ]
        return rng.choice(free) if free else None


@dataclass
class _ClerkDay:
    sales: list[tuple[Order, datetime]] = field(default_factory=list)
    refunds: list[tuple[Refund, datetime]] = field(default_factory=list)


def pay_at_tills(now: datetime, seed: int) -> None:
    """Pay the counter sales that are not paid yet, each in the shift of its seller on its day, and close the
    shifts of days gone by.
    """
    days = _working_days(now)
    _leave_one_owed(days, now)
    for (clerk, day), work in sorted(days.items(), key=lambda item: (item[0][0].pk, item[0][1])):
        _work(clerk, day, work, now, Random(f"{seed} {clerk.username} {day}"))
    for refund in Refund.objects.filter(payment=None).select_related("order"):
        Refund.objects.filter(pk=refund.pk).update(payment=refund.order.payments.first())
    watch_owed_refunds(now=now)
    today = now.astimezone(_zone()).date()
    ours = (
        User.objects.filter(username__in=OUR_CLERKS, branch__isnull=False)
        .exclude(username__in=CAN_LOG_IN)
        .order_by("pk")
    )
    for clerk in ours:
        _close_before(clerk, today, Random(f"{seed} {clerk.username} late"))
    if ours and not Shift.objects.filter(clerk__in=ours, closed_at=None).exists():
        open_shift(
            ours[0], counted_float=_FLOAT, submission=f"demo:{ours[0].pk}:{today}:late", content="", now=now
        )


def _working_days(now: datetime) -> dict[tuple[User, date], _ClerkDay]:
    paid = Q(bookings__events__to_status=SaleStatus.CONFIRMED)
    waiting = Order.objects.filter(channel=Channel.COUNTER, seller__isnull=False, shift=None, payments=None)
    waiting = waiting.filter(status__in=(SaleStatus.CONFIRMED, SaleStatus.CANCELLED)).select_related("seller")
    days: dict[tuple[User, date], _ClerkDay] = defaultdict(_ClerkDay)
    placed = waiting.annotate(paid_at=Min("bookings__events__at", filter=paid), placed_total=placed_total())
    for order in placed.order_by("paid_at", "pk"):
        seller, paid_at = order.seller, order.paid_at
        order.total = order.placed_total  # as it was when it was paid
        if seller:
            days[seller, paid_at.astimezone(_zone()).date()].sales.append((order, paid_at))
    owed = LedgerEntry.objects.filter(
        account=Account.REFUNDS_OWED, booking__order__in=waiting, cause__startswith="cancel:"
    )
    for entry in owed.select_related("booking__order__seller").order_by("at", "pk"):
        booking = entry.booking
        if booking is None:
            continue
        seller = booking.order.seller
        refund = Refund(
            order=booking.order,
            booking=booking,
            cause=entry.cause,
            amount=-entry.amount,
            created_at=entry.at,
        )
        at = _next_open(entry.at)
        work = days.get((seller, at.astimezone(_zone()).date())) if seller else None
        if work and at < now:
            work.refunds.append((refund, at))
        else:
            refund.save()  # still to be paid
    return dict(days)


def _leave_one_owed(days: dict[tuple[User, date], _ClerkDay], now: datetime) -> None:
    """Nobody has come yet for the latest refund that is older than two days."""
    late = now - 2 * OWED_TOO_LONG
    if Refund.objects.filter(status__in=Refund.OPEN, created_at__lt=now - OWED_TOO_LONG).exists():
        return
    older = [(at, refund.cause, work) for work in days.values() for refund, at in work.refunds if at < late]
    if not older:
        return
    _latest, cause, work = max(older, key=lambda candidate: candidate[:2])
    (refund,) = (refund for refund, _time in work.refunds if refund.cause == cause)
    refund.save()
    work.refunds = [(other, at) for other, at in work.refunds if other is not refund]


def _next_open(at: datetime) -> datetime:
    local = at.astimezone(_zone())
    if local.time() < _OPENS:
        return _at(local.date(), _OPENS)
    return at if local.time() < _CLOSES else _at(local.date() + timedelta(days=1), _OPENS)


def _work(clerk: User, day: date, work: _ClerkDay, now: datetime, rng: Random) -> None:
    _close_before(clerk, day, rng)
    with short_transaction():
        shift = Shift.objects.open_of(clerk) or open_shift(
            clerk,
            counted_float=_FLOAT,
            submission=f"demo:{clerk.pk}:{day}",
            content="",
            now=min(_at(day, _OPENS) - _EARLY, now),
        )
        signer = _supervisor()
        payments = [_payment(order, paid_at, shift, signer, rng) for order, paid_at in work.sales]
        Payment.objects.bulk_create(payments)
        entries = [
            entry
            for payment in payments
            for entry in _entries(
                Posting(
                    f"payment:{payment.pk}",
                    {Account(payment.method): payment.amount, Account.RECEIVABLE: -payment.amount},
                    at=payment.paid_at,
                    order=payment.order,
                    shift=shift,
                    actor=clerk,
                ),
                rng,
            )
        ]
        LedgerEntry.objects.bulk_create(entries)
        Order.objects.filter(pk__in=[order.pk for order, _paid_at in work.sales]).update(shift=shift)
        _pay_back(work, shift, rng)
        if rng.random() < 0.25 and _at(day, time(13)) < now:
            move_cash(
                shift,
                CashMovement(Decimal(-80), "Taxi for a stranded passenger"),
                submission=f"demo:{shift.pk}",
                content="",
                now=_at(day, time(13)),
            )
    _close_before(clerk, now.astimezone(_zone()).date(), rng)


def _supervisor() -> User | None:
    return User.objects.filter(role=User.Role.SUPERVISOR, is_active=True).order_by("pk").first()


def _payment(order: Order, paid_at: datetime, shift: Shift, signer: User | None, rng: Random) -> Payment:
    """`signer` has seen the money of a transfer."""
    method = rng.choice(_TENDERS)
    if method == Account.CASH and in_coins(order.total) != order.total:
        method = Account.CARD
    reference = "" if method == Account.CASH else f"T{rng.randint(1, 4)} {rng.randint(100_000, 999_999)}"
    return Payment(
        order=order,
        method=method.value,
        external_id=f"{'seen' if method == Account.EFT else 'till'}:demo-{order.token}",
        amount=order.total,
        paid_at=paid_at,
        shift=shift,
        reference=reference,
        approver=signer if method == Account.EFT else None,
    )


def _pay_back(work: _ClerkDay, shift: Shift, rng: Random) -> None:
    """Each the way its sale was paid; where the drawer is short of cash a supervisor allows the card."""
    left = expected(shift)[Account.CASH] - sum((order.total for order, _paid_at in work.sales), ZERO) / 2
    supervisor = _supervisor()
    for refund, at in work.refunds:
        payment = refund.order.payments.get()
        refund.payment, method = payment, Account(payment.method)
        has_coins = refund.amount <= left and in_coins(refund.amount) == refund.amount
        if method == Account.CASH and not has_coins:
            method = Account.CARD
            refund.approver, refund.reason = supervisor, "not enough cash in the drawer"
        left -= refund.amount if method == Account.CASH else ZERO
        refund.status, refund.paid_at, refund.method, refund.shift = (
            Refund.Status.PAID,
            at,
            method.value,
            shift,
        )
        if method == Account.CASH and refund.amount > company_settings.cash_refund_approval_over:
            refund.approver, refund.reason = supervisor, "passenger cannot travel"
        refund.reference = "" if method == Account.CASH else f"T1 {rng.randint(100_000, 999_999)}"
        refund.save()
        posting = Posting(
            f"refund:{refund.pk}",
            {Account.REFUNDS_OWED: refund.amount, method: -refund.amount},
            at=at,
            order=refund.order,
            shift=shift,
            actor=shift.clerk,
        )
        LedgerEntry.objects.bulk_create(_entries(posting, rng))


def _entries(posting: Posting, rng: Random) -> list[LedgerEntry]:
    """As the ledger posts it, under a number that the seed gives."""
    group = uuid.UUID(int=rng.getrandbits(128), version=4)
    return [
        LedgerEntry(
            posting=group,
            account=account,
            amount=amount,
            order=posting.order,
            shift=posting.shift,
            actor=posting.actor,
            at=posting.at,
            cause=posting.cause,
        )
        for account, amount in posting.amounts.items()
    ]


def _close_before(clerk: User, day: date, rng: Random) -> None:
    """Count and close the clerk's shift if it was opened on an earlier day.

    Large differences are signed by the manager.
    """
    shift = Shift.objects.open_of(clerk)
    if shift is None:
        return
    opened_on = shift.opened_at.astimezone(_zone()).date()
    if opened_on >= day:
        return
    at, off = _at(opened_on, _CLOSES) + _EARLY, rng.choice(_OFF)
    counted = expected(shift)
    counted[Account.CASH] = max(counted[Account.CASH] + off, ZERO)
    outcome = close_shift(shift, BlindCount(counted), submission=f"demo:{shift.pk}:1", content="", now=at)
    if not outcome.is_closed:
        manager = User.objects.get(username=User.Role.MANAGER)
        close_shift(
            shift,
            BlindCount(counted, reason=rng.choice(_REASONS), approver=manager),
            submission=f"demo:{shift.pk}:2",
            content="",
            now=at,
        )
