"""What a partner is told before it holds seats: the price, signed, so that it is the price charged or there is a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, Refusal
from bookings.base.money import ZERO
from bookings.domain.fares.prices import passenger_types
from bookings.domain.sales.holds import MOST_TRIPS, SeatOffer, check_way_back, offer_seats
from bookings.domain.timetable.segments import Segment, get_segment
from bookings.models import Channel, Partner

GOOD_FOR: Final = timedelta(minutes=15)
_SALT: Final = "bookings.partners.quote"


class QuoteOutdated(Conflict):
    """What was quoted can no longer be had, or not at that price."""


@dataclass(frozen=True)
class RideAsked:
    """A ride on a departure: these seats, or seats of our choice (of `fare_class`, if named)."""

    schedule_id: int
    from_ref: str
    to_ref: str
    seats: tuple[str, ...] = ()
    fare_class: str = ""


@dataclass(frozen=True)
class QuotedRide:
    segment: Segment
    seats: tuple[SeatOffer, ...]

    @property
    def total(self) -> Decimal:
        return sum((seat.fare for seat in self.seats), ZERO)


@dataclass(frozen=True)
class Quote:
    text: str  # signed; a hold is asked for with it
    expires_at: datetime
    rides: tuple[QuotedRide, ...]

    @property
    def total(self) -> Decimal:
        return sum((ride.total for ride in self.rides), ZERO)


@dataclass(frozen=True)
class Promise:
    """What a signed quote says."""

    rides: tuple[RideAsked, ...]
    types: tuple[str, ...]
    total: Decimal


def make_quote(partner: Partner, rides: Sequence[RideAsked], types: Sequence[str], *, now: datetime) -> Quote:
    """The price of these rides (out, or out and back) for passengers of these types now. Nothing is kept.

    Raises what holding the seats would raise: NotFound, SeatTaken, SoldOut, SalesClosed, Refusal.
    """
    _check(rides, types)
    quoted: list[QuotedRide] = []
    for ride in rides:
        segment = get_segment(ride.schedule_id, ride.from_ref, ride.to_ref)
        if quoted:
            check_way_back(quoted[0].segment, segment)
        party = [seat.passenger_type for seat in quoted[0].seats] if quoted else types
        options = {"labels": ride.seats, "fare_class": ride.fare_class, "seat_by_seat": bool(quoted), "channel": Channel.API}
        quoted.append(QuotedRide(segment, tuple(offer_seats(segment, party, **options, now=now))))
    total = sum((ride.total for ride in quoted), ZERO)
    said = {"partner": partner.pk, "rides": [asdict(ride) for ride in rides], "types": list(types), "total": str(total)}
    return Quote(signing.dumps(said, salt=_SALT, compress=True), now + GOOD_FOR, tuple(quoted))


def read_quote(partner: Partner, text: str) -> Promise:
    """Raises Refusal for what we never signed for this partner, QuoteOutdated after GOOD_FOR."""
    try:
        said = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired:
        raise QuoteOutdated(_("This quote is older than %(minutes)d minutes. Please ask for a new one.") % _minutes()) from None
    except signing.BadSignature:
        said = {}
    if said.get("partner") != partner.pk:
        raise Refusal(_("This is not a quote of ours for you. Please send it exactly as you got it."))
    rides = tuple(RideAsked(**{**ride, "seats": tuple(ride["seats"])}) for ride in said["rides"])
    return Promise(rides, tuple(said["types"]), Decimal(said["total"]))


def _minutes() -> dict[str, int]:
    return {"minutes": GOOD_FOR // timedelta(minutes=1)}


def _check(rides: Sequence[RideAsked], types: Sequence[str]) -> None:
    if not 1 <= len(rides) <= MOST_TRIPS:
        raise Refusal(_("Ask for one ride, or for the way out and the way back."))
    if len({ride.schedule_id for ride in rides}) < len(rides):
        raise Refusal(_("The way back is another departure than the way out."))
    if not 1 <= len(types) <= settings.HOLD_MAX_SEATS:
        raise Refusal(_("Please choose between 1 and %(most)d passengers.") % {"most": settings.HOLD_MAX_SEATS})
    known = passenger_types()
    if unknown := sorted({kind for kind in types if kind not in known}):
        names = {"unknown": ", ".join(unknown)[:80], "known": ", ".join(known)}
        raise Refusal(_("We know no passenger type %(unknown)s; there are %(known)s.") % names)
