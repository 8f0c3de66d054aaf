"""What becomes of a hold: more time for it, its end, and the same seats again once it has run out."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, HoldExpired, Refusal, SalesClosed
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.fares.prices import fare_table
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, lock_schedules_of_hold, read_claims, refresh
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.held_trips import hold_trips, locked_hold
from bookings.domain.sales.hold_limits import NetworkFull, check_hold_limits, report_network_full
from bookings.domain.sales.holds import hold_time, price_seat, set_expiry
from bookings.domain.timetable.segments import Segment
from bookings.models import Channel, Hold, HoldSeat

MOST_RENEWALS: Final = 1


def renew_hold(token: str, *, owner: str, now: datetime | None = None) -> Hold:
    """Add HOLD_MINUTES to the visitor's time, once.

    Raises HoldExpired when it is too late, Refusal the second time.
    """
    with short_transaction():
        schedules = lock_schedules_of_hold(token)
        hold = locked_hold(token, owner)
        now = now or database_now()
        if hasattr(hold, "order"):
            raise Conflict(_("These seats are already ordered."))
        if hold.expires_at <= now:
            raise HoldExpired(_("The time for these seats has run out."))
        if hold.renewals >= MOST_RENEWALS:
            raise Refusal(_("You can ask for more time only once."))
        Hold.objects.filter(pk=hold.pk).update(renewals=hold.renewals + 1)
        set_expiry(hold, hold.expires_at + hold_time())
        refresh(schedules)
    return hold


def release_hold(token: str, *, owner: str) -> None:
    """Give the seats back at once. What was typed stays."""
    with short_transaction():
        schedules = lock_schedules_of_hold(token)
        hold = locked_hold(token, owner)
        now = database_now()
        claims.release_hold(hold)
        Hold.objects.filter(pk=hold.pk).update(expires_at=min(hold.expires_at, now))
        refresh(schedules)


def rehold(token: str, *, owner: str, channel: str = "web", now: datetime | None = None) -> Hold:
    """After expiry: try for the very same seats again, all of them or none, at today's prices.

    Raises SeatTaken or SalesClosed.
    """
    try:
        return _rehold(token, owner, channel, now)
    except NetworkFull as refusal:
        report_network_full(refusal, now=now or database_now())
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
            live = read_claims(trip.schedule_id).live(now)
            taken = {claim.seat_id for claim in live if claim.leg in segment.legs}
            is_kept = are_places_reserved(segment.boards_at, now)
            coach = SeatAvailability(
                sold_seats(segment.schedule.layout_id), taken, is_wheelchair_kept=is_kept
            )
            wheelchairs = sum(row.for_wheelchair for row in held)
            seats = named_seats(coach, [row.seat.label for row in held], wheelchairs=wheelchairs)
            if channel != Channel.COUNTER:
                check_hold_limits(
                    segment.schedule, len(seats), live, owner=owner, network=hold.network, now=now
                )
            for row in held:
                HoldSeat.objects.filter(pk=row.pk).update(**price_seat(segment, row.seat, fares).columns)
            claims.claim(claims.claims_of_hold(trip, seats, segment.legs, expires_at=hold.expires_at))
        Hold.objects.filter(pk=hold.pk).update(expires_at=hold.expires_at, renewals=0)
        refresh(locked)
    return hold
