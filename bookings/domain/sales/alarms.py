"""What a supervisor should hear of: money that went another way, and what the till refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.company.settings import company_settings
from bookings.domain.sales.staff_tasks import open_task
from bookings.models import BookingEvent, Order, SaleStatus, StaffTask, User

_SUBJECT: Final = "clerk:%(clerk)s:%(about)s"  # so that nobody closes an alarm about themselves


@dataclass(frozen=True)
class Alarm:
    """Who did or tried what; `about` tells it from the same clerk's others of its kind."""

    kind: str
    clerk: User
    about: str
    detail: str
    order: Order | None = None

    @property
    def subject(self) -> str:
        return _SUBJECT % {"clerk": self.clerk.pk, "about": self.about}


def raise_alarm(alarm: Alarm, *, now: datetime) -> None:
    """Within the caller's transaction; while one of its kind and subject is open, no second one is."""
    detail = f"{alarm.clerk.display_name}: {alarm.detail}"
    open_task(alarm.kind, alarm.order, subject=alarm.subject, detail=detail, now=now)


def report_refusal(refusal: Refusal | None, *, now: datetime) -> None:
    """Raise the alarm that a refusal carries, if it does. Call it after the refused transaction is over."""
    alarm = getattr(refusal, "alarm", None)
    if isinstance(alarm, Alarm):
        raise_alarm(alarm, now=now)


def settle_alarm(order: Order, clerk: User, *, by: User, now: datetime) -> None:
    """What was refused over a limit has been signed since by a second person."""
    alarm = Alarm(StaffTask.Kind.LIMIT_REFUSED, clerk, f"order:{order.pk}", "")
    tasks = StaffTask.objects.filter(kind=alarm.kind, subject=alarm.subject, done_at=None)
    tasks.update(done_at=now, done_by=by)


def watch_cancellations(clerk: User, order: Order, *, now: datetime) -> None:
    """Raise one alarm a day about a clerk who cancels or voids more than CANCELLATIONS_A_DAY
    bookings.
    """
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    ended = BookingEvent.objects.filter(actor=clerk, ticket=None, to_status=SaleStatus.CANCELLED, at__gte=day)
    number = ended.count()
    if number <= company_settings.cancellations_a_day:
        return
    detail = _("%(number)d bookings cancelled on %(day)s") % {"number": number, "day": f"{day:%Y-%m-%d}"}
    alarm = Alarm(StaffTask.Kind.MANY_CANCELLATIONS, clerk, f"{day:%Y-%m-%d}", detail, order)
    if not StaffTask.objects.filter(kind=alarm.kind, subject=alarm.subject).exists():
        raise_alarm(alarm, now=now)
