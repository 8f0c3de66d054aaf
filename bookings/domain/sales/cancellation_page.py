"""What the page shows before anything is cancelled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.errors import Conflict, NotFound
from bookings.base.money import format_zar
from bookings.domain.fares.refund_rules import RefundRule
from bookings.domain.sales.booking_page import booking_segment, bookings_of
from bookings.domain.sales.cancellations import (
    CancellationQuote,
    QuoteLine,
    can_cancel,
    cancellation_quote,
    refusal_of,
)
from bookings.domain.sales.left_alone import left_alone, travelling_beside
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import VOUCHER, Account, Booking, Payment


@dataclass(frozen=True)
class CancelLine:
    ticket_id: int
    name: str
    seat: str
    fare: str
    back: str
    why: str
    is_chosen: bool


@dataclass(frozen=True)
class CancelView:
    reference: str
    trip: TripView
    lines: tuple[CancelLine, ...]
    chosen: tuple[int, ...]
    is_paid: bool
    refund: Decimal
    refund_text: str
    fee: Decimal
    fee_text: str
    fare_text: str
    drops_text: str
    then_text: str
    refusal: Conflict | None = None  # why not all of those who were asked for can be cancelled
    may_be_voucher: bool = False  # whether its customer may have the refund as a voucher

    @property
    def is_all(self) -> bool:
        return len(self.chosen) == len(self.lines)


def cancel_view(
    reference: str, ticket_ids: Collection[int] | None = None, *, waived: bool = False, now: datetime
) -> CancelView:
    """The quote for these tickets of a booking, or for all of them, passenger by passenger.

    Those that are not on the booking, or that cannot be cancelled, are told by `refusal` and are not chosen.
    Raises NotFound, and Conflict when nothing can be cancelled any more.
    """
    money = Payment.objects.filter(order=OuterRef("order")).exclude(method__in=(VOUCHER, Account.PARTNER))
    rows = Booking.objects.select_related("order").annotate(came_as_money=Exists(money))
    booking_row = rows.filter(booking_reference=normal_code(reference)).first()
    if booking_row is None:
        raise NotFound(_("We could not find this booking."))
    bookings = bookings_of(booking_row.order)
    booking = next(candidate for candidate in bookings if candidate.pk == booking_row.pk)
    whole = cancellation_quote(booking, waived=waived, now=now)
    overdue = not whole.is_paid and not booking_row.order.is_open(now)
    if not can_cancel(booking, now) or not whole.lines or overdue:
        raise Conflict(
            _(
                "This booking can no longer be cancelled here: "
                "it is cancelled, expired, or its departure time has passed."
            )
        )
    chosen = tuple(
        line.ticket.pk for line in whole.lines if ticket_ids is None or line.ticket.pk in ticket_ids
    )
    refusal = refusal_of(booking, ticket_ids or (), [line.ticket for line in whole.lines])
    refusal = refusal or left_alone(booking, chosen, travelling_beside(booking, bookings))
    view = _view(booking, whole, cancellation_quote(booking, chosen, waived=waived, now=now), refusal)
    may_be_voucher = view.refund > 0 and bool(booking_row.order.email) and booking_row.came_as_money
    return replace(view, may_be_voucher=may_be_voucher)


def _view(
    booking: Booking, whole: CancellationQuote, quote: CancellationQuote, refusal: Conflict | None
) -> CancelView:
    chosen = tuple(line.ticket.pk for line in quote.lines)
    zone = ZoneInfo(booking.from_stop.stop.time_zone)
    return CancelView(
        reference=booking.booking_reference,
        trip=trip_view(booking_segment(booking)),
        lines=tuple(_line(line, line.ticket.pk in chosen) for line in whole.lines),
        chosen=chosen,
        is_paid=quote.is_paid,
        refund=quote.refund,
        refund_text=format_zar(quote.refund),
        fee=quote.fee,
        fee_text=format_zar(quote.fee),
        fare_text=format_zar(quote.fare),
        drops_text=local_text(quote.drops_at, zone) if quote.drops_at else "",
        then_text=format_zar(quote.then),
        refusal=refusal,
    )


def _line(line: QuoteLine, is_chosen: bool) -> CancelLine:
    why = {
        RefundRule.GRACE: _("booked just now: no fee"),
        RefundRule.TIER: _("%(fee)s fee") % {"fee": format_zar(line.quote.fee)},
        RefundRule.TOO_LATE: _("too close to departure for a refund"),
        RefundRule.NOT_PAID: _("not paid yet"),
        RefundRule.WAIVED: _("fee waived"),
        RefundRule.LEFT_BEHIND: _("standby without a seat"),
        RefundRule.DISRUPTED: _("we could not bring you as booked: no fee"),
    }[line.quote.rule]
    ticket = line.ticket
    return CancelLine(
        ticket_id=ticket.pk,
        name=ticket.full_name,
        seat=ticket.seat.label if ticket.seat else "",
        fare=format_zar(ticket.price),
        back=format_zar(line.quote.amount),
        why=why,
        is_chosen=is_chosen,
    )
