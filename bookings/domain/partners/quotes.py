"""What a partner is told before it holds seats.

The price, signed, so that it is the price charged or there is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO
from bookings.domain.fares.prices import passenger_types
from bookings.domain.sales.exchange_quotes import priced_seat
from bookings.domain.sales.holds import MOST_TRIPS, SeatRequest, check_return_trip
from bookings.domain.sales.promo_codes import NO_DISCOUNT, Discount, PromoSale, quote_discount
from bookings.domain.sales.seat_offers import SeatOffer, offer_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Channel, Partner

GOOD_FOR: Final = timedelta(minutes=15)
_SALT: Final = "bookings.partners.quote"


class QuoteOutdated(Conflict):
    """What was quoted can no longer be had, or not at that price."""


@dataclass(frozen=True)
class QuotedSegment:
    segment: Segment
    seats: tuple[SeatOffer, ...]

    @property
    def total(self) -> Decimal:
        return sum((seat.fare for seat in self.seats), ZERO)


@dataclass(frozen=True)
class Quote:
    text: str  # signed; a hold is asked for with it
    expires_at: datetime
    segments: tuple[QuotedSegment, ...]
    discount: Discount = NO_DISCOUNT

    @property
    def total(self) -> Decimal:
        """Less what the promo code takes off."""
        return _total(self.segments) - self.discount.total


@dataclass(frozen=True)
class Promise:
    """What a signed quote says."""

    requests: tuple[SeatRequest, ...]
    types: tuple[str, ...]
    total: Decimal
    promo_code: str = ""


def make_quote(
    partner: Partner,
    requests: Sequence[SeatRequest],
    types: Sequence[str],
    *,
    promo_code: str = "",
    now: datetime,
) -> Quote:
    """The price of these seats (out, or out and back) for passengers of these types now, less what a promo
    code takes off. Nothing is kept.

    Raises what holding the seats would raise: NotFound, SeatTaken, SoldOut, SalesClosed, Refusal; and
    PromoCodeRefused.
    """
    segments = [get_segment(request.segment) for request in requests[:MOST_TRIPS]]
    _check(requests, types)
    quoted: list[QuotedSegment] = []
    for request, segment in zip(requests, segments, strict=True):
        if quoted:
            check_return_trip(quoted[0].segment, segment)
        party = [seat.passenger_type for seat in quoted[0].seats] if quoted else types
        seats = offer_seats(segment, request, party, seat_by_seat=bool(quoted), channel=Channel.API, now=now)
        quoted.append(QuotedSegment(segment, tuple(seats)))
    discount = _discount(promo_code, quoted, now) if promo_code else NO_DISCOUNT
    said = {
        "partner": partner.pk,
        "rides": [_as_json(request) for request in requests],
        "types": list(types),
        "total": str(_total(quoted) - discount.total),
    }
    if promo_code:
        said["promo_code"] = promo_code
    text = signing.dumps(said, salt=_SALT, compress=True)
    return Quote(text, now + GOOD_FOR, tuple(quoted), discount)


def _total(segments: Iterable[QuotedSegment]) -> Decimal:
    return sum((segment.total for segment in segments), ZERO)


def _discount(promo_code: str, quoted: Sequence[QuotedSegment], now: datetime) -> Discount:
    trips = [
        [priced_seat(trip.segment, seat.fare_class, seat.fare) for seat in trip.seats] for trip in quoted
    ]
    sale_day = now.astimezone(quoted[0].segment.boards_local.tzinfo).date()
    discount = quote_discount(promo_code, trips, PromoSale(Channel.API, "", sale_day))
    discount.check()
    return discount


def read_quote(partner: Partner, text: str) -> Promise:
    """Raises NotFound for what we never signed for this partner, QuoteOutdated after GOOD_FOR."""
    try:
        said = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired:
        raise QuoteOutdated(
            _("This quote is older than %(minutes)d minutes. Please ask for a new one.") % _minutes()
        ) from None
    except signing.BadSignature:
        said = {}
    if said.get("partner") != partner.pk:
        raise NotFound(_("This is not a quote that we gave you. Please send it exactly as you received it."))
    requests = tuple(_from_json(facts) for facts in said["rides"])
    return Promise(requests, tuple(said["types"]), Decimal(said["total"]), said.get("promo_code", ""))


def _as_json(request: SeatRequest) -> dict[str, Any]:
    return {
        **asdict(request.segment),
        "seats": request.labels,
        "fare_class": request.fare_class,
        "wheelchairs": request.wheelchairs,
    }


def _from_json(facts: dict[str, Any]) -> SeatRequest:
    segment = SegmentRef(facts["schedule_id"], facts["from_ref"], facts["to_ref"])
    return SeatRequest(
        segment,
        tuple(facts["seats"]),
        fare_class=facts["fare_class"],
        wheelchairs=facts.get("wheelchairs", 0),  # a quote of before says nothing of them
    )


def _minutes() -> dict[str, int]:
    return {"minutes": GOOD_FOR // timedelta(minutes=1)}


def _check(requests: Sequence[SeatRequest], types: Sequence[str]) -> None:
    if not 1 <= len(requests) <= MOST_TRIPS:
        raise Refusal(_("Ask for one trip, or for an outward and a return trip."))
    if len({request.segment.schedule_id for request in requests}) < len(requests):
        raise Refusal(_("The return trip must be another departure than the outward trip."))
    if not 1 <= len(types) <= settings.HOLD_MAX_SEATS:
        raise Refusal(
            _("Please choose between 1 and %(most)d passengers.") % {"most": settings.HOLD_MAX_SEATS}
        )
    if any(request.wheelchairs > len(types) for request in requests):
        raise Refusal(_("You chose more wheelchairs than passengers."))
    known = passenger_types()
    if unknown := sorted({kind for kind in types if kind not in known}):
        names = {"unknown": ", ".join(unknown)[:80], "known": ", ".join(known)}
        raise Refusal(_("There is no passenger type %(unknown)s; choose from %(known)s.") % names)
