"""What holding seats would give and cost now; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal, SalesClosed
from bookings.domain.fares.companions import check_adult
from bookings.domain.fares.prices import fare_table, split_laps
from bookings.domain.inventory.claims import read_claims
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, seats_together, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.holds import SeatRequest, price_seat
from bookings.domain.timetable.segments import Segment
from bookings.models import FareClass, Seat


@dataclass(frozen=True)
class SeatOffer:
    """A seat for one passenger of a party, and what they pay on it."""

    seat: Seat | None  # none on a lap
    fare_class: FareClass
    passenger_type: str
    fare: Decimal


def offer_seats(
    segment: Segment,
    seats: SeatRequest,
    types: Sequence[str],
    *,
    seat_by_seat: bool = False,
    channel: str = "web",
    now: datetime,
) -> list[SeatOffer]:
    """What holding the seats of a request on its segment for passengers of these types would give and cost
    now. Without labels it is as many seats as there are passengers.

    `seat_by_seat`: the offers are in the order of the types, as for the way back, where everybody has a place
    in the party already; else in the order of the coach. Raises what `hold_seats` and `hold_any` raise.
    """
    if not segment.is_on_sale(now, channel):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    fares = fare_table([(segment.board, segment.alight)])
    types, laps = split_laps(types)
    check_adult((fares.types[slug] for slug in (*types, *laps)), is_abroad=segment.is_abroad)
    classes = fares.sold_classes(
        segment.board,
        segment.alight,
        price_zar=segment.schedule.price_zar,
        day=segment.boards_local.date(),
    )
    coach = _availability(segment, now)
    chosen = (
        named_seats(coach, seats.labels, wheelchairs=seats.wheelchairs)
        if seats.labels
        else seats_together(
            coach, len(types), classes, fare_class=seats.fare_class, wheelchairs=seats.wheelchairs
        )
    )
    if len(chosen) != len(types):
        raise Refusal(_("Choose as many seats as there are passengers."))
    prices = [price_seat(segment, seat, fares) for seat in chosen]
    places = fares.places(types, [price.adult for price in prices])
    offers = [
        SeatOffer(seat, price.fare_class, types[place], Decimal(price.fares[types[place]]))
        for seat, price, place in zip(chosen, prices, places, strict=True)
    ]
    cheapest_first = sorted(prices, key=lambda price: price.adult)
    on_laps = [
        SeatOffer(None, price.fare_class, slug, Decimal(price.fares[slug]))
        for slug, price in zip(laps, cheapest_first, strict=False)
    ]
    if seat_by_seat:
        offers = [offers[places.index(place)] for place in range(len(types))]
    return offers + on_laps


def _availability(segment: Segment, now: datetime) -> SeatAvailability:
    taken: set[int] = set()
    used: set[int] = set()
    for claim in read_claims(segment.schedule.pk).live(now):
        (taken if claim.leg in segment.legs else used).add(claim.seat_id)
    is_kept = are_places_reserved(segment.boards_at, now)
    return SeatAvailability(sold_seats(segment.schedule.layout_id), taken, used, is_kept)
