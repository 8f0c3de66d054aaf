"""All that is kept about somebody, as a file for them: POPIA section 23."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from bookings.base.money import format_zar
from bookings.domain.company.details import get_company
from bookings.domain.privacy.personal_fields import Purpose, fields_of_orders
from bookings.domain.privacy.subjects import Subject
from bookings.domain.tickets.ticketed_trip import place_text
from bookings.domain.timetable.trips import local_text
from bookings.models import Booking, Order, Payment, Refund, Ticket


@dataclass
class PersonalValue:
    label: str
    purpose: Purpose
    values: list[str] = field(default_factory=list)


@dataclass
class OrderRecord:
    """What is kept with one order, in words."""

    order: Order
    trips: list[str] = field(default_factory=list)
    money: list[str] = field(default_factory=list)
    values: dict[str, PersonalValue] = field(default_factory=dict)  # by the label of the field
    raw: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))  # by model and field


def subject_export(subject: Subject, order_ids: Sequence[int], *, now: datetime) -> bytes:
    """A ZIP with `data.json` and `data.html`, of these orders; a constant number of queries."""
    records = personal_records(order_ids)
    context = {"records": records, "subject": str(subject), "made_at": now, "company": get_company()}
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        archive.writestr("data.html", render_to_string("privacy/export.html", context))
        archive.writestr("data.json", _as_json(subject, records, now))
    return content.getvalue()


def personal_records(order_ids: Sequence[int]) -> list[OrderRecord]:
    """The orders with every personal field that is registered, the newest first."""
    orders = Order.objects.filter(pk__in=order_ids).select_related("partner").order_by("-pk")
    records = {order.pk: OrderRecord(order) for order in orders}
    _add_trips(records)
    _add_money(records)
    for personal in fields_of_orders():
        rows = personal.rows.filter(**{f"{personal.order}__in": list(records)}).order_by("pk")
        for order_id, value in rows.values_list(personal.order, personal.name):
            if value:
                record = records[order_id]
                label = str(personal.label)
                shown = record.values.setdefault(label, PersonalValue(label, personal.purpose))
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                if text not in shown.values:
                    shown.values.append(text)
                record.raw[f"{personal.model}.{personal.name}"].append(value)
    return list(records.values())


def _add_trips(records: dict[int, OrderRecord]) -> None:
    bookings = Booking.objects.filter(order__in=records).select_related(
        "from_stop__stop__city", "to_stop__stop__city"
    )
    tickets: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in Ticket.objects.filter(booking__order__in=records).select_related("seat"):
        tickets[ticket.booking_id].append(ticket)
    for booking in bookings:
        seats = "; ".join(
            f"{place_text(ticket)}, {format_zar(ticket.price)}, {ticket.get_status_display()}"
            for ticket in tickets[booking.pk]
        )
        origin, destination = booking.from_stop.stop, booking.to_stop.stop
        moment = local_text(booking.boards_at, ZoneInfo(origin.time_zone))
        records[booking.order_id].trips.append(
            f"{booking.booking_reference}: {origin.city} – {destination.city}, {moment} ({seats})"
        )


def _add_money(records: dict[int, OrderRecord]) -> None:
    for payment in Payment.objects.filter(order__in=records).order_by("pk"):
        records[payment.order_id].money.append(
            f"{payment.paid_at:%Y-%m-%d}: {format_zar(payment.amount)} ({payment.method})"
        )
    for refund in Refund.objects.filter(order__in=records).order_by("pk"):
        records[refund.order_id].money.append(
            f"{refund.created_at:%Y-%m-%d}: −{format_zar(refund.amount)} ({refund.get_status_display()})"
        )


def _as_json(subject: Subject, records: Sequence[OrderRecord], now: datetime) -> str:
    content = {
        "about": str(subject),
        "made_at": now,
        "orders": [
            {
                "placed_at": record.order.placed_at,
                "channel": record.order.channel,
                "status": record.order.status,
                "total_zar": f"{record.order.total:.2f}",
                "sold_by": record.order.partner.name if record.order.partner else None,
                "trips": record.trips,
                "money": record.money,
                "personal": record.raw,
            }
            for record in records
        ],
    }
    return json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
