"""Who missed the coach stands by on a later one for a set fee, once, instead of losing everything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, SalesClosed
from bookings.base.money import cents
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.sale import pay
from bookings.domain.counter.shifts import lock_shift
from bookings.domain.counter.tender import Tender
from bookings.domain.disruptions.lines import line_of
from bookings.domain.disruptions.next_coach import chosen_of, departures_after
from bookings.domain.inventory.claims import lock_schedules, refresh
from bookings.domain.sales.bookings import booking_called
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.order_lines import fare_lines, insert_order, post_sale
from bookings.domain.sales.orders import TicketTerms, issue_ticket, open_booking
from bookings.domain.sales.text_messages import copy_contacts
from bookings.domain.timetable.segments import Segment, SegmentRef
from bookings.models import (
    Booking,
    Channel,
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    Order,
    Shift,
    Ticket,
)

Choice, By = DisruptionLine.Choice, DisruptionLine.By


@dataclass(frozen=True)
class MissedCoach:
    """Who missed the coach of a booking, and on which one they stand by."""

    reference: str
    ticket_ids: Collection[int]
    to: SegmentRef

    @property
    def content(self) -> str:
        return f"{self.reference} {sorted(self.ticket_ids)} {self.to}"


def sell_rescue(
    missed: MissedCoach, tender: Tender, *, shift: Shift, submission: str, now: datetime | None = None
) -> Order:
    """Sell who missed the coach standby on a later one of the next 24 hours for MISSED_COACH_FEE each, paid
    at once, once per `submission` and once in a trip: seats are given in order of sale when boarding closes.

    Raises Conflict for who has travelled, was rescued before or missed it too long ago; SalesClosed, or what
    taking the money raises.
    """

    def action() -> str:
        order = _place(missed, shift, now or database_now())
        pay(order, tender, shift=shift, submission=submission, now=now)
        return order.token

    content = f"{missed.content} {tender}"
    token = run_once("missed-coach", submission, content, action=action, now=now or database_now())
    return Order.objects.get(token=token)


def _place(missed: MissedCoach, shift: Shift, now: datetime) -> Order:
    booking = booking_called(missed.reference)
    locked = lock_schedules([missed.to.schedule_id, booking.schedule_id])
    lock_shift(shift)
    tickets = chosen_of(booking, missed.ticket_ids, now=now)
    if any(ticket.status != Ticket.Status.NO_SHOW for ticket in tickets):
        raise Conflict(_("Only who is marked as a no-show has missed the coach."))
    rescued = DisruptionLine.objects.filter(ticket__in=tickets, disruption__kind=Disruption.Kind.MISSED)
    if rescued.exists():
        raise Conflict(_("They have stood by once for this trip already."))
    segment = next((row for row in departures_after(booking, now=now) if row.ref == missed.to), None)
    if segment is None or not segment.is_on_sale(now, Channel.COUNTER):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    drop_expired(list(locked), now=now)
    segment = Segment(locked[segment.schedule.pk], segment.board, segment.alight)
    fee = cents(settings.MISSED_COACH_FEE)
    order = Order(
        token=random_token(),
        email=booking.order.email,
        phone=booking.order.phone,
        channel=Channel.COUNTER,
        pay_by=now + timedelta(minutes=company_settings.payment_minutes),
        placed_at=now,
        seller=shift.clerk,
        shift=shift,
    )
    insert_order(order, total=fee * len(tickets))
    standby = open_booking(order, segment, now=now)
    lines, new_tickets = [], {}
    for ticket in tickets:
        passenger = {
            "first_name": ticket.first_name,
            "surname": ticket.surname,
            "help_request": ticket.help_request,
        }
        terms = TicketTerms(
            None,
            ticket.passenger_type,
            ticket.fare_class,
            fee,
            Ticket.Place.STANDBY,
            needs_wheelchair=ticket.needs_wheelchair,
        )
        new_tickets[ticket.pk] = issue_ticket(standby, passenger, terms)
        lines += fare_lines(new_tickets[ticket.pk], is_abroad=segment.is_abroad)
    copy_contacts(new_tickets)
    post_sale(standby, lines, now=now)
    _write_case(booking, tickets, segment, shift, now)
    refresh(locked)
    return order


def _write_case(
    booking: Booking, tickets: Sequence[Ticket], segment: Segment, shift: Shift, now: datetime
) -> None:
    """Closed at once: whoever asks later sees that they had their rescue."""
    case = Disruption.objects.create(
        kind=Disruption.Kind.MISSED,
        status=Disruption.Status.CLOSED,
        reason=Disruption.Reason.OTHER,
        created_by=shift.clerk,
        created_at=now,
        confirmed_by=shift.clerk,
        confirmed_at=now,
        closed_at=now,
    )
    left = booking.schedule
    DisruptedSchedule.objects.create(disruption=case, schedule=left, revision=left.revision)
    lines = []
    for ticket in tickets:
        ticket.booking = booking
        line = line_of(case, ticket)
        line.new_schedule, line.new_from_stop, line.new_to_stop = (
            segment.schedule,
            segment.board,
            segment.alight,
        )
        line.action, line.note = DisruptionLine.Action.STAY, _("stands by on a later coach")
        line.choice, line.chosen_by, line.chosen_at, line.actor = Choice.OTHER, By.STAFF, now, shift.clerk
        lines.append(line)
    DisruptionLine.objects.bulk_create(lines)
