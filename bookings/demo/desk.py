"""What goes wrong on any day, so that nobody sees the screens for it empty.

Undelivered mail, seats that are kept off sale, late coaches, a departure that may be cancelled.
"""

from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from bookings.database.transactions import short_transaction
from bookings.demo.network import SOURCE
from bookings.domain.disruptions.cases import CaseRequest, open_case
from bookings.domain.disruptions.times import Delay
from bookings.domain.inventory.seat_choice import sold_seats
from bookings.domain.operations.time_changes import report_delay
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.models import (
    Disruption,
    OutboxMessage,
    SaleStatus,
    Schedule,
    ScheduleChange,
    SeatBlock,
    SeatClaim,
    StaffTask,
    User,
)

_FAILED: Final = 2
_REFUSED: Final = "550 5.1.1 The address has no mailbox here"
_AWAY: Final = "451 4.3.0 Try again later"
_DELAYS: Final = ((25, "traffic"), (150, "technical"))  # minutes, why
_BLOCKED: Final = {"Reclining mechanism broken": 1, "Second driver rests here": 2}  # reason: how many seats


def make_trouble(now: datetime) -> int:
    """Let a few of the latest confirmations fail or wait.

    Once: where anything failed or waits already nothing is changed.
    """
    mails = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.CONFIRMATION)
    if StaffTask.objects.filter(kind=StaffTask.Kind.MAIL_FAILED).exists():
        return 0
    latest = mails.filter(
        order__status=SaleStatus.CONFIRMED,
        order__bookings__schedule__service__source=SOURCE,
        order__bookings__boards_at__gt=now + timedelta(days=1),
    )
    chosen = list(
        latest.exclude(order__email="").select_related("order").order_by("-created_at", "pk")[: _FAILED + 1]
    )
    with short_transaction():
        for minutes, mail in enumerate(chosen[:_FAILED], start=1):
            at = max(now - timedelta(minutes=40 * minutes), mail.created_at)
            OutboxMessage.objects.filter(pk=mail.pk).update(
                sent_at=None, failed_at=at, attempts=3, last_error=_REFUSED
            )
            detail = f"{mail.get_kind_display()}: {_REFUSED}"
            StaffTask.objects.create(
                kind=StaffTask.Kind.MAIL_FAILED,
                order=mail.order,
                subject=f"message:{mail.pk}",
                detail=detail,
                created_at=at,
            )
        for mail in chosen[_FAILED:]:
            again = now + timedelta(minutes=8)
            OutboxMessage.objects.filter(pk=mail.pk).update(
                sent_at=None, attempts=2, next_try=again, last_error=_AWAY
            )
    return len(chosen)


def keep_seats(today: date, now: datetime) -> int:
    """The dispatcher keeps a few seats of tomorrow's coaches off sale.

    Once: where any were kept, whoever did, nothing is changed.
    """
    if SeatBlock.objects.exists():
        return 0
    dispatcher = User.objects.get(username=User.Role.DISPATCHER)
    room = Schedule.objects.filter(
        service__source=SOURCE,
        service_date=today + timedelta(days=1),
        available_seats__gte=sum(_BLOCKED.values()),
        departure_time__gt=now,
    )
    blocked = 0
    for schedule, (reason, count) in zip(
        room.order_by("departure_time", "pk"), _BLOCKED.items(), strict=False
    ):
        taken = set(SeatClaim.objects.filter(schedule=schedule).values_list("seat", flat=True))
        free = [seat.label for seat in sold_seats(schedule.layout_id) if seat.pk not in taken]
        blocked += len(block_seats(BlockRequest(schedule.pk, free[-count:], reason), by=dispatcher, now=now))
    return blocked


def tell_delays(today: date, now: datetime) -> int:
    """Two coaches of tomorrow are late, one over the trigger of a policy, which is a case by itself; a third
    may not run: its case is a draft, to be tried.

    Once: where any delay was told or a case opened nothing is changed.
    """
    if ScheduleChange.objects.exists() or Disruption.objects.exists():
        return 0
    dispatcher = User.objects.get(username=User.Role.DISPATCHER)
    sold = SeatClaim.objects.filter(schedule=OuterRef("pk"), kind=SeatClaim.Kind.SOLD)
    running = Schedule.objects.filter(
        Exists(sold),
        service__source=SOURCE,
        service_date=today + timedelta(days=1),
        departure_time__gt=now + timedelta(hours=6),
        status=Schedule.Status.ON_SALE,
    )
    chosen = list(running.order_by("-available_seats", "departure_time", "pk")[:3])
    for schedule, (minutes, reason) in zip(chosen, _DELAYS, strict=False):
        delay = Delay(0, minutes, reason=reason)
        report_delay(schedule.pk, delay, actor=dispatcher, submission=f"demo {schedule.pk}", now=now)
    for schedule in chosen[len(_DELAYS) :]:
        request = CaseRequest(Disruption.Kind.CANCEL, (schedule.pk,), Disruption.Reason.NO_COACH)
        open_case(request, by=dispatcher, submission=f"demo {schedule.pk}", content="", now=now)
    return len(chosen)
