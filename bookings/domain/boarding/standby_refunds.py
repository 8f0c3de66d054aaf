"""Who paid to stand by and stayed behind: all of it goes back, to everybody in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now
from bookings.domain.boarding.coach_load import CoachLoad, boarding_times, coach_load
from bookings.domain.counter.exchange import Till
from bookings.domain.counter.shifts import require_shift
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.models import Refund, Ticket


@dataclass(frozen=True)
class GivenBack:
    people: int
    amount: Decimal
    is_paid: bool  # out of the till; else each booking owes its refund, with a task


def unseated_standby(load: CoachLoad, position: int, now: datetime) -> list[Ticket]:
    """Who stood by at this stop in vain, in order of sale; nobody before the coach leaves it or is due to."""
    if not load.has_left(position) and now < boarding_times(load.schedule, load.call_at(position)).departs:
        return []
    return load.standby_at(position)


def refund_left_behind(
    schedule_id: int,
    position: int,
    *,
    seen: Sequence[int],
    till: Till,
    submission: str,
    now: datetime | None = None,
) -> GivenBack:
    """Cancel and refund in full everybody who was left behind at a stop, out of the till or as
    owed.

    One transaction for each booking, once per `submission`: whatever stops it half-way, sending the form
    again does the rest. `seen` are the tickets that the clerk saw: who was seated or moved meanwhile is left
    alone. Raises Conflict if nobody is left, NeedsApproval where a pay-out has to be signed; a refusal
    half-way says what was given back before.
    """
    moment = now or database_now()
    in_cash = till.tender is not None
    if in_cash:
        require_shift(till.clerk)
    waiting = [
        ticket
        for ticket in unseated_standby(coach_load(schedule_id, now=moment), position, moment)
        if ticket.pk in seen
    ]
    people, amount = 0, ZERO
    for booking, of_booking in groupby(waiting, key=lambda ticket: ticket.booking):
        tickets = [ticket.pk for ticket in of_booking]
        token = f"{submission[:60]}:{booking.pk}"
        try:
            cancelled = cancel_booking(
                CancellationRequest(
                    booking.booking_reference, ticket_ids=tickets, reason=_("standby without a seat")
                ),
                actor=till.clerk,
                afterwards=till.settle(token, now).pay_out,
                submission=token,
                content=repr((tickets, in_cash)),
                now=now,
            )
        except Refusal as refusal:
            if not people:
                raise
            facts = {"amount": format_zar(amount), "count": people, "why": refusal.message}
            refusal.args = (_("%(amount)s for %(count)d on standby is paid out. Then: %(why)s") % facts,)
            raise
        people += len(tickets)
        amount += sum((refund.amount for refund in Refund.objects.filter(booking=cancelled)), ZERO)
    if not people:
        raise Conflict(_("There is nobody to refund here any more."))
    return GivenBack(people, amount, in_cash)
