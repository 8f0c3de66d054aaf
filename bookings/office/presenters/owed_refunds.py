"""The texts of the page of all that is owed, and of its line on the dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.money import format_zar
from bookings.domain.counter.owed_refunds import OwedPage, OwedRefund, OwedSum, RefundWay
from bookings.domain.sales.gateway_refunds import OWED_TOO_LONG
from bookings.domain.tickets.receipt_text import method_text
from bookings.domain.timetable.trips import local_text
from bookings.models import Account, RefundAttempt


@dataclass(frozen=True)
class OwedRow:
    reference: str
    amount: str
    since: str
    age: str
    is_old: bool
    way: str
    paid_by: str  # how it came
    word: str  # what the gateway said last, and when it is asked again
    pay_out: str  # address, "" where it goes by itself
    details: str  # address of its bank details, "" where none are asked for


@dataclass(frozen=True)
class OwedFigure:
    label: str
    amount: str
    oldest: str
    is_old: bool


def owed_rows(
    page: OwedPage, *, may_pay_out: bool, may_enter_details: bool, now: datetime
) -> Iterator[OwedRow]:
    for owed in page.rows:
        refund = owed.refund
        payment = refund.payment
        can_pay_out = may_pay_out and owed.reference and owed.way != RefundWay.GATEWAY
        if payment and payment.method == Account.PARTNER:
            can_pay_out = False
        if owed.way == RefundWay.DETAILS and payment and payment.attempt_id:  # then it goes by itself
            can_pay_out = False
        takes_details = may_enter_details and owed.reference and owed.takes_details
        address = [owed.reference, refund.pk]
        yield OwedRow(
            reference=owed.reference,
            amount=format_zar(refund.amount),
            since=local_text(refund.created_at),
            age=age_text(refund.created_at, now),
            is_old=now - refund.created_at > OWED_TOO_LONG,
            way=str(owed.way.label),
            paid_by=method_text(payment.method) if payment else _("not known"),
            word=_last_word(owed),
            pay_out=reverse("office:pay_refund", args=address) if can_pay_out else "",
            details=reverse("office:bank_details", args=address) if takes_details else "",
        )


def owed_figures(page: OwedPage, *, now: datetime) -> list[OwedFigure]:
    """The sum of each way that something is owed by."""
    return [
        OwedFigure(
            str(way.label),
            format_zar(page.sums[way].amount),
            age_text(page.sums[way].oldest, now),
            now - page.sums[way].oldest > OWED_TOO_LONG,
        )
        for way in RefundWay
        if way in page.sums
    ]


def owed_line(owed: OwedSum, *, now: datetime) -> str:
    """R850 owed for more than a day, the oldest for 3 days."""
    facts = {"amount": format_zar(owed.amount), "age": age_text(owed.oldest, now)}
    return _("%(amount)s owed to customers for more than a day, the oldest for %(age)s") % facts


def age_text(since: datetime, now: datetime) -> str:
    hours = max(int((now - since).total_seconds() // 3600), 0)
    if not hours:
        return _("less than an hour")
    if hours < 48:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", hours // 24) % {"count": hours // 24}


def _last_word(owed: OwedRefund) -> str:
    if not owed.attempt_status:
        return ""
    said = owed.last_error or str(RefundAttempt.Status(owed.attempt_status).label)
    if owed.next_try is None:
        return said
    facts = {"said": said, "time": local_text(owed.next_try), "tries": owed.tries}
    return _("%(said)s; asked %(tries)d times, next on %(time)s") % facts
