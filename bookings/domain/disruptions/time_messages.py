"""Who is told that the times of their coach changed, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.domain.disruptions.delays import follow_delay
from bookings.domain.sales.messages import notify_partner, queue_message
from bookings.domain.timetable.call_times import CallTimes, call_times
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.stale import describe, passenger_lines
from bookings.domain.timetable.trips import change_note
from bookings.models import (
    Booking,
    BookingEvent,
    OutboxMessage,
    RouteStop,
    SaleStatus,
    Schedule,
    ScheduleChange,
    StaffTask,
    Ticket,
    User,
    Webhook,
)

FIRST_MAIL: Final = 15  # minutes late from which on passengers are written to
NEXT_MAIL: Final = 30
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class TimesChanged:
    """A departure whose times are other ones now, with its calls, and what they were `before`."""

    schedule: Schedule
    calls: Sequence[RouteStop]
    before: str  # its call_changes
    passed: int  # the last stop that it has left, -1 before the first
    orders_told: Collection[int] = ()  # by a case

    def times(self, call_changes: str) -> dict[int, CallTimes]:
        departure = Schedule(departure_time=self.schedule.departure_time, call_changes=call_changes)
        return {
            call.pk: times for call, times in zip(self.calls, call_times(departure, self.calls), strict=True)
        }


def tell_times(change: TimesChanged, *, reason: str, actor: User | None, now: datetime) -> None:
    """Write it into the history of each booking concerned, tell partners, and mail whoever is much later than
    they were told; who has got off, or whose coach has arrived, hears nothing. Over the trigger of a policy
    the case of the delay tells them instead.
    """
    before, after = change.times(change.before), change.times(change.schedule.call_changes)
    concerned = [
        booking
        for booking in _travelling(change)
        if _ends(booking, before, change) != _ends(booking, after, change)
    ]
    BookingEvent.objects.bulk_create(_event(booking, change, reason, actor, now) for booking in concerned)
    late = follow_delay(change.schedule, after, change.passed, reason=reason, actor=actor, now=now)
    orders_told = {*change.orders_told, *late}
    for booking in concerned:
        notify_partner(booking.order, Webhook.Event.TIMES_CHANGED, booking, at=now)
        is_news = _step(booking, before, change) != _step(booking, after, change)
        if is_news and booking.order_id not in orders_told:  # the message of the case says it too
            _mail(booking, version=f"{change.schedule.revision}", now=now)


def _travelling(change: TimesChanged) -> list[Booking]:
    """Paid bookings of whom somebody is still to get on or off; who waits for a seat is on no coach."""
    calls = {call.pk: call for call in change.calls}
    on_it = Ticket.objects.filter(schedule=change.schedule.pk, status__in=Ticket.IN_USE)
    on_it = on_it.exclude(place=Ticket.Place.WAITING)
    rows = Booking.objects.filter(
        schedule=change.schedule.pk, status=SaleStatus.CONFIRMED, pk__in=on_it.values("booking")
    )
    bookings = list(rows.select_related("order").order_by("pk"))
    for booking in bookings:
        booking.schedule = change.schedule
        booking.from_stop, booking.to_stop = calls[booking.from_stop_id], calls[booking.to_stop_id]
    return [booking for booking in bookings if booking.to_stop.position > change.passed]


def _ends(
    booking: Booking, times: dict[int, CallTimes], change: TimesChanged
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What a booking shows of its times; of what is over nothing."""
    board, alight = times[booking.from_stop_id], times[booking.to_stop_id]
    boards = (board.expected_departure, board.is_skipped, board.next_word_at)
    is_over = booking.from_stop.position <= change.passed
    return (() if is_over else boards), (alight.expected_arrival, alight.is_skipped, alight.next_word_at)


def _step(booking: Booking, times: dict[int, CallTimes], change: TimesChanged) -> tuple[object, ...]:
    """Changes with each lateness that is worth a mail: 15 minutes, and each further 30."""
    is_over = booking.from_stop.position <= change.passed
    call = times[booking.to_stop_id if is_over else booking.from_stop_id]
    late = call.late_min if not is_over else (call.expected_arrival - call.planned_arrival) // _MINUTE
    skipped = times[booking.from_stop_id].is_skipped, times[booking.to_stop_id].is_skipped
    if call.next_word_at:
        return "unknown", call.next_word_at, skipped
    return (0 if late < FIRST_MAIL else 1 + (late - FIRST_MAIL) // NEXT_MAIL), skipped


def _event(
    booking: Booking, change: TimesChanged, reason: str, actor: User | None, now: datetime
) -> BookingEvent:
    segment = Segment(change.schedule, booking.from_stop, booking.to_stop)
    text = change_note(segment) or _("Times as planned again.")
    if reason:
        text = f"{text} ({ScheduleChange.Reason(reason).label})"
    return BookingEvent(
        booking=booking,
        from_status=booking.status,
        to_status=booking.status,
        actor=actor,
        reason=text[:200],
        at=now,
    )


def _mail(booking: Booking, *, version: str, now: datetime) -> None:
    """One that is not sent yet says what counts now, and is as good as gone."""
    unsent = OutboxMessage.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now),
        kind=OutboxMessage.Kind.TIMES_CHANGED,
        about_id=booking.pk,
        order=booking.order_id,
        sent_at=None,
        failed_at=None,
    )
    unsent.delete()
    queue_message(
        OutboxMessage.Kind.TIMES_CHANGED, booking.order, booking, version=f"times {version}", now=now
    )


def follow_skipped_stop(change: TimesChanged, position: int, *, is_skipped: bool, now: datetime) -> None:
    """Open a task that names the passengers who get on or off at a stop that is skipped, if there are any;
    done again once the coach calls there.
    """
    kind, subject = StaffTask.Kind.STOP_SKIPPED, f"departure:{change.schedule.pk}@{position}"
    if not is_skipped:
        note = _("The coach calls there again.")
        StaffTask.objects.filter(kind=kind, subject=subject, done_at=None).update(done_at=now, done_note=note)
        return
    call = next(call for call in change.calls if call.position == position)
    ids = [
        booking.pk
        for booking in _travelling(change)
        if call.pk in (booking.to_stop_id, booking.from_stop_id)
        and booking.order_id not in change.orders_told
    ]
    if not ids:
        return
    rows = (
        Booking.objects.filter(pk__in=ids).select_related("order").prefetch_related("tickets").order_by("pk")
    )
    facts = {"departure": describe(change.schedule), "stop": call.stop}
    text = _("%(departure)s: does not stop at %(stop)s, where these passengers get on or off.") % facts
    detail = "\n".join([text, *passenger_lines(rows)])
    if not StaffTask.objects.filter(kind=kind, subject=subject, done_at=None).update(detail=detail):
        StaffTask.objects.create(kind=kind, subject=subject, detail=detail, created_at=now)
