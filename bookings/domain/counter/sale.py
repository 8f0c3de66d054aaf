"""A sale at the counter: hold, order and payment of the web's own functions, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code, random_token
from bookings.base.errors import NotFound
from bookings.database.transactions import database_now
from bookings.domain.counter.shifts import lock_shift
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.sales.checkout import Check, CheckoutRequest, place_order, save_draft
from bookings.domain.sales.hold_renewal import rehold, release_hold
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_requested
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.orders import PassengerDetails
from bookings.domain.sales.promo_codes import keep_promo_code
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Channel, Hold, HoldTrip, Order, SaleStatus, Shift, User

_OWNER: Final = "clerk:%d:"


@dataclass(frozen=True)
class Sale:
    """Who travels, on seats that are held already (`hold`), or that are to be held now, or both."""

    passengers: tuple[PassengerDetails, ...]
    tender: Tender
    hold: str = ""
    seats: tuple[SeatRequest, ...] = ()
    email: str = ""
    phone: str = ""
    promo_code: str = ""  # empty: that of the hold, if it has one

    @property
    def content(self) -> str:
        people = [dict(sorted(passenger.items())) for passenger in self.passengers]
        facts = (people, self.tender, self.hold, self.seats, self.email, self.phone)
        return repr((*facts, self.promo_code) if self.promo_code else facts)


def counter_hold(token: str, clerk: User) -> Hold:
    """The hold of a sale of this clerk. Raises NotFound for anybody else's."""
    hold = Hold.objects.filter(token=token, owner__startswith=_OWNER % clerk.pk).first()
    if hold is None:
        raise NotFound(_("We cannot find these seats. They may belong to another clerk's sale."))
    return hold


def sale_wheelchairs(hold: Hold) -> int:
    """How many wheelchairs the sale has places for so far: one query."""
    by_trip = hold.trips.annotate(number=Count("seats", filter=Q(seats__for_wheelchair=True)))
    return max(by_trip.values_list("number", flat=True), default=0)


def keep_seats(seats: SeatRequest, *, clerk: User, hold: str = "", now: datetime | None = None) -> Hold:
    """Keep seats while the names are typed. With `hold` they join that sale, or replace its seats on the same
    departure.

    Each sale is an owner of its own, so that two sales of a clerk on one departure leave each other alone.
    Raises what holding seats raises: SeatTaken with the nearest free ones, SoldOut, SalesClosed, Refusal.
    """
    owner, draft, promo_code = f"{_OWNER % clerk.pk}{random_token()}", {}, ""
    if hold:
        known = counter_hold(hold, clerk)
        if known.trips.exclude(schedule=seats.segment.schedule_id).exists():  # the same people both ways
            seats = replace(seats, wheelchairs=sale_wheelchairs(known))
        owner, draft, promo_code = known.owner, known.draft, known.promo_code
        if known.expires_at <= (now or database_now()):
            hold = _taken_up(known, seats.segment, now)
    held = hold_requested(seats, HoldRequest(owner, channel=Channel.COUNTER, adds_to=hold), now=now).hold
    if draft and not hold:  # the names that were typed for the seats that ran out
        passengers, email, phone = (draft.get(name) for name in ("passengers", "email", "phone"))
        save_draft(held.token, owner=owner, passengers=passengers or [], email=email or "", phone=phone or "")
    if promo_code and not hold:
        keep_promo_code(held.token, promo_code, owner=owner)
    return held


def _taken_up(known: Hold, segment: SegmentRef, now: datetime | None) -> str:
    """A sale that ran out: the seats of its other trip are tried again.

    The trip that is chosen now starts anew.
    """
    if not known.trips.exclude(schedule=segment.schedule_id).exists():
        return ""
    return rehold(known.token, owner=known.owner, channel=Channel.COUNTER, now=now).token


def keep_typed(token: str, *, clerk: User, passengers: list[dict[str, str]], email: str, phone: str) -> None:
    """Keep what was typed so far, complete or not."""
    save_draft(token, owner=counter_hold(token, clerk).owner, passengers=passengers, email=email, phone=phone)


def keep_typed_code(token: str, code: str, *, clerk: User) -> None:
    """Keep what was typed as a promo code, good or not; empty: none."""
    keep_promo_code(token, code, owner=counter_hold(token, clerk).owner)


def give_back(token: str, *, clerk: User) -> None:
    """The customer changed their mind: the seats are free again at once."""
    release_hold(token, owner=counter_hold(token, clerk).owner)


def sell_now(sale: Sale, *, shift: Shift, submission: str, now: datetime | None = None) -> Order:
    """Hold what is not held yet, order and take the money: all of it or nothing, once per `submission`.

    Seats whose time ran out are tried again. Raises what those steps raise; then nothing has changed.
    """
    result = run_once(
        "sale",
        submission,
        sale.content,
        action=lambda: _sell(sale, shift, submission, now),
        now=now or database_now(),
    )
    return Order.objects.get(token=result)


def _sell(sale: Sale, shift: Shift, submission: str, now: datetime | None) -> str:
    order = order_sale(sale, shift=shift, submission=submission, now=now)
    pay(order, sale.tender, shift=shift, submission=submission, now=now)
    return order.token


def order_sale(
    sale: Sale,
    *,
    shift: Shift,
    submission: str,
    pay_later: bool = False,
    check: Check | None = None,
    now: datetime | None = None,
) -> Order:
    """Hold what is not held yet and order it, within the caller's transaction. `check` may refuse."""
    clerk, token = shift.clerk, sale.hold
    held = HoldTrip.objects.filter(hold__token=token).values_list("schedule", flat=True)
    lock_schedules([*held, *(seats.segment.schedule_id for seats in sale.seats)])
    lock_shift(shift)  # the order is not there yet, so nobody can wait for it crosswise
    now = now or database_now()
    for seats in sale.seats:
        token = keep_seats(seats, clerk=clerk, hold=token, now=now).token
    owner = counter_hold(token, clerk).owner
    save_draft(token, owner=owner, passengers=sale.passengers, email=sale.email, phone=sale.phone)
    if sale.promo_code:
        keep_promo_code(token, sale.promo_code, owner=owner)
    rehold(token, owner=owner, channel=Channel.COUNTER, now=now)
    return place_order(
        CheckoutRequest(token, owner, channel=Channel.COUNTER, pay_later=pay_later, shift=shift),
        submission=submission,
        content="",
        check=check,
        now=now,
    )


def pay(order: Order, tender: Tender, *, shift: Shift, submission: str, now: datetime | None = None) -> None:
    """Take the money for an order at the counter, once; one that costs nothing is confirmed already."""
    if order.status == SaleStatus.CONFIRMED and not order.total:
        return
    take_payment(order, tender, shift=shift, submission=submission, content=repr(tender), now=now)


def order_of(reference: str) -> Order:
    """The order that any of its references names. Raises NotFound."""
    code = normal_code(reference)[:12]
    order = Order.objects.filter(bookings__booking_reference=code).first() if code.isalnum() else None
    if order is None:
        raise NotFound(_("We could not find booking %(code)s.") % {"code": reference.strip()[:20]})
    return order


def take_over(
    reference: str, tender: Tender, *, shift: Shift, submission: str, now: datetime | None = None
) -> Order:
    """Take the money for an order that was made elsewhere, once per `submission`.

    Raises NotFound and what taking the money raises.
    """
    order = order_of(reference)
    pay(order, tender, shift=shift, submission=submission, now=now)
    return order
