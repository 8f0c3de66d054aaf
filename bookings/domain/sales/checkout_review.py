"""From the review page to an order: what the customer saw is what is ordered, or nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import Conflict
from bookings.domain.fares.prices import fare_classes
from bookings.domain.fares.refund_lines import RefundTermLine, refund_lines
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.checkout_page import CheckoutView, view_of
from bookings.domain.sales.gateways import chosen_gateway
from bookings.domain.sales.payments import open_attempt, start_payment
from bookings.models import Hold, HoldTrip, Order

PAY_NOW: Final = "now"
PAY_LATER: Final = "later"
PAY_BY_VOUCHER: Final = "voucher"


class ReviewOutdated(Conflict):
    """What would be ordered is no longer what the review page showed."""


@dataclass(frozen=True)
class FareRules:
    """The refund rules of one fare class of an order."""

    class_name: str
    lines: tuple[RefundTermLine, ...]


@dataclass(frozen=True)
class Placed:
    order: Order
    pay_at: str  # where to send the browser to pay; empty when there is nothing to pay now


def review_digest(checkout: CheckoutView) -> str:
    """A fingerprint of all that is ordered and what it costs."""
    trips = [f"{trip.ref}|{trip.departs_iso}|{','.join(trip.seats)}" for trip in checkout.trips]
    people = [
        f"{row.first_name}|{row.surname}|{row.passenger_type}|{row.fare_text}|{row.help_request}|{row.luggage}"
        f"|{row.contact_phone}|{row.contact_email}"
        for row in checkout.passengers
    ]
    contact = [str(checkout.draft.get("email", "")), str(checkout.draft.get("phone", ""))]
    price = [checkout.promo.code, str(checkout.total)]
    return sha256("\n".join([*trips, *people, *contact, *price]))


def fare_rules(checkout: CheckoutView) -> tuple[FareRules, ...]:
    """The refund rules of the held seats, class by class."""
    return tuple(
        FareRules(fare_class.name, refund_lines(RefundTerms.of_policy(fare_class.refund_policy)))
        for fare_class in fare_classes()
        if fare_class.pk in checkout.class_ids
    )


def place_and_pay(
    token: str, *, owner: str, submission: str, digest: str, choice: str, now: datetime | None = None
) -> Placed:
    """Order what the review page showed, once per `submission`, and open its payment with it unless it is
    paid later or by voucher. `choice` is PAY_LATER, PAY_BY_VOUCHER, PAY_NOW, or the gateway to pay through.

    The same again leads to the same order. Raises ReviewOutdated when `digest` no longer fits, and whatever
    place_order raises.
    """

    def check(hold: Hold, trips: list[HoldTrip], moment: datetime) -> None:
        if digest != review_digest(view_of(hold, trips, now=moment)):
            raise ReviewOutdated(
                _(
                    "Something has changed since you opened this page. Please check your order again; "
                    "nothing was booked."
                )
            )

    opened: list[str] = []

    def pay(order: Order, moment: datetime) -> None:
        if order.total > 0:
            opened.append(open_attempt(order, order.total, gateway=gateway, now=moment))

    later, is_opened_later = choice == PAY_LATER, choice in (PAY_LATER, PAY_BY_VOUCHER)
    gateway = chosen_gateway("" if choice == PAY_NOW or is_opened_later else choice)
    order = place_order(
        CheckoutRequest(token, owner, pay_later=later),
        submission=submission,
        content=f"{digest} {PAY_LATER if later else PAY_NOW}",
        check=check,
        then=None if is_opened_later else pay,
        now=now,
    )
    if is_opened_later or order.pays_later:
        return Placed(order, "")
    if opened:
        return Placed(order, opened[0])
    try:
        return Placed(order, start_payment(order.pk, gateway=gateway, now=now))
    except Conflict:  # paid meanwhile, free of charge, or out of time: the order's own page says which
        return Placed(order, "")
