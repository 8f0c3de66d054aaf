"""What every change to a paid booking shares.

Who may be changed, what it costs, and how the difference is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import format_zar
from bookings.domain.sales.cancellations import returnable_tickets
from bookings.domain.sales.messages import notify_partner, queue_message
from bookings.domain.sales.order_lines import Cause, LineChange, write_lines
from bookings.domain.sales.refunds import owe_refund
from bookings.domain.timetable.call_times import expected_boards_at
from bookings.models import (
    Account,
    Booking,
    Order,
    OutboxMessage,
    Refund,
    SaleStatus,
    Ticket,
    User,
    Webhook,
)

# Takes the balance of an order (first) at the till, or pays the refunds that a change owes (second), within
# the change's transaction.
Settle = Callable[[Order, Decimal, Sequence[Refund]], None]


@dataclass(frozen=True)
class Difference:
    """Old value, new fare and fee of a change. A positive balance is to be paid, a negative one goes back."""

    old: Decimal
    new: Decimal
    fee: Decimal

    @property
    def balance(self) -> Decimal:
        return self.new + self.fee - self.old

    def check(self, quoted: Decimal | None) -> None:
        """Raises Conflict unless this is still what the customer was told."""
        if quoted is not None and quoted != self.balance:
            facts = {"amount": format_zar(self.balance)}
            raise Conflict(
                _("The price has changed: the balance is now %(amount)s. Please check again.") % facts
            )


def booking_called(reference: str) -> Booking:
    """The booking with all that a quote needs. Raises NotFound."""
    rows = Booking.objects.select_related(
        "order", "schedule__route__line", "from_stop__stop__city", "to_stop__stop__city"
    )
    booking = rows.filter(booking_reference=normal_code(reference)[:12]).first()
    if booking is None:
        raise NotFound(_("We could not find this booking."))
    return booking


def locked_booking(reference: str) -> Booking:
    """Read fresh after the locks of its departures and its order."""
    Booking.objects.select_for_update(no_key=True).get(booking_reference=normal_code(reference)[:12])
    return booking_called(reference)


def changeable(booking: Booking, ticket_ids: Collection[int] | None, now: datetime) -> list[Ticket]:
    """The tickets to change, all of them still good.

    Raises Conflict when somebody was first, Refusal for nobody.
    """
    if booking.status != SaleStatus.CONFIRMED:
        raise Conflict(
            _(
                "This booking is not paid or no longer valid: it cannot be changed. Take its payment, or "
                "make a new sale."
            )
        )
    tickets = returnable_tickets(booking, ticket_ids, now)
    if now >= expected_boards_at(booking) and not tickets:
        raise Conflict(_("The departure time has passed: this booking can no longer be moved to another."))
    if ticket_ids is not None and not ticket_ids:
        raise Refusal(_("Choose at least one passenger."))
    if not tickets or (ticket_ids is not None and len(tickets) != len(set(ticket_ids))):
        raise Conflict(_("Somebody else has just changed this booking. Please check again."))
    return tickets


def post_difference(
    booking: Booking,
    cause: str,
    change: LineChange,
    *,
    actor: User | None,
    settle: Settle | None,
    now: datetime,
) -> None:
    """Book the lines of a change and settle what they come to.

    What is to be paid is taken within this transaction, or the change does not happen.
    """
    balance = change.total
    against = Account.RECEIVABLE if balance > 0 else Account.REFUNDS_OWED
    write_lines(booking, change, Cause(name=cause, against=against, at=now, actor=actor))
    refunds = owe_refund(booking, cause, -balance, now=now)
    if balance > 0 and settle is None:
        raise Refusal(_("%(amount)s has to be paid for this change.") % {"amount": format_zar(balance)})
    if settle and balance:
        settle(booking.order, max(balance, Decimal(0)), refunds)


def mail_new_tickets(booking: Booking, cause: str, *, now: datetime) -> None:
    """Tell the customer, and the partner who sold the booking, of a change."""
    notify_partner(booking.order, Webhook.Event.CHANGED, booking, at=now)
    queue_message(OutboxMessage.Kind.CONFIRMATION, booking.order, booking.order, version=cause[:40], now=now)


def next_cause(kind: str, booking: Booking) -> str:
    """A name for a posting that no earlier change of the booking has used."""
    return f"{kind}:{booking.pk}:{booking.events.count()}"
