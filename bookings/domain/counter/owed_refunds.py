"""What is owed to customers and not paid yet: by which way it goes back, since when, and what keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from bookings.base.money import ZERO
from bookings.domain.sales.gateway_refunds import OWED_TOO_LONG
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.models import Account, Booking, Refund, RefundAttempt, Total, User

PAGE: Final = 25


class RefundWay(TextChoices):
    """How an owed refund gets to the customer."""

    GATEWAY = "gateway", _("on its way through the gateway")
    REFUSED = "refused", _("refused by the gateway")
    DETAILS = "details", _("waits for bank details")
    COUNTER = "counter", _("waits at a counter")
    TRANSFER = "transfer", _("by EFT or to a partner")


class OwedFor(TextChoices):
    """For how long it has been owed at least."""

    DAY = "day", _("more than a day")
    WEEK = "week", _("more than a week")


_AGES: Final = {OwedFor.DAY: OWED_TOO_LONG, OwedFor.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class OwedRefund:
    refund: Refund  # with its payment
    way: RefundWay
    reference: str  # of its booking, else of any of its order
    attempt_status: str  # of the last RefundAttempt, "" without any
    tries: int
    next_try: datetime | None  # while the gateway is still asked
    last_error: str
    takes_details: bool  # bank details were asked for, given or not


@dataclass(frozen=True)
class OwedSum:
    number: int
    amount: Decimal
    oldest: datetime


@dataclass(frozen=True)
class OwedPage:
    """One page of them, the oldest first, and the sums of all by way."""

    rows: tuple[OwedRefund, ...]
    sums: dict[RefundWay, OwedSum]
    page: int
    pages: int

    @property
    def total(self) -> Decimal:
        return sum((owed.amount for owed in self.sums.values()), ZERO)


def owed_page(
    user: User, *, way: RefundWay | None = None, age: OwedFor | None = None, page: int = 1, now: datetime
) -> OwedPage:
    """What the user may see of all that is owed, of one way if it is given: two queries."""
    rows = _owed(user, age, now)
    sums = _sums(rows)
    number = sum(owed.number for name, owed in sums.items() if way in (None, name))
    pages = max(-(-number // PAGE), 1)
    page = min(max(page, 1), pages)
    chosen = rows.filter(way=way) if way else rows
    shown = _with_last_word(chosen).order_by("created_at", "pk")[(page - 1) * PAGE : page * PAGE]
    return OwedPage(tuple(_row(refund) for refund in shown), sums, page, pages)


def owed_too_long(user: User, *, now: datetime) -> OwedSum | None:
    """What the user may see of all that has been owed for more than a day, if anything: one query."""
    figures = _seen_by(user, OwedFor.DAY, now).aggregate(
        number=Count("pk"), amount=Total("amount"), oldest=Min("created_at")
    )
    return OwedSum(**figures) if figures["number"] else None


def _seen_by(user: User, age: OwedFor | None, now: datetime) -> QuerySet[Refund]:
    """As with tasks: of the whole company for managers and auditors, else of one's branch and of the web."""
    rows = Refund.objects.filter(status__in=Refund.OPEN)
    if user.role not in SEES_ALL_BRANCHES:
        rows = rows.filter(Q(order__shift=None) | Q(order__shift__branch=user.branch_id))
    return rows.filter(created_at__lte=now - _AGES[age]) if age else rows


def _owed(user: User, age: OwedFor | None, now: datetime) -> QuerySet[Any]:
    refused = RefundAttempt.objects.filter(refund=OuterRef("pk"), status=RefundAttempt.Status.REFUSED)
    way = Case(
        When(Exists(refused), then=Value(RefundWay.REFUSED.value)),
        When(
            status=Refund.Status.OWED,
            bank_details__isnull=False,
            bank_details__given_at=None,
            then=Value(RefundWay.DETAILS.value),
        ),
        When(payment__attempt__isnull=False, then=Value(RefundWay.GATEWAY.value)),
        When(payment__method__in=(Account.EFT, Account.PARTNER), then=Value(RefundWay.TRANSFER.value)),
        default=Value(RefundWay.COUNTER.value),
        output_field=CharField(),
    )
    return _seen_by(user, age, now).annotate(way=way)


def _sums(rows: QuerySet[Any]) -> dict[RefundWay, OwedSum]:
    by_way = rows.order_by().values_list("way")
    sums = by_way.annotate(number=Count("pk"), sum=Total("amount"), oldest=Min("created_at"))
    return {RefundWay(way): OwedSum(number, amount, oldest) for way, number, amount, oldest in sums}


def _with_last_word(rows: QuerySet[Any]) -> Any:
    attempts = RefundAttempt.objects.filter(refund=OuterRef("pk")).order_by("-pk")
    own = Booking.objects.filter(pk=OuterRef("booking")).values("booking_reference")
    any_of_order = Booking.objects.filter(order=OuterRef("order")).order_by("pk").values("booking_reference")
    return rows.select_related("payment").annotate(
        takes_details=Q(bank_details__isnull=False, status=Refund.Status.OWED),
        own_reference=Subquery(own[:1]),
        order_reference=Subquery(any_of_order[:1]),
        attempt_status=Subquery(attempts.values("status")[:1]),
        tries=Subquery(attempts.values("tries")[:1]),
        next_try=Subquery(attempts.values("next_try")[:1]),
        last_error=Subquery(attempts.values("last_error")[:1]),
    )


def _row(refund: Any) -> OwedRefund:
    return OwedRefund(
        refund=refund,
        way=RefundWay(refund.way),
        reference=refund.own_reference or refund.order_reference or "",
        attempt_status=refund.attempt_status or "",
        tries=refund.tries or 0,
        next_try=refund.next_try if refund.attempt_status in RefundAttempt.OPEN else None,
        last_error=refund.last_error or "",
        takes_details=refund.takes_details,
    )
