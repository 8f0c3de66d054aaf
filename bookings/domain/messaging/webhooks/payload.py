"""What a webhook says: which event, of which order, and whom it concerns."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from bookings.domain.timetable.segments import Point, Segment
from bookings.models import (
    Booking,
    BookingEvent,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Ticket,
    Webhook,
)

PING: Final = "ping"
_STATES: Final = {
    Webhook.Event.CONFIRMED: SaleStatus.CONFIRMED,
    Webhook.Event.CANCELLED: SaleStatus.CANCELLED,
    Webhook.Event.EXPIRED: SaleStatus.EXPIRED,
}


def public_id(message: OutboxMessage) -> str:
    """The same at each try, so that a receiver can tell that it has had a message."""
    return "msg_" + message.message_id.strip("<>").partition("@")[0]


def event_body(message: OutboxMessage) -> str:
    event = message.event
    content: dict[str, Any] = {
        "id": public_id(message),
        "type": event,
        "created_at": _moment(message.created_at),
        "data": {},
    }
    if message.order is not None and message.about_id is not None:
        content["data"] = {"order": message.order.token} | _data(event, message.about_id, message.created_at)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _data(event: str, about: int, at: datetime) -> dict[str, Any]:
    if event == Webhook.Event.ERASED:
        bookings = Booking.objects.filter(order=about).order_by("pk")
        return {"bookings": list(bookings.values_list("booking_reference", flat=True))}
    if event == Webhook.Event.PAID:
        payment = Payment.objects.get(pk=about)
        return {
            "amount_zar": f"{payment.amount:.2f}",
            "method": payment.method,
            "paid_at": _moment(payment.paid_at),
        }
    if event == Webhook.Event.REFUNDED:
        refund = Refund.objects.select_related("booking").get(pk=about)
        reference = refund.booking.booking_reference if refund.booking else None
        return {"amount_zar": f"{refund.amount:.2f}", "method": refund.method or None, "booking": reference}
    return _booking(event, about, at)


def _booking(event: str, about: int, at: datetime) -> dict[str, Any]:
    booking = Booking.objects.select_related("schedule", "from_stop__stop__city", "to_stop__stop__city").get(
        pk=about
    )
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    return {
        "booking": booking.booking_reference,
        "status": _STATES.get(Webhook.Event(event), booking.status),
        "schedule_id": booking.schedule_id,
        "origin": _point(segment.origin),
        "destination": _point(segment.destination),
        "tickets": [_ticket(ticket) for ticket in _affected(booking, event, at)],
    }


def _point(point: Point) -> dict[str, Any]:
    """As the API's answers have it."""
    fields = asdict(point)
    return fields | {name: value.isoformat() for name, value in fields.items() if isinstance(value, datetime)}


def _affected(booking: Booking, event: str, at: datetime) -> list[Ticket]:
    """The tickets that something was written down about at that moment; else all of the booking."""
    tickets = booking.tickets.select_related("seat").order_by("pk")
    if event in (Webhook.Event.CHANGED, Webhook.Event.CANCELLED):
        tickets_of_event = BookingEvent.objects.filter(booking=booking, at=at, ticket__isnull=False).values(
            "ticket"
        )
        return list(tickets.filter(pk__in=tickets_of_event)) or list(tickets)
    if event == Webhook.Event.TIMES_CHANGED:
        return list(tickets.filter(status__in=Ticket.IN_USE))
    return list(tickets)


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.pk,
        "first_name": ticket.first_name,
        "surname": ticket.surname,
        "seat": ticket.seat.label if ticket.seat else None,
        "extra_luggage": ticket.extra_luggage,
        "status": ticket.status,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
