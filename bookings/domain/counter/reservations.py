"""Seats that staff keep for somebody who pays later: at any counter, by EFT, or online."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.sale import Sale, order_sale
from bookings.domain.counter.tender import take_parts
from bookings.domain.inventory.seat_choice import sold_seats
from bookings.domain.sales.idempotency import run_once
from bookings.models import Channel, Hold, HoldTrip, Order, SaleStatus, Schedule, Shift, Ticket


class ReservationsFull(Refusal):
    """Staff keep as many unpaid seats of a coach as they may."""


def reserve(sale: Sale, *, shift: Shift, submission: str, now: datetime | None = None) -> Order:
    """Keep the seats of a sale until its pay-by time, once per `submission`; it expires by itself.

    The parts of a split payment are taken at once, its rest is awaited. Raises Refusal without a contact or
    close to departure, ReservationsFull over RESERVATION_COACH_SHARE, and what a sale raises.
    """
    result = run_once(
        "reserve",
        submission,
        sale.content,
        action=lambda: _reserve(sale, shift, submission, now),
        now=now or database_now(),
    )
    return Order.objects.get(token=result)


def _reserve(sale: Sale, shift: Shift, submission: str, now: datetime | None) -> str:
    if not sale.email and not sale.phone:
        raise Refusal(_("Enter a mobile number or an e-mail address: who pays later must be reached."))
    now = now or database_now()
    order = order_sale(sale, shift=shift, submission=submission, pay_later=True, check=_check_share, now=now)
    if order.status == SaleStatus.PENDING:  # one that costs nothing is confirmed already
        take_parts(order, sale.tender, shift=shift, submission=submission, now=now)
    return order.token


def _check_share(hold: Hold, trips: list[HoldTrip], now: datetime) -> None:
    for trip in trips:
        most = int(len(sold_seats(trip.schedule.layout_id)) * company_settings.reservation_coach_share)
        if reserved_seats(trip.schedule, now=now) + len(trip.seats.all()) > most:
            raise ReservationsFull(
                _("At most %(most)d seats of a coach are reserved unpaid. Take the payment now.")
                % {"most": most}
            )


def reserved_seats(schedule: Schedule, *, now: datetime) -> int:
    """How many seats of a departure staff keep unpaid: one query."""
    return Ticket.objects.filter(
        schedule=schedule,
        seat__isnull=False,
        status=Ticket.Status.VALID,
        booking__status=SaleStatus.PENDING,
        booking__order__channel=Channel.COUNTER,
        booking__order__pays_later=True,
        booking__order__pay_by__gt=now,
    ).count()
