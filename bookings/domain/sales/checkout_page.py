"""What the checkout shows, as ready values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import ZERO, format_zar
from bookings.base.names import full_name
from bookings.cache.reference_data import single_version_check
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.companions import find_adult_missing
from bookings.domain.fares.luggage import (
    LuggageRefused,
    PricedLuggage,
    extra_luggage_text,
    luggage_prices,
    read_pieces,
)
from bookings.domain.fares.prices import lap_types, passenger_types
from bookings.domain.sales.checkout import (
    discount_of,
    draft_kinds,
    draft_problem,
    pay_later_until,
    segment_of,
    trip_fares,
)
from bookings.domain.sales.held_trips import hold_trips
from bookings.domain.sales.hold_renewal import MOST_RENEWALS
from bookings.domain.sales.luggage import luggage_total, trip_luggage
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import Channel, Hold, HoldTrip

TIME_IS_SHORT: Final = 180  # seconds; static/js/falcon.js reveals by it what then helps


@dataclass(frozen=True)
class PassengerRow:
    index: int
    seats: str
    first_name: str
    surname: str
    passenger_type: str
    fares: dict[str, str]
    fare_text: str
    help_request: str  # personal
    in_wheelchair: bool
    luggage: int = 0  # extra pieces, on every trip
    luggage_prices: tuple[str, ...] = ()  # of 1, 2, … pieces, on all trips together; none are sold
    contact_phone: str = ""  # their own, for news of the trip
    contact_email: str = ""

    @property
    def luggage_text(self) -> str:
        """What the extra pieces are and cost; empty for none."""
        if not 0 < self.luggage <= len(self.luggage_prices):
            return ""
        return f"{extra_luggage_text(self.luggage)}, {self.luggage_prices[self.luggage - 1]}"

    @property
    def name(self) -> str:
        return full_name(self.first_name, self.surname)


@dataclass(frozen=True)
class TypeChoice:
    slug: str
    name: str
    discount_note: str
    proof: str
    is_default: bool


@dataclass(frozen=True)
class PromoView:
    """What was typed as a promo code, and what it does."""

    code: str = ""
    discount: Decimal = ZERO
    discount_text: str = ""  # empty: nothing is taken off
    refusal: str = ""


NO_PROMO: Final = PromoView()


@dataclass(frozen=True)
class CheckoutView:
    token: str
    expires_at: datetime
    seconds_left: int
    is_expired: bool
    can_renew: bool
    trips: tuple[TripView, ...]
    segments: tuple[Segment, ...]  # of the trips
    passengers: tuple[PassengerRow, ...]
    types: tuple[TypeChoice, ...]
    draft: dict[str, Any]
    promo: PromoView
    total: Decimal  # less what the promo code takes off, with extra luggage
    total_text: str
    problem: str  # why it cannot be paid yet; empty if it can
    pay_later_until_text: str  # empty if it must be paid now
    proof_minutes: int  # for the mailbox of who pays later to answer
    order_token: str
    class_ids: frozenset[int]  # fare classes of the seats
    country: str  # ISO code of the first trip's start, empty if unknown
    is_abroad: bool  # a trip crosses a border
    luggage_total_text: str  # of all extra pieces; empty for none
    keeps_luggage: bool  # extra pieces are kept with the seats
    luggage_refunds: frozenset[str]  # LuggageRule.Refund of the extra pieces

    @property
    def is_complete(self) -> bool:
        return not self.problem

    @property
    def sells_luggage(self) -> bool:
        return any(row.luggage_prices for row in self.passengers)

    @property
    def is_summed_by_script(self) -> bool:
        """While passengers are typed: fares add up to the total, unless a promo code takes something off."""
        return not self.promo.discount_text

    @property
    def is_time_short(self) -> bool:
        """So that more of it is offered."""
        return self.seconds_left < TIME_IS_SHORT


@single_version_check()
def checkout_view(token: str, *, owner: str, channel: str = Channel.WEB, now: datetime) -> CheckoutView:
    """The checkout of this visitor's hold. Raises NotFound for anybody else's."""
    trips = hold_trips(token, owner=owner) if owner else []
    if not trips:
        raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))
    return view_of(trips[0].hold, trips, channel=channel, now=now)


def view_of(hold: Hold, trips: list[HoldTrip], *, channel: str = Channel.WEB, now: datetime) -> CheckoutView:
    """`hold` with its order, `trips` as `hold_trips` loads them."""
    segments = [segment_of(trip) for trip in trips]
    is_abroad = any(segment.is_abroad for segment in segments)
    fares = [trip_fares(trip, hold.draft) for trip in trips]
    discount = discount_of(hold, trips, channel=channel, now=now)
    luggage, luggage_problem = _luggage(trips, hold.draft)
    extra = luggage_total(luggage)
    total = sum((fare for of_trip in fares for fare in of_trip), extra) - discount.total
    until = pay_later_until(min(segment.boards_at for segment in segments), now)
    order = getattr(hold, "order", None)
    return CheckoutView(
        token=hold.token,
        expires_at=hold.expires_at,
        seconds_left=max(0, int((hold.expires_at - now).total_seconds())),
        is_expired=hold.expires_at <= now and order is None,
        can_renew=hold.renewals < MOST_RENEWALS and hold.expires_at > now and order is None,
        trips=tuple(
            trip_view(
                segment, tuple(held.seat.label for held in trip.seats.all()), format_zar(sum(of_trip, ZERO))
            )
            for segment, trip, of_trip in zip(segments, trips, fares, strict=True)
        ),
        segments=tuple(segments),
        passengers=_passenger_rows(trips, hold.draft, fares),
        types=tuple(
            TypeChoice(
                kind.slug,
                kind.name,
                _("%(percent)d%% off") % {"percent": kind.discount_percent} if kind.discount_percent else "",
                kind.proof,
                kind.is_default,
            )
            for kind in passenger_types().values()
        ),
        draft=hold.draft,
        promo=PromoView(
            discount.code,
            discount.total,
            format_zar(-discount.total) if discount.total else "",
            discount.refusal,
        ),
        total=total,
        total_text=format_zar(total),
        problem=draft_problem(hold.draft, len(trips[0].seats.all()))
        or _adult_missing(hold.draft, is_abroad)
        or luggage_problem
        or discount.refusal,
        pay_later_until_text=local_text(until) if until else "",
        proof_minutes=round(company_settings.pay_later_proof_minutes),
        order_token=order.token if order else "",
        class_ids=frozenset(held.fare_class_id for trip in trips for held in trip.seats.all()),
        country=segments[0].board.stop.city.country,
        is_abroad=is_abroad,
        luggage_total_text=format_zar(extra) if extra else "",
        keeps_luggage=any(trip.extra_luggage for trip in trips),
        luggage_refunds=frozenset(str(pieces.refund) for of in luggage for pieces in of if pieces.pieces),
    )


def _luggage(trips: list[HoldTrip], draft: dict[str, Any]) -> tuple[list[list[PricedLuggage]], str]:
    """The extra pieces of all on each trip, or why they cannot be had."""
    try:
        return [trip_luggage(trip, draft) for trip in trips], ""
    except LuggageRefused as refusal:
        return [], refusal.message


def _luggage_prices(trips: list[HoldTrip], index: int) -> tuple[str, ...]:
    """Of 1, 2, … extra pieces of the passenger at this place, as many as every trip allows."""
    by_trip = [
        luggage_prices(trip.schedule.route.line_id, seats[index if index < len(seats) else 0].fare_class_id)
        for trip in trips
        if (seats := trip.seats.all())
    ]
    return tuple(format_zar(sum(prices, ZERO)) for prices in zip(*by_trip, strict=False))


def _adult_missing(draft: dict[str, Any], is_abroad: bool) -> str:
    missing = find_adult_missing(draft_kinds(draft, passenger_types().values()), is_abroad=is_abroad)
    return missing.message if missing else ""


def _passenger_rows(
    trips: list[HoldTrip], draft: dict[str, Any], fares: list[list[Decimal]]
) -> tuple[PassengerRow, ...]:
    typed, of_lap = draft.get("passengers", []), lap_types()
    rows = []
    for index in range(len(trips[0].seats.all())):
        held = [trip.seats.all()[index] for trip in trips]
        said = typed[index] if index < len(typed) else {}
        by_type = {
            slug: format_zar(sum((Decimal(held_seat.fares[slug]) for held_seat in held), ZERO))
            for slug in held[0].fares
            if slug not in of_lap
        }
        rows.append(
            PassengerRow(
                index=index,
                seats=" / ".join(held_seat.seat.label for held_seat in held),
                first_name=said.get("first_name", ""),
                surname=said.get("surname", ""),
                passenger_type=said.get("passenger_type") or next(iter(by_type), ""),
                fares=by_type,
                fare_text=format_zar(sum((of_trip[index] for of_trip in fares), ZERO)),
                help_request=said.get("help_request", ""),
                in_wheelchair=any(held_seat.for_wheelchair for held_seat in held),
                luggage=read_pieces(said.get("luggage", "")),
                luggage_prices=_luggage_prices(trips, index),
                contact_phone=said.get("contact_phone", ""),
                contact_email=said.get("contact_email", ""),
            )
        )
    for index in range(len(rows), len(typed)):
        said, total = typed[index], format_zar(sum((of_trip[index] for of_trip in fares), ZERO))
        rows.append(
            PassengerRow(
                index=index,
                seats=_("on a lap"),
                first_name=said.get("first_name", ""),
                surname=said.get("surname", ""),
                passenger_type=said.get("passenger_type", ""),
                fares={said.get("passenger_type", ""): total},
                fare_text=total,
                help_request=said.get("help_request", ""),
                in_wheelchair=False,
                luggage=read_pieces(said.get("luggage", "")),
                luggage_prices=_luggage_prices(trips, index),
                contact_phone=said.get("contact_phone", ""),
                contact_email=said.get("contact_email", ""),
            )
        )
    return tuple(rows)
