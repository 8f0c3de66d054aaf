"""A case as the desk sees it: its departures, a line per passenger, who was told, who has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bookings.base.errors import NotFound
from bookings.domain.disruptions.cases import (
    get_case,
    is_over_limits,
    is_urgent,
    may_be_refunded,
    most_refunds,
)
from bookings.domain.disruptions.choice_page import PartyView, party_view
from bookings.domain.disruptions.parties import parties_of_lines
from bookings.domain.disruptions.seats import FreeSeats
from bookings.domain.disruptions.swap import pieces_too_many
from bookings.domain.disruptions.text_notices import Told, contact_phones, texts_of_case
from bookings.models import (
    Channel,
    Disruption,
    DisruptionLine,
    OutboxMessage,
    RouteStop,
    Schedule,
    TextMessage,
    Ticket,
)


class Outcome(StrEnum):
    """Where a passenger of a case stands."""

    PLANNED = "planned"  # nothing has been done yet
    SEATED = "seated"
    WAITING = "waiting"
    REFUNDED = "refunded"
    OVER = "over"  # exchanged or travelled


class Notice(StrEnum):
    """How far the message to the order is."""

    NOT_YET = ""
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    NO_ADDRESS = "no_address"
    PARTNER = "partner"  # by its webhook


@dataclass(frozen=True)
class DeskLine:
    line: DisruptionLine
    ticket: Ticket
    outcome: Outcome
    notice: Notice
    phone: str
    texts: Told = ()  # to the passenger, or to the buyer

    @property
    def is_answered(self) -> bool:
        return self.line.choice != DisruptionLine.Choice.NONE or self.outcome in (
            Outcome.REFUNDED,
            Outcome.OVER,
        )

    @property
    def is_unreached(self) -> bool:
        """Whether somebody has to call: no message has gone out or arrived, and there is no answer."""
        has_arrived = any(text.state in TextMessage.ARRIVED for text in self.texts)
        is_told = self.notice in (Notice.SENT, Notice.NOT_YET, Notice.PARTNER)
        return not (self.is_answered or has_arrived or is_told)


@dataclass(frozen=True)
class CaseDesk:
    case: Disruption
    schedules: tuple[Schedule, ...]
    first_stops: dict[int, RouteStop]  # by route
    lines: tuple[DeskLine, ...]  # by stop and boarding time
    most_refunds: Decimal
    is_over_limits: bool
    is_urgent: bool
    pieces_too_many: int  # extra luggage for which another coach has no room

    def count(self, *outcomes: Outcome) -> int:
        return sum(line.outcome in outcomes for line in self.lines)


def list_cases(*, is_closed: bool = False) -> list[Disruption]:
    """The open cases, or the last ones that were closed, with their departures."""
    rows = Disruption.objects.select_related("created_by").prefetch_related(
        "schedules__schedule__route__line"
    )
    closed = Disruption.Status.CLOSED
    return list((rows.filter(status=closed) if is_closed else rows.exclude(status=closed))[:50])


def get_desk(case_id: int, *, now: datetime) -> CaseDesk:
    """Seven queries and those of the case. Raises NotFound."""
    case = get_case(case_id)
    own = case.schedules.filter(is_target=False).select_related("schedule__route__line")
    schedules = tuple(row.schedule for row in own)
    related = (
        "ticket__seat",
        "ticket__schedule",
        "ticket__booking__order",
        "ticket__booking__from_stop__stop",
    )
    stops = ("from_stop__stop__city", "to_stop__stop__city", "from_seat", "new_schedule", "new_seat")
    lines = list(
        case.lines.select_related(*related, *stops, "new_from_stop__stop").order_by(
            "boards_at", "from_stop", "pk"
        )
    )
    sent = _messages_of(case)
    texts, phones = texts_of_case(case), contact_phones(case)
    first_stops = RouteStop.objects.filter(
        route__in=[schedule.route_id for schedule in schedules], position=0
    )
    counted = may_be_refunded(case, lines)
    return CaseDesk(
        case=case,
        schedules=schedules,
        first_stops={call.route_id: call for call in first_stops.select_related("stop__city")},
        lines=tuple(_with_texts(_desk_line(case, line, sent), texts, phones) for line in lines),
        most_refunds=most_refunds(counted),
        is_over_limits=is_over_limits(counted),
        is_urgent=is_urgent(schedules, now),
        pieces_too_many=_pieces_too_many(case, schedules, now),
    )


def _pieces_too_many(case: Disruption, schedules: Sequence[Schedule], now: datetime) -> int:
    """Of a swap: three queries."""
    if case.layout_id is None:
        return 0
    return max((pieces_too_many(schedule, case.layout_id, now=now) for schedule in schedules), default=0)


def _messages_of(case: Disruption) -> dict[int, OutboxMessage]:
    """By order."""
    links = case.links.filter(ticket=None).values_list("pk", flat=True)
    rows = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.DISRUPTION, about_id__in=list(links))
    return {message.order_id or 0: message for message in rows.order_by("pk")}


def _desk_line(case: Disruption, line: DisruptionLine, sent: dict[int, OutboxMessage]) -> DeskLine:
    ticket = line.ticket
    order = ticket.booking.order
    is_planned = case.status in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED)
    message = sent.get(order.pk)
    notice = Notice.NOT_YET
    if not is_planned:
        notice = _notice(message, has_address=bool(order.email), is_partner=order.channel == Channel.API)
    return DeskLine(line, ticket, Outcome.PLANNED if is_planned else _outcome(ticket), notice, order.phone)


def _with_texts(row: DeskLine, texts: dict[tuple[int, int], Told], phones: dict[int, str]) -> DeskLine:
    order_id, ticket_id = row.ticket.booking.order_id, row.ticket.pk
    own = (*texts.get((order_id, 0), ()), *texts.get((order_id, ticket_id), ()))
    return replace(row, texts=own, phone=phones.get(ticket_id) or row.phone)


def _outcome(ticket: Ticket) -> Outcome:
    if ticket.status == Ticket.Status.CANCELLED:
        return Outcome.REFUNDED
    if ticket.status != Ticket.Status.VALID:
        return Outcome.OVER
    return Outcome.WAITING if ticket.place == Ticket.Place.WAITING else Outcome.SEATED


def _notice(message: OutboxMessage | None, *, has_address: bool, is_partner: bool) -> Notice:
    if not has_address:
        return Notice.PARTNER if is_partner else Notice.NO_ADDRESS
    if message is None:
        return Notice.QUEUED
    return (
        Notice.FAILED
        if message.failed_at or message.bounced_at
        else Notice.SENT
        if message.sent_at
        else Notice.QUEUED
    )


def get_party(case_id: int, reference: str, *, now: datetime) -> tuple[Disruption, int, PartyView]:
    """A party of a case with what staff may decide for it, and the id of its order. Raises NotFound."""
    case = get_case(case_id)
    lines: Sequence[DisruptionLine] = list(
        case.lines.filter(ticket__booking__booking_reference=reference).select_related(
            "ticket__booking", "from_stop__stop__city", "to_stop__stop__city"
        )
    )
    for party in parties_of_lines(lines):
        is_open = case.status == Disruption.Status.CONFIRMED
        view = party_view(party, list(lines), FreeSeats(now), offers=is_open, is_staff=True, now=now)
        return case, party.order_id, view
    raise NotFound("Nothing is left to decide for this booking.")
