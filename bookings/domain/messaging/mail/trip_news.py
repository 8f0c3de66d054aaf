"""The mails that tell of a trip that is to come: other times, a reminder."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.domain.messaging.mail.message import Content
from bookings.domain.messaging.texts.links import coach_link
from bookings.domain.tickets.calendar import trips_calendar
from bookings.domain.tickets.ticketed_trip import ticketed_trip_of
from bookings.models import Booking, OutboxMessage, SaleStatus, Schedule, ScheduleChange


def times_changed_mail(message: OutboxMessage, bookings: list[Booking]) -> Content | None:
    """None when there is nothing to say any more."""
    booking = next(booking for booking in bookings if booking.pk == message.about_id)
    trip = ticketed_trip_of(booking)
    is_over = booking.schedule.status in (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)
    if booking.status != SaleStatus.CONFIRMED or not trip.tickets or is_over:
        return None
    reasons = ScheduleChange.objects.filter(schedule=booking.schedule_id, at__lte=message.created_at)
    last = reasons.last()
    facts = {"trip": trip.view.title, "date": trip.view.date_short, "reference": booking.booking_reference}
    subject = (
        _("Your coach %(trip)s, %(date)s: changed times (%(reference)s)")
        if trip.change_note
        else _("Your coach %(trip)s, %(date)s runs as planned again (%(reference)s)")
    )
    return Content(
        subject % facts,
        {
            "trip": trip,
            "reference": booking.booking_reference,
            "reason": last.get_reason_display() if last and last.reason else "",
            "check_in": trip.check_in,
            **_passenger_link(message, booking),
        },
        ((f"trip-{booking.booking_reference}.ics", trips_calendar([trip]), "text/calendar"),),
    )


def _passenger_link(message: OutboxMessage, booking: Booking) -> dict[str, str]:
    """To a passenger's own address: where anybody sees how late the coach is."""
    return (
        {"link": coach_link(booking.schedule_id), "link_title": _("Where your coach is")}
        if message.recipient
        else {}
    )


def trip_reminder_mail(message: OutboxMessage, bookings: list[Booking], now: datetime) -> Content | None:
    """None when there is nothing to say any more."""
    booking = next(booking for booking in bookings if booking.pk == message.about_id)
    trip = ticketed_trip_of(booking)
    is_over = booking.schedule.status in (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)
    if booking.status != SaleStatus.CONFIRMED or not trip.tickets or is_over or booking.boards_at <= now:
        return None
    facts = {"trip": trip.view.title, "date": trip.view.date_short, "reference": booking.booking_reference}
    return Content(
        _("Your trip %(trip)s, %(date)s (%(reference)s)") % facts,
        {
            "trip": trip,
            "reference": booking.booking_reference,
            "check_in": trip.check_in,
            **_passenger_link(message, booking),
        },
    )
