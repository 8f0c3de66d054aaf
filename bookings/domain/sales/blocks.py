"""Seats that staff keep off sale: for crew, for a broken seat, for a guest of the company."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, refresh, taken_seats
from bookings.domain.inventory.seat_choice import SeatAvailability, named_seats, sold_seats
from bookings.domain.sales.expiry import drop_expired
from bookings.models import RouteStop, Schedule, SeatBlock, User


@dataclass(frozen=True)
class BlockRequest:
    """Seats of a departure to keep off sale, and why. Without `release_at` until somebody releases them."""

    schedule_id: int
    labels: Collection[str]
    reason: str
    release_at: datetime | None = None


def block_seats(
    request: BlockRequest, *, by: User | None = None, now: datetime | None = None
) -> list[SeatBlock]:
    """Keep free seats off sale on the whole road, until they are released or `release_at` passes; all of them
    or none.

    A seat that is blocked already is refused like a sold one, so a form posted twice blocks once.
    Raises SeatTaken, Refusal, or Conflict when the departure is over.
    """
    schedule_id, release_at = request.schedule_id, request.release_at
    reason = " ".join(request.reason.split())[:120]
    if not reason:
        raise Refusal(_("Enter why the seats are kept off sale."))
    with short_transaction():
        locked = lock_schedules([schedule_id])
        now = now or database_now()
        schedule = _open_departure(locked.get(schedule_id))
        if release_at is not None and release_at <= now:
            raise Refusal(_("Choose a release time in the future."))
        drop_expired([schedule_id], now=now)
        end = RouteStop.objects.filter(route=schedule.route_id).aggregate(last=Max("position"))["last"]
        coach = SeatAvailability(
            sold_seats(schedule.layout_id), taken_seats(schedule_id, range(end), now=now)
        )
        blocks = [
            SeatBlock.objects.create(
                schedule=schedule,
                seat=seat,
                from_position=0,
                to_position=end,
                reason=reason,
                release_at=release_at,
                created_by=by,
                created_at=now,
            )
            for seat in named_seats(coach, request.labels)
        ]
        claims.claim(row for block in blocks for row in claims.claims_of_block(block, range(end)))
        refresh(locked)
    return blocks


def _open_departure(schedule: Schedule | None) -> Schedule:
    if schedule is None:
        raise NotFound(_("We could not find this departure."))
    if schedule.status in (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED):
        raise Conflict(_("This departure is over."))
    return schedule


def release_block(
    schedule_id: int, block_id: int, *, by: User | None = None, now: datetime | None = None
) -> SeatBlock:
    """Put a seat of this departure back on sale. Raises Conflict when it has been released already."""
    departure_id = (
        SeatBlock.objects.filter(pk=block_id, schedule=schedule_id).values_list("schedule", flat=True).first()
    )
    if departure_id is None:
        raise NotFound(_("We could not find this block."))
    with short_transaction():
        locked = lock_schedules([departure_id])
        now = now or database_now()
        if (
            SeatBlock.objects.filter(pk=block_id, released_at=None).update(released_at=now, released_by=by)
            != 1
        ):
            raise Conflict(_("This seat has already been released."))
        claims.release_block(block_id)
        refresh(locked)
    return SeatBlock.objects.select_related("seat").get(pk=block_id)
