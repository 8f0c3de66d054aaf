"""A sale by a partner's program.

Hold, order and payment of the web's own functions, each once per idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code, random_token, sha256
from bookings.base.errors import Conflict, NotFound, ReferenceTaken, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now
from bookings.domain.fares.prices import split_laps
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.partners.quotes import Promise, QuoteOutdated, read_quote
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import (
    CheckoutRequest,
    discount_of,
    place_order,
    save_draft,
    trip_fares,
)
from bookings.domain.sales.held_trips import hold_trips
from bookings.domain.sales.hold_renewal import release_hold
from bookings.domain.sales.holds import HoldRequest, hold_requested
from bookings.domain.sales.idempotency import Answered, answer_once
from bookings.domain.sales.orders import PassengerDetails
from bookings.domain.sales.partner_accounts import pay_on_account
from bookings.domain.sales.promo_codes import keep_promo_code
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.models import ApiKey, Booking, Channel, Hold, Order, Partner

OrderedPassenger = Mapping[str, Any]  # as PassengerDetails, with uses_wheelchair and extra_luggage
_ASKED_ONLY: Final = ("uses_wheelchair", "extra_luggage")
_OWNER: Final = "partner:%d:"
_NETWORK: Final = "partner:%d"  # all that a partner holds unpaid counts against its share of a coach


@dataclass(frozen=True)
class Request:
    """One request of a program, by which it is known again.

    The key, its Idempotency-Key, and all that it said; `answer` makes what it is told of the result.
    """

    key: ApiKey
    token: str
    content: str
    answer: Callable[[str], str]

    @property
    def partner(self) -> Partner:
        return self.key.partner

    @property
    def scope(self) -> str:
        return f"api:{self.key.pk}"

    @property
    def inner(self) -> str:
        """A token for the steps within, that no other key's request can have."""
        return sha256(f"{self.scope}:{self.token}")


def answer_request(request: Request, action: Callable[[], str], now: datetime | None) -> Answered:
    """Do what a program asks, once by its key and token, and keep what it is told."""
    return answer_once(
        request.scope,
        request.token,
        request.content,
        action=action,
        answer=request.answer,
        now=now or database_now(),
    )


def hold_quoted(request: Request, quote: str, *, now: datetime | None = None) -> Answered:
    """Keep the seats of a quote at its price, all or none. The result is the hold's token.

    Raises QuoteOutdated when they cost something else by now, and what holding raises.
    """
    return answer_request(
        request, lambda: _hold(request.partner, read_quote(request.partner, quote), now), now
    )


def _hold(partner: Partner, promise: Promise, now: datetime | None) -> str:
    lock_schedules(seats.segment.schedule_id for seats in promise.requests)
    now = now or database_now()
    owner, token = f"{_OWNER % partner.pk}{random_token()}", ""
    for seats in promise.requests:
        types, laps = split_laps(promise.types)
        count = None if seats.labels else len(types)
        request = HoldRequest(owner, _NETWORK % partner.pk, Channel.API, types, adds_to=token, laps=laps)
        token = hold_requested(replace(seats, count=count), request, now=now).hold.token
    if promise.promo_code:
        keep_promo_code(token, promise.promo_code, owner=owner)
    total = hold_total(partner_hold(token, partner), now=now)
    if total != promise.total:
        prices = {"now": format_zar(total), "quoted": format_zar(promise.total)}
        raise QuoteOutdated(
            _(
                "The price is %(now)s now, not %(quoted)s as quoted. Nothing is held; "
                "please ask for a new quote."
            )
            % prices
        )
    return token


def hold_total(hold: Hold, *, now: datetime) -> Decimal:
    """What the seats cost, less what the promo code takes off. Raises PromoCodeRefused."""
    trips = hold_trips(hold.token)
    discount = discount_of(hold, trips, channel=Channel.API, now=now)
    discount.check()
    return sum((fare for trip in trips for fare in trip_fares(trip, hold.draft)), ZERO) - discount.total


def partner_hold(token: str, partner: Partner) -> Hold:
    """Raises NotFound for a hold that is not this partner's."""
    hold = (
        Hold.objects.select_related("order")
        .filter(token=token, owner__startswith=_OWNER % partner.pk)
        .first()
    )
    if hold is None:
        raise NotFound(_("We could not find this hold."))
    return hold


def give_back(token: str, partner: Partner) -> None:
    """The seats are free again at once. Raises Conflict once they are ordered."""
    hold = partner_hold(token, partner)
    if getattr(hold, "order", None):
        raise Conflict(_("These seats are already ordered; cancel the booking instead."))
    release_hold(token, owner=hold.owner)


@dataclass(frozen=True)
class OrderDetails:
    """What is ordered: the held seats for these people."""

    hold: str
    passengers: tuple[OrderedPassenger, ...]
    email: str
    phone: str
    pay_later: bool
    external_reference: str = ""  # what the partner calls it


def order_held(request: Request, details: OrderDetails, *, now: datetime | None = None) -> Answered:
    """Order held seats at the price that they were held for. The result is the order's token.

    Raises Refusal when the passengers are not those that the seats were quoted for, HoldExpired,
    ReferenceTaken, and what placing an order raises.
    """
    try:
        return answer_request(request, lambda: _order(request, details, now), now)
    except IntegrityError:
        _check_reference(request.partner, details.external_reference)  # somebody else called another so
        raise


def _check_reference(partner: Partner, reference: str) -> None:
    """Raises ReferenceTaken for one that another order of the partner has, in whatever state that is."""
    if reference:
        taken = Order.objects.filter(partner=partner, external_reference=reference).first()
        if taken is not None:
            raise ReferenceTaken(reference, taken.token)


def _order(request: Request, details: OrderDetails, now: datetime | None) -> str:
    hold = partner_hold(details.hold, request.partner)
    if getattr(hold, "order", None):
        raise Conflict(_("These seats are already ordered."))
    _check_reference(request.partner, details.external_reference)
    types = [passenger.get("passenger_type", "") for passenger in hold.draft.get("passengers", [])]
    trip = hold.trips.order_by("position").first()
    in_wheelchairs = list(trip.seats.values_list("for_wheelchair", flat=True)) if trip else []
    passengers = _seated(
        details.passengers, [(kind, bool(is_place)) for kind, is_place in zip_longest(types, in_wheelchairs)]
    )
    lock_schedules(hold.trips.values_list("schedule", flat=True))
    save_draft(hold.token, owner=hold.owner, passengers=passengers, email=details.email, phone=details.phone)
    order = place_order(
        CheckoutRequest(
            hold.token, hold.owner, channel=Channel.API, pay_later=details.pay_later, partner=request.partner
        ),
        submission=request.inner,
        content="",
        now=now,
    )
    if details.external_reference:
        Order.objects.filter(pk=order.pk).update(external_reference=details.external_reference)
    return order.token


def _seated(
    passengers: Sequence[OrderedPassenger], seats: Sequence[tuple[str, bool]]
) -> list[PassengerDetails]:
    """The passengers in the order of the held `seats`, each on one that was quoted for their type, and on a
    place for a wheelchair whoever uses one.
    """
    types = [kind for kind, _is_place in seats]
    if sorted(passenger["passenger_type"] for passenger in passengers) != sorted(types):
        expected = {"types": ", ".join(types)}
        raise Refusal(
            _(
                "These seats were quoted for %(types)s; please name just these passengers, "
                "or ask for a new quote."
            )
            % expected
        )
    waiting = list(passengers)
    seated: list[PassengerDetails] = []
    for kind, is_place in seats:
        alike = [passenger for passenger in waiting if passenger["passenger_type"] == kind]
        passenger = min(alike, key=lambda other: bool(other.get("uses_wheelchair")) != is_place)
        if passenger.get("uses_wheelchair") and not is_place:
            raise Refusal(
                _("There are more wheelchairs than were quoted; please ask for a quote with `wheelchairs`.")
            )
        waiting.remove(passenger)
        said = {name: str(text) for name, text in passenger.items() if name not in _ASKED_ONLY}
        seated.append(said | {"luggage": str(passenger.get("extra_luggage") or "")})
    return seated


def pay_order(
    request: Request, order_token: str, amount: Decimal, *, voucher: str = "", now: datetime | None = None
) -> Answered:
    """Pay an order on the partner's account, after what a voucher of the customer pays, if its code was
    typed.

    Raises Conflict when `amount` is not what is owed, or nothing can be paid; CreditExceeded; and what
    `lock_voucher` raises. All or nothing.
    """
    order = partner_order(order_token, request.partner)

    def pay() -> str:
        rest = _paid_by_voucher(order, voucher, amount, request.inner, now) if voucher else amount
        if rest:
            pay_on_account(order.pk, external_id=f"api:{request.inner}", amount=rest, now=now)
        return order.token

    return answer_request(request, pay, now)


def _paid_by_voucher(
    order: Order, code: str, amount: Decimal, submission: str, now: datetime | None
) -> Decimal:
    """What is left of `amount`, which is all that is owed, when the voucher has paid."""
    paid = pay_with_voucher(order.pk, code, submission=submission, now=now)
    if paid.amount + paid.owed != amount:
        owed = {"amount": format_zar(paid.amount + paid.owed)}
        raise Conflict(_("%(amount)s is owed on this order. Nothing was paid.") % owed)
    return paid.owed


def cancel(
    request: Request,
    reference: str,
    *,
    ticket_ids: Sequence[int] | None,
    refund: Decimal,
    now: datetime | None = None,
) -> Answered:
    """Cancel a booking or some of its tickets for the refund that was quoted; the result is the reference of
    what was cancelled.

    Raises Conflict when the refund has fallen below `refund`, or nothing can be cancelled any more.
    """
    booking = partner_booking(reference, request.partner)

    def act() -> str:
        reason = _("by %(partner)s (API key %(key)s)") % {
            "partner": request.partner.name,
            "key": request.key.prefix,
        }
        return cancel_booking(
            CancellationRequest(
                booking.booking_reference, ticket_ids=ticket_ids, quoted=refund, reason=reason
            ),
            submission=request.inner,
            content="",
            now=now,
        ).booking_reference

    return answer_request(request, act, now)


def partner_order(token: str, partner: Partner) -> Order:
    """Raises NotFound for an order that is not this partner's."""
    order = Order.objects.filter(token=token, partner=partner).first()
    if order is None:
        raise NotFound(_("We could not find this order."))
    return order


def partner_booking(reference: str, partner: Partner) -> Booking:
    """Raises NotFound for a booking that is not this partner's."""
    code = normal_code(reference)[:12]
    booking = (
        Booking.objects.select_related("order").filter(booking_reference=code, order__partner=partner).first()
    )
    if booking is None:
        raise NotFound(_("We could not find this booking."))
    return booking
