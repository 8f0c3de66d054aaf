"""What waits for somebody at the counter: orders to be paid, mails that stick, tills that are open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.money import ZERO, format_zar
from bookings.domain.staff.roles import SEES_ALL_TILLS
from bookings.domain.timetable.trips import clock_text
from bookings.models import (
    Account,
    Booking,
    Branch,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Shift,
    Total,
    User,
)

SOON: Final = timedelta(hours=6)
FAILED_SHOWN_FOR: Final = timedelta(days=7)
WAITS_TOO_LONG: Final = timedelta(minutes=5)
ROWS: Final = 5
SHIFTS: Final = 12
COUNTED: Final = 100  # beyond it a page says "more than 99"


@dataclass(frozen=True)
class UnpaidOrder:
    reference: str
    name: str
    trip: str  # Cape Town, Wed 2 Dec 17:00
    amount: str
    until: str  # 16:40, or 00:40 on Wed 2 Dec
    left: str  # 25 min
    is_urgent: bool


@dataclass(frozen=True)
class UnpaidOrders:
    rows: tuple[UnpaidOrder, ...]
    total: int


class _OrderRow(NamedTuple):
    total: Decimal
    pay_by: datetime
    reference: str | None  # this and what follows: of its first booking
    surname: str | None
    destination: str | None
    boards_at: datetime | None


def unpaid_orders(branch: Branch, *, now: datetime) -> UnpaidOrders:
    """Orders of people who get on here or of this branch's tills that run out within hours, the most urgent
    first: two queries.
    """
    boards_here = Booking.objects.filter(order=OuterRef("pk"), from_stop__stop__city=branch.city_id)
    first = Booking.objects.filter(order=OuterRef("pk")).order_by("boards_at", "pk")
    rows = (
        Order.objects.filter(status=SaleStatus.PENDING, pay_by__gt=now, pay_by__lte=now + SOON)
        .filter(Exists(boards_here) | Q(shift__branch=branch))
        .order_by("pay_by", "pk")
    )
    shown = rows.annotate(
        reference=Subquery(first.values("booking_reference")[:1]),
        surname=Subquery(first.values("tickets__surname")[:1]),
        destination=Subquery(first.values("to_stop__stop__city__name")[:1]),
        boards_at=Subquery(first.values("boards_at")[:1]),
    ).values_list(*_OrderRow._fields)[:ROWS]
    unpaid = tuple(_unpaid(_OrderRow(*row), now) for row in shown)
    return UnpaidOrders(unpaid, rows.order_by()[:COUNTED].count() if len(unpaid) == ROWS else len(unpaid))


def _unpaid(order: _OrderRow, now: datetime) -> UnpaidOrder:
    minutes = int((order.pay_by - now).total_seconds() // 60)
    boards = f"{timezone.localtime(order.boards_at):%a %-d %b %H:%M}" if order.boards_at else ""
    left = (
        _("%(minutes)d min") % {"minutes": minutes}
        if minutes < 60
        else _("%(h)d h %(m)02d") % {"h": minutes // 60, "m": minutes % 60}
    )
    return UnpaidOrder(
        reference=order.reference or "",
        name=order.surname or "",
        trip=f"{order.destination or ''}, {boards}",
        amount=format_zar(order.total),
        until=clock_text(order.pay_by, now),
        left=left,
        is_urgent=minutes < 60,
    )


@dataclass(frozen=True)
class StuckMail:
    kind: str
    reference: str
    error: str
    since: str
    has_failed: bool


@dataclass(frozen=True)
class StuckMails:
    rows: tuple[StuckMail, ...]
    failed: int
    waiting: int


def stuck_mails(*, now: datetime) -> StuckMails:
    """Mails given up in the last week, and mails that should have gone minutes ago.

    Three queries over two partial indexes.
    """
    mails = OutboxMessage.objects.exclude(kind__in=OutboxMessage.NO_MAIL)
    failed = mails.filter(failed_at__gt=now - FAILED_SHOWN_FOR, sent_at=None)
    waiting = mails.filter(sent_at=None, failed_at=None, next_try__isnull=False).filter(
        Q(attempts__gt=0) | Q(created_at__lt=now - WAITS_TOO_LONG)
    )
    given_up = _read_mails(failed.order_by("-failed_at"), ROWS)
    stuck = _read_mails(waiting.order_by("next_try"), COUNTED)
    number = failed.order_by()[:COUNTED].count() if len(given_up) == ROWS else len(given_up)
    return StuckMails((*given_up, *stuck)[:ROWS], number, len(stuck))


def _read_mails(rows: QuerySet[OutboxMessage], most: int) -> list[StuckMail]:
    first = Booking.objects.filter(order=OuterRef("order")).order_by("pk").values("booking_reference")[:1]
    mails = rows.annotate(reference=Subquery(first))[:most]
    return [_mail(mail, mail.reference or "") for mail in mails]


def _mail(mail: OutboxMessage, reference: str) -> StuckMail:
    since = timezone.localtime(mail.failed_at or mail.created_at)
    error = mail.last_error if mail.failed_at or mail.attempts else _("not sent yet")
    return StuckMail(
        mail.get_kind_display(),
        reference,
        error,
        f"{since:%a %-d %b, %H:%M}",
        mail.failed_at is not None,
    )


@dataclass(frozen=True)
class TenderSales:
    label: str
    sales: int


@dataclass(frozen=True)
class Takings:
    """What a till sold. Never what its drawer should hold.

    The count at the end of the shift is a blind one.
    """

    shift_id: int
    clerk: str
    since: str
    is_own: bool
    sales: int
    total: str
    tenders: tuple[TenderSales, ...]
    refunds: int


@dataclass(frozen=True)
class Tills:
    own: Takings | None
    others: tuple[Takings, ...]


def tills(user: User, branch: Branch | None, *, now: datetime) -> Tills:
    """The user's open shift, and for those who answer for them the other open tills of the branch.

    Two queries.
    """
    seen = Q(clerk=user)
    if branch and user.role in SEES_ALL_TILLS:
        seen |= Q(branch=branch)
    shifts = list(
        Shift.objects.filter(seen, closed_at=None).select_related("clerk").order_by("opened_at")[:SHIFTS]
    )
    ids = [shift.pk for shift in shifts]
    sales: dict[int, dict[str, tuple[int, Decimal]]] = defaultdict(dict)
    back: dict[int, int] = {}
    for shift, is_refund, method, number, amount in _moved(ids):
        if is_refund:
            back[shift] = number
        else:
            sales[shift][method] = (number, amount)
    takings = [_takings(shift, sales[shift.pk], back.get(shift.pk, 0), user, now) for shift in shifts]
    own = next((till for till in takings if till.is_own), None)
    return Tills(own, tuple(till for till in takings if not till.is_own))


def _moved(shifts: list[int]) -> QuerySet[Any, tuple[int, bool, str, int, Decimal]]:
    """Payments by shift and method, and refunds by shift: how many and how much."""
    paid = Payment.objects.filter(shift__in=shifts).annotate(is_refund=Value(False), how=F("method"))
    back = Refund.objects.filter(shift__in=shifts, status=Refund.Status.PAID).annotate(
        is_refund=Value(True), how=Value("", output_field=CharField())
    )
    payments, refunds = (
        rows.order_by()
        .values_list("shift", "is_refund", "how")
        .annotate(number=Count("pk"), sum=Total("amount"))
        for rows in (paid, back)
    )
    return payments.union(refunds, all=True)


def _takings(
    shift: Shift, sales: dict[str, tuple[int, Decimal]], refunds: int, user: User, now: datetime
) -> Takings:
    order = [Account.CASH, Account.CARD, Account.EFT]
    return Takings(
        shift_id=shift.pk,
        clerk=shift.clerk.display_name,
        since=clock_text(shift.opened_at, now),
        is_own=shift.clerk_id == user.pk,
        sales=sum(number for number, _amount in sales.values()),
        total=format_zar(sum((amount for _number, amount in sales.values()), ZERO)),
        tenders=tuple(
            TenderSales(str(tender.label), sales[tender][0]) for tender in order if tender in sales
        ),
        refunds=refunds,
    )
