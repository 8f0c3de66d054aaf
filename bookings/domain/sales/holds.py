"""Seats kept for a visitor until the hold expires: the outward and the return trip share one hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, HoldExpired, NotFound, Refusal, SalesClosed, SeatTaken
from bookings.base.metrics import HOLDS
from bookings.cache.reference_data import single_version_check
from bookings.database.transactions import count_committed, database_now, short_transaction
from bookings.domain.fares.prices import FareTable, fare_classes, fare_table
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, refresh, taken_seats
from bookings.domain.inventory.seat_choice import Coach, layout_seats, named_seats, seats_together, sold_seats
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.hold_limits import NetworkFull, check_hoarding, tell_of_hoarding
from bookings.domain.timetable.segments import Segment, with_rides
from bookings.domain.timetable.trips import local_text
from bookings.models import Channel, FareClass, Hold, HoldSeat, HoldTrip, Seat, SeatClaim

Choice = Callable[[Coach, FareTable], Sequence[Seat]]
MOST_TRIPS: Final = 2  # outward and return
MOST_RENEWALS: Final = 1
_MOST_AT_COUNTER: Final = 60  # seats of one sale: a coach


def hold_seats(segment: Segment, labels: Collection[str], *, owner: str, **options: object) -> Hold:
    """Keep every seat in `labels` for the visitor `owner`, or none. See `_hold` for the options and for what is raised."""
    return _hold(segment, lambda coach, fares: named_seats(coach, labels), owner=owner, **options)


def hold_any(segment: Segment, count: int, *, owner: str, fare_class: str = "", **options: object) -> Hold:
    """Keep `count` seats of our choice, as close together as can be, or none."""
    most = _MOST_AT_COUNTER if options.get("channel") == Channel.COUNTER else settings.HOLD_MAX_SEATS
    if not 1 <= count <= most:
        raise Refusal(_("Please choose between 1 and %(most)d seats.") % {"most": most})
    return _hold(segment, lambda coach, fares: seats_together(coach, count, fares.classes, wanted=fare_class), owner=owner, **options)


def _hold(
    segment: Segment,
    choose: Choice,
    *,
    owner: str,
    network: str = "",
    token: str = "",
    channel: str = "web",
    types: Sequence[str] = (),
    now: datetime | None = None,
) -> Hold:
    """Hold seats for the channel's time, with the prices of today locked. `types` are the passengers' types, seat by seat, for the draft.

    `token` adds the ride to that hold of the same owner (the way back). Seats that the owner already holds on this departure
    are replaced. Raises SeatTaken, SoldOut, SalesClosed, HoldLimitReached, HoldExpired (of `token`) or Refusal.
    """
    schedule_id = segment.schedule.pk
    fares = fare_table([(segment.board, segment.alight)])
    seats = sold_seats(segment.schedule.layout_id)
    # A cheap look first, by our own clock: most refusals need no lock.
    choose(_look(segment, seats, owner, token, now=now or timezone.now())[0], fares)
    try:
        with short_transaction():
            # The other ride of the hold is locked too, as its seats get the same new expiry.
            others = (
                HoldTrip.objects.filter(hold__token=token).exclude(schedule=schedule_id).values_list("schedule", flat=True) if token else ()
            )
            locked = lock_schedules([schedule_id, *others])
            now = now or database_now()
            fresh = Segment(locked[schedule_id], segment.board, segment.alight)
            if not fresh.is_on_sale(now, channel):
                raise SalesClosed(_("This departure is no longer on sale from your stop."))
            drop_expired([schedule_id], now=now)
            coach, mine = _look(fresh, seats, owner, token, now=now)
            chosen = list(choose(coach, fares))
            if channel != Channel.COUNTER:  # staff sell to whole groups, one after the other
                check_hoarding(fresh.schedule, len(chosen), mine, owner, network, len(seats), now)
            types = _dear_seats_last(types, fresh, chosen, fares)
            hold = _hold_row(mine, fresh, token, owner, network, len(chosen), types, channel, now)
            _write_trip(hold, mine, fresh, chosen, fares, joins=bool(token))
            refresh([schedule_id])
            count_committed(HOLDS, channel)
            return hold
    except NetworkFull as refusal:
        tell_of_hoarding(refusal, now=now or database_now())
        raise
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken([seat.label for seat in choose(Coach(seats, ()), fares)]) from clash


@dataclass(frozen=True)
class SeatOffer:
    """A seat for one passenger of a party, and what they pay on it."""

    seat: Seat
    fare_class: FareClass
    passenger_type: str
    fare: Decimal


def offer_seats(
    segment: Segment,
    types: Sequence[str],
    *,
    labels: Collection[str] = (),
    fare_class: str = "",
    seat_by_seat: bool = False,
    channel: str = "web",
    now: datetime,
) -> list[SeatOffer]:
    """What holding these seats (or as many of our choice) for passengers of these types would give and cost now; nothing is kept.

    `seat_by_seat`: the types are those of the seats in turn, as for the way back, where everybody has a place in the party already.
    Raises what `hold_seats` and `hold_any` raise.
    """
    if not segment.is_on_sale(now, channel):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    fares = fare_table([(segment.board, segment.alight)])
    coach, _mine = _look(segment, sold_seats(segment.schedule.layout_id), "", "", now=now)
    chosen = named_seats(coach, labels) if labels else seats_together(coach, len(types), fares.classes, wanted=fare_class)
    if len(chosen) != len(types):
        raise Refusal(_("Choose as many seats as there are passengers."))
    if not seat_by_seat:
        types = _dear_seats_last(types, segment, chosen, fares)
    priced = [price_seat(segment, seat, fares) for seat in chosen]
    return [
        SeatOffer(seat, price["fare_class"], kind, Decimal(price["fares"][kind]))
        for seat, kind, price in zip(chosen, types, priced, strict=True)
    ]


def _look(segment: Segment, seats: Sequence[Seat], owner: str, token: str, *, now: datetime) -> tuple[Coach, HoldTrip | None]:
    """The coach as this visitor may choose on it, and the ride that they hold on it already and have not ordered: its seats are free to them."""
    live = SeatClaim.objects.filter(schedule=segment.schedule.pk).live(now)
    rows = list(live.values_list("seat", "leg", "hold_trip", "hold_trip__hold__owner"))
    trips = {trip for _seat, _leg, trip, holder in rows if owner and trip and holder == owner}
    mine = None
    if trips:
        held = HoldTrip.objects.select_related("hold").filter(pk__in=trips, hold__order__isnull=True)
        mine = (held.filter(hold__token=token) if token else held).order_by("-pk").first()
    taken, used = set(), set()
    for seat, leg, trip, _holder in rows:
        if not mine or trip != mine.pk:
            (taken if leg in segment.legs else used).add(seat)
    return Coach(seats, taken, used), mine


def _hold_row(
    mine: HoldTrip | None,
    segment: Segment,
    token: str,
    owner: str,
    network: str,
    count: int,
    types: Sequence[str],
    channel: str,
    now: datetime,
) -> Hold:
    if not token:
        if mine and mine.hold.expires_at > now:
            _check_fits(mine.hold.trips.exclude(pk=mine.pk), segment, count, mine)
            Hold.objects.filter(pk=mine.hold.pk).update(draft=_with_types(mine.hold.draft, count, types))
            return mine.hold
        draft = _with_types({}, count, types)
        return Hold.objects.create(
            token=random_token(), owner=owner, network=network, created_at=now, expires_at=now + hold_time(channel), draft=draft
        )
    hold = locked_hold(token, owner)
    if hold.expires_at <= now:
        raise HoldExpired(_("The time for your first trip has run out. Please take it up again first."))
    other = hold.trips.exclude(pk=mine.pk if mine else None)
    if not mine and other.count() >= MOST_TRIPS:
        raise Refusal(_("This booking already has its way out and its way back."))
    _check_fits(other, segment, count, mine)
    if not mine:
        _set_expiry(hold, now + hold_time(channel))
    return hold


def _check_fits(others: QuerySet[HoldTrip], segment: Segment, count: int, mine: HoldTrip | None) -> None:
    """The same people travel both ways, one after the other."""
    for trip in others.select_related("schedule", "from_stop__stop", "to_stop__stop"):
        other = Segment(trip.schedule, trip.from_stop, trip.to_stop)
        if trip.seats.count() != count:
            raise Refusal(_("Your other trip has %(count)d seats; please choose as many here.") % {"count": trip.seats.count()})
        check_way_back(*((segment, other) if mine and mine.position < trip.position else (other, segment)))


def check_way_back(out: Segment, back: Segment) -> None:
    """Raises Refusal unless the way back leaves after the way out has arrived."""
    if back.boards_at < out.alights_at:
        arrives = local_text(out.alights_at, out.alights_local.tzinfo)
        raise Refusal(_("Your way out arrives on %(time)s; the way back must leave after that.") % {"time": arrives})


def _dear_seats_last(types: Sequence[str], segment: Segment, seats: Sequence[Seat], fares: FareTable) -> Sequence[str]:
    """The types seat by seat, those named first on the cheapest seats: as a search adds up the price of a party."""
    if len(types) != len(seats):
        return types
    adult = [Decimal(next(iter(price_seat(segment, seat, fares)["fares"].values()))) for seat in seats]
    cheapest_first = sorted(range(len(seats)), key=lambda index: adult[index])
    of_seat = dict(zip(cheapest_first, types, strict=True))
    return [of_seat[index] for index in range(len(seats))]


def _with_types(draft: dict, count: int, types: Sequence[str]) -> dict:
    """The draft for `count` passengers: whoever was typed already stays, the rest get the types of the search."""
    typed = draft.get("passengers", [])[:count]
    return {**draft, "passengers": typed + [{"passenger_type": slug} for slug in types[len(typed) : count]]}


def _write_trip(hold: Hold, mine: HoldTrip | None, segment: Segment, seats: Sequence[Seat], fares: FareTable, *, joins: bool) -> None:
    """`joins`: the hold has a ride already."""
    if mine and mine.hold_id == hold.pk:
        claims.release_trip(mine)
        HoldSeat.objects.filter(trip=mine).delete()
        HoldTrip.objects.filter(pk=mine.pk).update(from_stop=segment.board, to_stop=segment.alight)
        trip = mine
    else:
        trip = HoldTrip.objects.create(
            hold=hold,
            position=hold.trips.count() if joins else 0,
            schedule=segment.schedule,
            from_stop=segment.board,
            to_stop=segment.alight,
        )
    HoldSeat.objects.bulk_create(
        HoldSeat(trip=trip, position=position, seat=seat, **price_seat(segment, seat, fares)) for position, seat in enumerate(seats)
    )
    claims.claim(claims.claims_of_hold(trip, seats, segment.legs, expires_at=hold.expires_at))


def price_seat(segment: Segment, seat: Seat, fares: FareTable) -> dict[str, object]:
    """The fare class of a seat and what each passenger type pays on it, as HoldSeat keeps them. Raises Refusal if it is not sold."""
    fare_class = fares.class_of(seat.kind)
    day = segment.boards_local.date()
    adult = fare_class and fares.price(segment.board, segment.alight, fare_class, price_zar=segment.schedule.price_zar, day=day)
    if adult is None:
        raise Refusal(_("Seat %(seat)s is not sold between these two stops.") % {"seat": seat.label})
    return {"fare_class": fare_class, "fares": {slug: str(fare) for slug, fare in fares.fares_by_type(adult).items()}}


def hold_time(channel: str = Channel.WEB) -> timedelta:
    minutes = {Channel.COUNTER: settings.HOLD_MINUTES_COUNTER, Channel.API: settings.HOLD_MINUTES_API}
    return timedelta(minutes=minutes.get(channel, settings.HOLD_MINUTES))


def locked_hold(token: str, owner: str) -> Hold:
    """The hold of this visitor, locked. Raises NotFound for a foreign or unknown token."""
    rows = Hold.objects.select_for_update(of=("self",)).select_related("order").filter(token=token, owner=owner)
    hold = rows.first() if owner else None
    if hold is None:
        raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))
    return hold


def _set_expiry(hold: Hold, expires_at: datetime) -> None:
    Hold.objects.filter(pk=hold.pk).update(expires_at=expires_at)
    claims.extend_hold(hold, expires_at)
    hold.expires_at = expires_at


def renew_hold(token: str, *, owner: str, now: datetime | None = None) -> Hold:
    """Give the visitor HOLD_MINUTES from now, once. Raises HoldExpired when it is too late, Refusal the second time."""
    with short_transaction():
        schedules = lock_schedules(HoldTrip.objects.filter(hold__token=token).values("schedule"))
        hold = locked_hold(token, owner)
        now = now or database_now()
        if hasattr(hold, "order"):
            raise Conflict(_("These seats are already ordered."))
        if hold.expires_at <= now:
            raise HoldExpired(_("The time for these seats has run out."))
        if hold.renewals >= MOST_RENEWALS:
            raise Refusal(_("You can ask for more time once only."))
        Hold.objects.filter(pk=hold.pk).update(renewals=hold.renewals + 1)
        _set_expiry(hold, now + hold_time())
        refresh(schedules)
    return hold


def release_hold(token: str, *, owner: str) -> None:
    """Give the seats back at once. What was typed stays."""
    with short_transaction():
        schedules = lock_schedules(HoldTrip.objects.filter(hold__token=token).values("schedule"))
        hold = locked_hold(token, owner)
        now = database_now()
        claims.release_hold(hold)
        Hold.objects.filter(pk=hold.pk).update(expires_at=min(hold.expires_at, now))
        refresh(schedules)


def rehold(token: str, *, owner: str, channel: str = "web", now: datetime | None = None) -> Hold:
    """After expiry: try for the very same seats again, all of them or none, at today's prices. Raises SeatTaken or SalesClosed."""
    try:
        return _rehold(token, owner, channel, now)
    except NetworkFull as refusal:
        tell_of_hoarding(refusal, now=now or database_now())
        raise


def _rehold(token: str, owner: str, channel: str, now: datetime | None) -> Hold:
    segments = {trip.pk: Segment(trip.schedule, trip.from_stop, trip.to_stop) for trip in hold_trips(token)}
    fares = fare_table([(segment.board, segment.alight) for segment in segments.values()])
    with short_transaction():
        locked = lock_schedules(segment.schedule.pk for segment in segments.values())
        hold = locked_hold(token, owner)
        now = now or database_now()
        if hasattr(hold, "order"):
            raise Conflict(_("These seats are already ordered."))
        if hold.expires_at > now:
            return hold
        drop_expired(list(locked), now=now)
        hold.expires_at = now + hold_time(channel)
        for trip in hold.trips.prefetch_related("seats__seat"):
            segment = Segment(locked[trip.schedule_id], segments[trip.pk].board, segments[trip.pk].alight)
            if not segment.is_on_sale(now, channel):
                raise SalesClosed(_("This departure is no longer on sale from your stop."))
            held = list(trip.seats.all())
            coach = Coach(sold_seats(segment.schedule.layout_id), taken_seats(trip.schedule_id, segment.legs, now=now))
            seats = named_seats(coach, [each.seat.label for each in held])
            if channel != Channel.COUNTER:
                check_hoarding(segment.schedule, len(seats), None, owner, hold.network, len(coach.seats), now)
            for each in held:
                HoldSeat.objects.filter(pk=each.pk).update(**price_seat(segment, each.seat, fares))
            claims.claim(claims.claims_of_hold(trip, seats, segment.legs, expires_at=hold.expires_at))
        Hold.objects.filter(pk=hold.pk).update(expires_at=hold.expires_at, renewals=0)
        refresh(locked)
    return hold


@single_version_check()
def hold_trips(token: str, *, owner: str = "") -> list[HoldTrip]:
    """The rides of a hold with all that a page shows of them; of an `owner` with the hold itself and its order, or none."""
    rows = HoldTrip.objects.filter(hold__token=token).order_by("position").select_related("schedule")
    if owner:
        rows = rows.filter(hold__owner=owner).select_related("hold__order")
    trips = with_rides(rows.prefetch_related(Prefetch("seats", HoldSeat.objects.order_by("position"))))
    classes = {each.pk: each for each in fare_classes()}
    for trip in trips:
        seats = {seat.pk: seat for seat in layout_seats(trip.schedule.layout_id)}
        for held in trip.seats.all():
            held.seat, held.fare_class = seats[held.seat_id], classes[held.fare_class_id]
    return trips
