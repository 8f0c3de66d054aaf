"""What a case can prove: what was offered to whom, when it was delivered, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bookings.domain.disruptions.cases import get_case
from bookings.models import BookingEvent, Disruption, OutboxMessage, Refund, ScheduleEvent

EvidenceRow = Sequence[str | int | Decimal]
_OFFERS = (
    "booking", "ticket", "passenger", "fare", "before_departure", "before_stop", "before_seat", "boards_at",
    "offered_departure", "offered_seat", "note", "entitlements", "choice", "chosen_by", "chosen_at", "actor",
    "ticket_status", "place",
)  # fmt: skip
_MESSAGES = ("order", "kind", "recipient", "written_at", "sent_at", "failed_at", "attempts", "message_id")
_REFUNDS = ("booking", "amount", "created_at", "status", "paid_at", "cause")
_HISTORY = ("at", "about", "from", "to", "reason", "actor")


def case_evidence(case_id: int) -> dict[str, list[EvidenceRow]]:
    """The tables of a case by their name, each with its heading first. Raises NotFound."""
    case = get_case(case_id)
    return {
        "case": [("field", "value"), *_facts(case)],
        "offers": [_OFFERS, *_offers(case)],
        "messages": [_MESSAGES, *_messages(case)],
        "refunds": [_REFUNDS, *_refunds(case)],
        "history": [_HISTORY, *_history(case)],
    }


def _facts(case: Disruption) -> list[EvidenceRow]:
    return [
        ("case", case.pk),
        ("kind", case.kind),
        ("reason", case.reason),
        ("text", case.text),
        ("beyond_control", str(case.is_beyond_control)),
        ("status", case.status),
        ("version", case.version),
        ("opened_by", case.created_by.username),
        ("opened_at", _moment(case.created_at)),
        ("confirmed_by", case.confirmed_by.username if case.confirmed_by else ""),
        ("approved_by", case.approver.username if case.approver else ""),
        ("confirmed_at", _moment(case.confirmed_at)),
        ("closed_at", _moment(case.closed_at)),
    ]


def _offers(case: Disruption) -> list[EvidenceRow]:
    related = ("ticket__booking", "from_schedule", "from_stop__stop", "from_seat", "new_schedule", "new_seat")
    return [
        (
            line.ticket.booking.booking_reference,
            line.ticket_id,
            line.ticket.full_name,
            line.ticket.price,
            line.from_schedule_id,
            str(line.from_stop.stop),
            line.from_seat.label if line.from_seat else line.from_place,
            _moment(line.boards_at),
            line.new_schedule_id or "",
            line.new_seat.label if line.new_seat else "",
            line.note,
            " ".join(line.entitlements),
            line.choice,
            line.chosen_by,
            _moment(line.chosen_at),
            line.actor.username if line.actor else "",
            line.ticket.status,
            line.ticket.place,
        )
        for line in case.lines.select_related(*related, "actor").order_by("pk")
    ]


def _messages(case: Disruption) -> list[EvidenceRow]:
    links = list(case.links.values_list("pk", flat=True))
    rows = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.DISRUPTION, about_id__in=links)
    return [
        (
            message.order_id or 0,
            message.kind,
            message.recipient or (message.order.email if message.order else ""),
            _moment(message.created_at),
            _moment(message.sent_at),
            _moment(message.failed_at),
            message.attempts,
            message.message_id,
        )
        for message in rows.select_related("order").order_by("pk")
    ]


def _refunds(case: Disruption) -> list[EvidenceRow]:
    bookings = case.lines.values("ticket__booking")
    rows = Refund.objects.filter(booking__in=bookings).select_related("booking").order_by("pk")
    return [
        (
            refund.booking.booking_reference if refund.booking else "",
            refund.amount,
            _moment(refund.created_at),
            refund.status,
            _moment(refund.paid_at),
            refund.cause,
        )
        for refund in rows
    ]


def _history(case: Disruption) -> list[EvidenceRow]:
    own = case.schedules.filter(is_target=False).values("schedule")
    rows: list[EvidenceRow] = [
        (
            _moment(event.at),
            f"departure {event.schedule_id}",
            event.from_status,
            event.to_status,
            event.reason,
            event.actor.username if event.actor else "",
        )
        for event in ScheduleEvent.objects.filter(schedule__in=own).select_related("actor").order_by("pk")
    ]
    of_tickets = BookingEvent.objects.filter(ticket__in=case.lines.values("ticket"), at__gte=case.created_at)
    rows += [
        (
            _moment(event.at),
            f"ticket {event.ticket_id}",
            event.from_status,
            event.to_status,
            event.reason,
            event.actor.username if event.actor else "",
        )
        for event in of_tickets.select_related("actor").order_by("pk")
    ]
    return rows


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
