"""Seats kept for a visitor until the hold expires: the outward and the return trip share one hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import HoldExpired, Refusal, SalesClosed, SeatTaken
from bookings.base.metrics import HOLDS
from bookings.database.compiled import insert_rows
from bookings.database.transactions import count_committed, database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.companions import check_adult
from bookings.domain.fares.prices import FareTable, SoldClass, fare_table, lap_types
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import ClaimedLeg, lock_schedules, read_claims, refresh
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, seats_together, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.expiry import drop_claims
from bookings.domain.sales.held_party import check_seats, draft_for, in_order
from bookings.domain.sales.held_trips import locked_hold, wheelchair_places
from bookings.domain.sales.hold_limits import NetworkFull, check_hold_limits, report_network_full
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.domain.timetable.trips import local_text
from bookings.models import Channel, FareClass, Hold, HoldSeat, HoldTrip, Seat

Choice = Callable[[SeatAvailability, Sequence[SoldClass]], Sequence[Seat]]
MOST_TRIPS: Final = 2  # outward and return
_MOST_AT_COUNTER: Final = 60  # seats of one sale: a coach


@dataclass(frozen=True)
class SeatRequest:
    """Seats on a segment: those with these labels, or (with `count`) so many of our choice, of `fare_class`
    if it is named; `wheelchairs` of them for passengers who use one. Beside them `laps` travel without.
    """

    segment: SegmentRef
    labels: tuple[str, ...] = ()
    count: int | None = None
    fare_class: str = ""
    wheelchairs: int = 0
    laps: int = 0


@dataclass(frozen=True)
class HoldRequest:
    """Who holds seats and how.

    What an owner, and a `network`, hold unpaid is limited. `types` are the passengers' types, for the draft;
    where they are named, there must be a seat for each of them and no more. `wheelchairs` of them travel in
    one. `adds_to` is the token of the
    owner's hold that these seats join: those of the way back.
    """

    owner: str
    network: str = ""
    channel: str = Channel.WEB
    types: Sequence[str] = ()
    adds_to: str = ""
    wheelchairs: int = 0
    laps: Sequence[str] = ()  # the types of those without a seat


@dataclass(frozen=True)
class HeldSeats:
    hold: Hold
    segment: Segment
    count: int


def hold_requested(seats: SeatRequest, request: HoldRequest, *, now: datetime | None = None) -> HeldSeats:
    """Hold the seats of a request.

    Raises NotFound for a segment that is not there, and what `hold_seats` raises.
    """
    segment = get_segment(seats.segment)
    laps = request.laps or lap_types()[:1] * seats.laps
    request = replace(request, wheelchairs=seats.wheelchairs, laps=laps)
    if seats.count is None:
        return HeldSeats(hold_seats(segment, seats.labels, request, now=now), segment, len(set(seats.labels)))
    return HeldSeats(
        hold_any(segment, seats.count, request, fare_class=seats.fare_class, now=now), segment, seats.count
    )


def hold_seats(
    segment: Segment, labels: Collection[str], request: HoldRequest, *, now: datetime | None = None
) -> Hold:
    """Hold every seat in `labels`, or none, for the channel's time and at today's prices.

    Seats that the owner already holds on this departure are replaced. Raises SeatTaken, SalesClosed,
    HoldLimitReached, HoldExpired (of `adds_to`), PartyMismatch or another Refusal.
    """
    return _hold(
        segment,
        lambda coach, classes: named_seats(coach, labels, wheelchairs=request.wheelchairs),
        request,
        now,
    )


def hold_any(
    segment: Segment, count: int, request: HoldRequest, *, fare_class: str = "", now: datetime | None = None
) -> Hold:
    """Hold the cheapest `count` seats that can be had together, of our choice, or none.

    Raises SoldOut, and what `hold_seats` raises.
    """
    most = _MOST_AT_COUNTER if request.channel == Channel.COUNTER else settings.HOLD_MAX_SEATS
    if not 1 <= count <= most:
        raise Refusal(_("Please choose between 1 and %(most)d seats.") % {"most": most})
    return _hold(
        segment,
        lambda coach, classes: seats_together(
            coach, count, classes, fare_class=fare_class, wheelchairs=request.wheelchairs
        ),
        request,
        now,
        is_likely=count <= segment.schedule.available_seats,
    )


def _hold(
    segment: Segment, choose: Choice, request: HoldRequest, now: datetime | None, *, is_likely: bool = False
) -> Hold:
    """`is_likely`: by the summary of the departure there are seats; nobody looks before it is locked."""
    schedule_id = segment.schedule.pk
    fares = fare_table([(segment.board, segment.alight)])
    if request.types:  # else who travels is not known yet
        everybody = (fares.types[slug] for slug in (*request.types, *request.laps))
        check_adult(everybody, is_abroad=segment.is_abroad)
    seats = sold_seats(segment.schedule.layout_id)
    if not is_likely:  # first without a lock and by our own clock, as most refusals need neither
        moment = now or timezone.now()
        look = read_claims(schedule_id).live(moment)
        choose(_availability(segment, seats, request, look, moment)[0], _sold_classes(segment, fares))
    try:
        with short_transaction():
            locked = lock_schedules([schedule_id, *_other_schedules(request.adds_to, schedule_id)])
            claimed = read_claims(schedule_id)
            now = now or claimed.now
            fresh = Segment(locked[schedule_id], segment.board, segment.alight)
            if not fresh.is_on_sale(now, request.channel):
                raise SalesClosed(_("This departure is no longer on sale from your stop."))
            live = claimed.live(now)
            if len(live) < len(claimed.rows):
                drop_claims([schedule_id], claimed.expired(now), now=now)
            coach, own_trip = _availability(fresh, seats, request, live, now)
            classes = _sold_classes(fresh, fares)
            chosen = [(seat, _price_seat(seat, classes, fares)) for seat in choose(coach, classes)]
            if request.channel != Channel.COUNTER:  # staff sell to whole groups, one after the other
                staying = [claim for claim in live if not own_trip or claim.hold_trip_id != own_trip.pk]
                who = {"owner": request.owner, "network": request.network}
                check_hold_limits(fresh.schedule, len(chosen), staying, **who, now=now)
            types = _types_by_price(request.types, chosen, fares)
            hold = _hold_row(own_trip, fresh, replace(request, types=types), len(chosen), now)
            chosen = _seats_by_price(hold.draft, chosen, fares)
            in_wheelchairs: set[int] = set()
            if request.wheelchairs:
                places = [seat for seat, _price in chosen]
                in_wheelchairs = wheelchair_places(hold, places, request.wheelchairs, besides=own_trip)
                chosen = in_order(chosen, in_wheelchairs)
            _write_trip(hold, own_trip, fresh, chosen, in_wheelchairs, joins=bool(request.adds_to))
            refresh([schedule_id])
            count_committed(HOLDS, request.channel)
            return hold
    except NetworkFull as refusal:
        report_network_full(refusal, now=now or database_now())
        raise
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken(
            [seat.label for seat in choose(SeatAvailability(seats, ()), _sold_classes(segment, fares))]
        ) from clash


def _other_schedules(token: str, schedule_id: int) -> Iterable[int]:
    """The departure of the hold's other trip: it is locked too, as its seats get the same new expiry."""
    if not token:
        return ()
    others = HoldTrip.objects.filter(hold__token=token).exclude(schedule=schedule_id)
    return others.values_list("schedule_id", flat=True)


def _availability(
    segment: Segment,
    seats: Sequence[Seat],
    request: HoldRequest,
    live: Sequence[ClaimedLeg],
    now: datetime,
) -> tuple[SeatAvailability, HoldTrip | None]:
    """The seats as this owner may choose among them, and the trip that they hold there already and have not
    ordered: its seats are free to them. `live` are the claims of the departure that count now.
    """
    trips = {
        claim.hold_trip_id
        for claim in live
        if request.owner and claim.owner == request.owner and claim.hold_trip_id
    }
    own_trip = None
    if trips:
        held = HoldTrip.objects.select_related("hold").filter(pk__in=trips, hold__order__isnull=True)
        own_trip = (
            (held.filter(hold__token=request.adds_to) if request.adds_to else held).order_by("-pk").first()
        )
    taken: set[int] = set()
    used: set[int] = set()
    for claim in live:
        if not own_trip or claim.hold_trip_id != own_trip.pk:
            (taken if claim.leg in segment.legs else used).add(claim.seat_id)
    is_kept = are_places_reserved(segment.boards_at, now)
    return SeatAvailability(seats, taken, used, is_kept), own_trip


def _hold_row(
    own_trip: HoldTrip | None, segment: Segment, request: HoldRequest, count: int, now: datetime
) -> Hold:
    if not request.adds_to:
        check_seats(request.types, count)
        if own_trip and own_trip.hold.expires_at > now:
            hold = own_trip.hold
            _check_fits(hold.trips.exclude(pk=own_trip.pk), segment, request, count, own_trip)
            Hold.objects.filter(pk=hold.pk).update(
                draft=draft_for(hold.draft, count, request.types, laps=request.laps)
            )
            return hold
        hold = Hold(
            token=random_token(),
            owner=request.owner,
            network=request.network,
            created_at=now,
            expires_at=now + hold_time(request.channel),
            draft=draft_for({}, count, request.types, laps=request.laps),
        )
        insert_rows([hold])
        return hold
    hold = locked_hold(request.adds_to, request.owner)
    if hold.expires_at <= now:
        raise HoldExpired(_("The time for your first trip has run out. Please hold its seats again first."))
    other = hold.trips.exclude(pk=own_trip.pk) if own_trip else hold.trips.all()
    if not own_trip and other.count() >= MOST_TRIPS:
        raise Refusal(_("This booking already has an outward and a return trip."))
    _check_fits(other, segment, request, count, own_trip)
    check_seats(request.types, count)
    if not own_trip:
        set_expiry(hold, now + hold_time(request.channel))
    return hold


def _check_fits(
    others: QuerySet[HoldTrip], segment: Segment, request: HoldRequest, count: int, own_trip: HoldTrip | None
) -> None:
    """The same people travel both ways, one after the other."""
    for trip in others.select_related("schedule", "from_stop__stop", "to_stop__stop"):
        other = Segment(trip.schedule, trip.from_stop, trip.to_stop)
        if trip.seats.count() != count:
            raise Refusal(
                _("Your other trip has %(count)d seats; please choose as many here.")
                % {"count": trip.seats.count()}
            )
        wheelchairs = trip.seats.filter(for_wheelchair=True).count()
        if wheelchairs != request.wheelchairs:
            raise Refusal(
                _("Your other trip has %(count)d wheelchair places; please choose as many here.")
                % {"count": wheelchairs}
            )
        check_return_trip(
            *((segment, other) if own_trip and own_trip.position < trip.position else (other, segment))
        )


def check_return_trip(out: Segment, back: Segment) -> None:
    """Raises Refusal unless the way back leaves after the way out has arrived."""
    if back.boards_at < out.alights_at:
        arrives = local_text(out.alights_at, out.alights_local.tzinfo)
        raise Refusal(
            _("Your outward trip arrives on %(time)s; the return trip must leave after that.")
            % {"time": arrives}
        )


def _types_by_price(
    types: Sequence[str], seats: Sequence[tuple[Seat, SeatPrice]], fares: FareTable
) -> Sequence[str]:
    """The types seat by seat, so that the party pays what a search says."""
    if len(types) != len(seats) or len(seats) == 1:
        return types
    return [types[place] for place in fares.places(types, [price.adult for _seat, price in seats])]


def _seats_by_price(
    draft: dict[str, Any], seats: list[tuple[Seat, SeatPrice]], fares: FareTable
) -> list[tuple[Seat, SeatPrice]]:
    """The same for passengers who have their places in the draft already: the seats in their order."""
    types = [passenger.get("passenger_type", "") for passenger in draft.get("passengers", [])]
    types = types[: len(seats)]  # those on laps come last
    if len(types) != len(seats) or len(seats) == 1:
        return seats
    places = fares.places(types, [price.adult for _seat, price in seats])
    return [seats[places.index(place)] for place in range(len(seats))]


def _write_trip(
    hold: Hold,
    own_trip: HoldTrip | None,
    segment: Segment,
    seats: Sequence[tuple[Seat, SeatPrice]],
    in_wheelchairs: Collection[int],
    *,
    joins: bool,
) -> None:
    """`joins`: the hold has a trip already."""
    if own_trip and own_trip.hold_id == hold.pk:
        claims.release_trip(own_trip)
        HoldSeat.objects.filter(trip=own_trip).delete()
        HoldTrip.objects.filter(pk=own_trip.pk).update(from_stop=segment.board, to_stop=segment.alight)
        trip = own_trip
    else:
        trip = HoldTrip(
            hold=hold,
            position=hold.trips.count() if joins else 0,
            schedule=segment.schedule,
            from_stop=segment.board,
            to_stop=segment.alight,
        )
        insert_rows([trip])
    insert_rows(
        [
            HoldSeat(
                trip=trip,
                position=position,
                seat=seat,
                for_wheelchair=position in in_wheelchairs,
                **price.columns,
            )
            for position, (seat, price) in enumerate(seats)
        ]
    )
    claimed = [seat for seat, _price in seats]
    claims.claim(claims.claims_of_hold(trip, claimed, segment.legs, expires_at=hold.expires_at))


class SeatPrice(NamedTuple):
    """The fare class of a seat, what an adult pays on it, and what each passenger type pays."""

    fare_class: FareClass
    adult: Decimal
    fares: dict[str, str]

    @property
    def columns(self) -> dict[str, Any]:
        """As a HoldSeat keeps them."""
        return {"fare_class": self.fare_class, "fares": self.fares}


def price_seat(segment: Segment, seat: Seat, fares: FareTable) -> SeatPrice:
    """Raises Refusal if the seat is not sold."""
    return _price_seat(seat, _sold_classes(segment, fares), fares)


def _sold_classes(segment: Segment, fares: FareTable) -> list[SoldClass]:
    day, price_zar = segment.boards_local.date(), segment.schedule.price_zar
    return fares.sold_classes(segment.board, segment.alight, price_zar=price_zar, day=day)


def _price_seat(seat: Seat, classes: Sequence[SoldClass], fares: FareTable) -> SeatPrice:
    sold = next((offered for offered in classes if seat.kind in offered.kinds), None)
    if sold is None:
        raise Refusal(_("Seat %(seat)s is not sold between these two stops.") % {"seat": seat.label})
    by_type = {slug: str(fare) for slug, fare in fares.fares_by_type(sold.price).items()}
    return SeatPrice(sold.fare_class, sold.price, by_type)


def hold_time(channel: str = Channel.WEB) -> timedelta:
    minutes: dict[str, float] = {
        Channel.COUNTER: company_settings.hold_minutes_counter,
        Channel.API: company_settings.hold_minutes_api,
    }
    return timedelta(minutes=minutes.get(channel, company_settings.hold_minutes))


def set_expiry(hold: Hold, expires_at: datetime) -> None:
    """Of the hold and its claims; the caller has locked its schedules."""
    Hold.objects.filter(pk=hold.pk).update(expires_at=expires_at)
    claims.extend_hold(hold, expires_at)
    hold.expires_at = expires_at
