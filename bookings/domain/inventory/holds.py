from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, HoldExpired, NotFound, RuleBroken, SalesClosed, SeatTaken, TooMany
from bookings.domain.fares.prices import FareTable, fare_classes, fare_table
from bookings.domain.inventory.choosing import Coach, layout_seats, named_seats, seats_together, sold_seats
from bookings.domain.inventory.claims import add_claims, drop_expired, lock_schedules, refresh, taken_seats
from bookings.domain.network.catalogue import one_look
from bookings.domain.timetable.segments import Segment, with_rides
from bookings.models import Channel, Hold, HoldSeat, HoldTrip, Schedule, Seat, SeatClaim
from bookings.models.transactions import database_now, short_transaction

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
        raise RuleBroken(_("Please choose between 1 and %(most)d seats.") % {"most": most})
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
    are replaced. Raises SeatTaken, SoldOut, SalesClosed, TooMany (hoarding), HoldExpired (of `token`) or RuleBroken.
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
                _check_hoarding(fresh.schedule, len(chosen), mine, owner, network, len(seats), now)
            types = _dear_seats_last(types, fresh, chosen, fares)
            hold = _hold_row(mine, fresh, token, owner, network, len(chosen), types, channel, now)
            _write_trip(hold, mine, fresh, chosen, fares, joins=bool(token))
            refresh([schedule_id])
            return hold
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken([seat.label for seat in choose(Coach(seats, ()), fares)]) from clash


def _look(segment: Segment, seats: Sequence[Seat], owner: str, token: str, *, now: datetime) -> tuple[Coach, HoldTrip | None]:
    """The coach as this visitor may choose on it, and the ride that they hold on it already and have not ordered: its seats are free to them."""
    claims = SeatClaim.objects.filter(schedule=segment.schedule.pk).live(now)
    rows = list(claims.values_list("seat", "leg", "hold_trip", "hold_trip__hold__owner"))
    trips = {trip for _seat, _leg, trip, holder in rows if trip and holder == owner}
    mine = None
    if trips:
        held = HoldTrip.objects.select_related("hold").filter(pk__in=trips, hold__order__isnull=True)
        mine = (held.filter(hold__token=token) if token else held).order_by("-pk").first()
    taken, used = set(), set()
    for seat, leg, trip, _holder in rows:
        if not mine or trip != mine.pk:
            (taken if leg in segment.legs else used).add(seat)
    return Coach(seats, taken, used), mine


def _check_hoarding(schedule: Schedule, count: int, mine: HoldTrip | None, owner: str, network: str, seats: int, now: datetime) -> None:
    unpaid = SeatClaim.objects.filter(schedule=schedule, expires_at__gt=now)
    if mine:
        unpaid = unpaid.exclude(hold_trip=mine)

    def held_by(field: str, value: str) -> Count:
        of_hold, of_order = Q(**{f"hold_trip__hold__{field}": value}), Q(**{f"ticket__booking__order__hold__{field}": value})
        return Count("seat", filter=of_hold | of_order, distinct=True)

    kept = unpaid.aggregate(owner=held_by("owner", owner), network=held_by("network", network))
    most = settings.HOLD_MAX_SEATS
    if count > most or kept["owner"] + count > most:
        raise TooMany(_("You can keep at most %(most)d seats of a departure at a time.") % {"most": most})
    if network and settings.HOLD_NETWORK_SHARE:
        share = max(most, int(seats * settings.HOLD_NETWORK_SHARE))
        if kept["network"] + count > share:
            raise TooMany(_("Too many unpaid seats of this departure are kept from your network. Please try again in a few minutes."), 300)


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
            _check_fits(mine.hold.trips.exclude(pk=mine.pk), segment, count)
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
        raise RuleBroken(_("This booking already has its way out and its way back."))
    _check_fits(other, segment, count)
    if not mine:
        _set_expiry(hold, now + hold_time(channel))
    return hold


def _check_fits(others: QuerySet[HoldTrip], segment: Segment, count: int) -> None:
    """The same people travel both ways, one way after the other."""
    for trip in others.select_related("schedule", "from_stop", "to_stop"):
        other = Segment(trip.schedule, trip.from_stop, trip.to_stop)
        if trip.seats.count() != count:
            raise RuleBroken(_("Your other trip has %(count)d seats; please choose as many here.") % {"count": trip.seats.count()})
        if segment.boards_at < other.alights_at and other.boards_at < segment.alights_at:
            raise RuleBroken(_("You are still on the road of your other trip then. Please choose another departure."))


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
        SeatClaim.objects.filter(hold_trip=mine).delete()
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
    claim_for_hold(trip, segment.legs, seats, hold.expires_at)


def price_seat(segment: Segment, seat: Seat, fares: FareTable) -> dict[str, object]:
    """The fare class of a seat and what each passenger type pays on it, as HoldSeat keeps them. Raises RuleBroken if it is not sold."""
    fare_class = fares.class_of(seat.kind)
    day = segment.boards_local.date()
    adult = fare_class and fares.price(segment.board, segment.alight, fare_class, price_zar=segment.schedule.price_zar, day=day)
    if adult is None:
        raise RuleBroken(_("Seat %(seat)s is not sold between these two stops.") % {"seat": seat.label})
    return {"fare_class": fare_class, "fares": {slug: str(fare) for slug, fare in fares.fares_by_type(adult).items()}}


def claim_for_hold(trip: HoldTrip, legs: range, seats: Sequence[Seat], expires_at: datetime) -> None:
    add_claims(
        SeatClaim(schedule_id=trip.schedule_id, seat=seat, leg=leg, kind=SeatClaim.Kind.HELD, hold_trip=trip, expires_at=expires_at)
        for seat in seats
        for leg in legs
    )


def hold_time(channel: str = Channel.WEB) -> timedelta:
    return timedelta(minutes=settings.HOLD_MINUTES_COUNTER if channel == Channel.COUNTER else settings.HOLD_MINUTES)


def locked_hold(token: str, owner: str) -> Hold:
    """The hold of this visitor, locked. Raises NotFound for a foreign or unknown token."""
    rows = Hold.objects.select_for_update(of=("self",)).select_related("order").filter(token=token, owner=owner)
    hold = rows.first() if owner else None
    if hold is None:
        raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))
    return hold


def _set_expiry(hold: Hold, expires_at: datetime) -> None:
    Hold.objects.filter(pk=hold.pk).update(expires_at=expires_at)
    SeatClaim.objects.filter(hold_trip__hold=hold).update(expires_at=expires_at)
    hold.expires_at = expires_at


def renew_hold(token: str, *, owner: str, now: datetime | None = None) -> Hold:
    """Give the visitor HOLD_MINUTES from now, once. Raises HoldExpired when it is too late, RuleBroken the second time."""
    with short_transaction():
        schedules = lock_schedules(HoldTrip.objects.filter(hold__token=token).values("schedule"))
        hold = locked_hold(token, owner)
        now = now or database_now()
        if hasattr(hold, "order"):
            raise Conflict(_("These seats are already ordered."))
        if hold.expires_at <= now:
            raise HoldExpired(_("The time for these seats has run out."))
        if hold.renewals >= MOST_RENEWALS:
            raise RuleBroken(_("You can ask for more time once only."))
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
        SeatClaim.objects.filter(hold_trip__hold=hold).delete()
        Hold.objects.filter(pk=hold.pk).update(expires_at=min(hold.expires_at, now))
        refresh(schedules)


def rehold(token: str, *, owner: str, channel: str = "web", now: datetime | None = None) -> Hold:
    """After expiry: try for the very same seats again, all of them or none, at today's prices. Raises SeatTaken or SalesClosed."""
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
                _check_hoarding(segment.schedule, len(seats), None, owner, hold.network, len(coach.seats), now)
            for each in held:
                HoldSeat.objects.filter(pk=each.pk).update(**price_seat(segment, each.seat, fares))
            claim_for_hold(trip, segment.legs, seats, hold.expires_at)
        Hold.objects.filter(pk=hold.pk).update(expires_at=hold.expires_at, renewals=0)
        refresh(locked)
    return hold


@one_look()
def hold_trips(token: str) -> list[HoldTrip]:
    """The rides of a hold with all that a page shows of them."""
    rows = HoldTrip.objects.filter(hold__token=token).order_by("position").select_related("schedule")
    trips = with_rides(rows.prefetch_related(Prefetch("seats", HoldSeat.objects.order_by("position"))))
    classes = {each.pk: each for each in fare_classes()}
    for trip in trips:
        seats = {seat.pk: seat for seat in layout_seats(trip.schedule.layout_id)}
        for held in trip.seats.all():
            held.seat, held.fare_class = seats[held.seat_id], classes[held.fare_class_id]
    return trips
