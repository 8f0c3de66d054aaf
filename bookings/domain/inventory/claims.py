"""The only file that writes SeatClaim: seats are claimed, extended, transferred, sold and released here.

Every verb must be called inside a transaction that holds the locks of the schedules concerned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from bookings.database.compiled import compiled, compiled_update, insert_rows
from bookings.database.statements import SelectStatement
from bookings.models import (
    Booking,
    Hold,
    HoldTrip,
    Order,
    Schedule,
    Seat,
    SeatBlock,
    SeatClaim,
    SeatKind,
    Ticket,
)

Claimant = Ticket | HoldTrip | SeatBlock


def lock_schedules(ids: Iterable[int] | QuerySet[Any, Any]) -> dict[int, Schedule]:
    """Lock departures in id order (the first of all locks of any action) and read them fresh. SQLite: the
    transaction is the lock.

    `ids` may be a query that gives them.
    """
    schedule_ids = ids.order_by() if isinstance(ids, QuerySet) else set(ids)
    if isinstance(schedule_ids, set) and len(schedule_ids) == 1:
        return {schedule.pk: schedule for schedule in _locked(*schedule_ids)}
    rows = Schedule.objects.select_for_update(no_key=True).filter(pk__in=schedule_ids).order_by("pk")
    return {schedule.pk: schedule for schedule in rows}


@compiled
def _locked(pk: int) -> QuerySet[Schedule]:
    return Schedule.objects.select_for_update(no_key=True).filter(pk=pk)


def lock_schedules_of_hold(token: str) -> dict[int, Schedule]:
    """As `lock_schedules`, the departures of a hold's trips."""
    return {schedule.pk: schedule for schedule in _locked_of_hold(token)}


@compiled
def _locked_of_hold(token: str) -> QuerySet[Schedule]:
    ids = HoldTrip.objects.filter(hold__token=token).order_by().values("schedule")
    return Schedule.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")


def lock_schedules_of_order(order_id: int) -> dict[int, Schedule]:
    """As `lock_schedules`, the departures of an order's bookings."""
    return {schedule.pk: schedule for schedule in _locked_of_order(order_id)}


@compiled
def _locked_of_order(order_id: int) -> QuerySet[Schedule]:
    ids = Booking.objects.filter(order=order_id).order_by().values("schedule")
    return Schedule.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")


def claim(claims: Iterable[SeatClaim]) -> None:
    """Insert in (schedule, seat, leg) order, so that two sellers never wait for each other crosswise.

    A clash is an IntegrityError.
    """
    in_turn = sorted(claims, key=lambda claim: (claim.schedule_id, claim.seat_id, claim.leg))
    insert_rows(in_turn)


def claims_of_hold(
    trip: HoldTrip, seats: Iterable[Seat], legs: range, *, expires_at: datetime
) -> list[SeatClaim]:
    return [
        SeatClaim(
            schedule_id=trip.schedule_id,
            seat=seat,
            leg=leg,
            kind=SeatClaim.Kind.HELD,
            hold_trip=trip,
            expires_at=expires_at,
        )
        for seat in seats
        for leg in legs
    ]


def claims_of_ticket(ticket: Ticket, legs: range, *, seat: Seat | None = None) -> list[SeatClaim]:
    """The claims of a sold ticket on its seat, or on the `seat` that it is to get; none without a seat."""
    seat_id = seat.pk if seat else ticket.seat_id
    return [
        SeatClaim(
            schedule_id=ticket.schedule_id, seat_id=seat_id, leg=leg, kind=SeatClaim.Kind.SOLD, ticket=ticket
        )
        for leg in legs
        if seat_id is not None
    ]


def claims_of_block(block: SeatBlock, legs: range) -> list[SeatClaim]:
    return [
        SeatClaim(
            schedule_id=block.schedule_id,
            seat_id=block.seat_id,
            leg=leg,
            kind=SeatClaim.Kind.BLOCKED,
            block=block,
            expires_at=block.release_at,
        )
        for leg in legs
    ]


def claims_of(owner: Claimant) -> QuerySet[SeatClaim]:
    """Of a ticket, a held trip or a block, on its departure."""
    rows = SeatClaim.objects.filter(schedule=owner.schedule_id)
    if isinstance(owner, Ticket):
        return rows.filter(ticket=owner)
    return rows.filter(hold_trip=owner) if isinstance(owner, HoldTrip) else rows.filter(block=owner)


def change_seats(owner: Claimant, seats: Mapping[int, Seat]) -> None:
    """Put the claims of an owner onto other seats, which must be free: `seats` has them by the id of the seat
    of before.
    """
    for before, seat in seats.items():
        claims_of(owner).filter(seat=before).update(seat=seat)


def extend_hold(hold: Hold, until: datetime) -> None:
    SeatClaim.objects.filter(hold_trip__hold=hold).update(expires_at=until)


def extend_order(order: Order, until: datetime) -> None:
    SeatClaim.objects.filter(ticket__booking__order=order).update(expires_at=until)


def transfer_to_tickets(trip: HoldTrip, booking: Booking, *, expires_at: datetime) -> None:
    """The seats of a held trip now belong to the tickets of its booking, seat by seat, until they are paid or
    `expires_at` passes.
    """
    _transfer(trip.pk, booking.pk, expires_at)


@compiled_update
def _transfer(
    trip_id: int, booking_id: int, expires_at: datetime
) -> tuple[QuerySet[SeatClaim], dict[str, Any]]:
    of_seat = Ticket.objects.filter(booking=booking_id, seat=OuterRef("seat")).order_by().values("pk")
    changes = {"hold_trip": None, "ticket": Subquery(of_seat), "expires_at": expires_at}
    return SeatClaim.objects.filter(hold_trip=trip_id), changes


def sell(order: Order) -> None:
    """The claims of a paid order no longer expire."""
    _sell(order.pk)


@compiled_update
def _sell(order_id: int) -> tuple[QuerySet[SeatClaim], dict[str, Any]]:
    tickets = Ticket.objects.filter(booking__order=order_id).order_by().values("pk")
    return SeatClaim.objects.filter(ticket__in=tickets), {"kind": SeatClaim.Kind.SOLD, "expires_at": None}


def release_hold(hold: Hold) -> None:
    SeatClaim.objects.filter(hold_trip__hold=hold).delete()


def release_trip(trip: HoldTrip) -> None:
    SeatClaim.objects.filter(hold_trip=trip).delete()


def release_tickets(tickets: Iterable[Ticket | int]) -> None:
    """`tickets` or their ids."""
    SeatClaim.objects.filter(ticket__in=list(tickets)).delete()


def release_block(block: SeatBlock | int) -> None:
    SeatClaim.objects.filter(block=block).delete()


def release_expired(schedule_ids: Iterable[int], *, now: datetime) -> None:
    SeatClaim.objects.filter(schedule__in=list(schedule_ids)).expired(now).delete()


class ClaimedLeg(NamedTuple):
    """A claim with who holds or has ordered it unpaid: nobody for what is sold or blocked."""

    seat_id: int
    leg: int
    expires_at: datetime | None
    hold_trip_id: int | None
    order_id: int | None
    owner: str | None
    network: str | None


@dataclass(frozen=True)
class DepartureClaims:
    """All claims of a departure, expired ones too, and when they were read, by the database's clock."""

    now: datetime
    rows: Sequence[ClaimedLeg]

    def live(self, now: datetime) -> list[ClaimedLeg]:
        return [claim for claim in self.rows if claim.expires_at is None or claim.expires_at > now]

    def expired(self, now: datetime) -> list[ClaimedLeg]:
        return [claim for claim in self.rows if claim.expires_at is not None and claim.expires_at <= now]


_claims_with_holders: Final = SelectStatement(
    SeatClaim,
    ("", "seat", "leg", "expires_at", "hold_trip", "", "", ""),
    # Each LATERAL looks up one row by its key, and none for what is sold, however large its tables are:
    # OFFSET 0 keeps the planner from joining them whole.
    postgresql="""
SELECT clock.moment, claim.seat_id, claim.leg, claim.expires_at, claim.hold_trip_id, ordered.order_id,
    hold.owner, hold.network
FROM (SELECT clock_timestamp() AS moment) clock
LEFT JOIN bookings_seatclaim claim ON claim.schedule_id = %s
LEFT JOIN LATERAL (
    SELECT booking.order_id, purchase.hold_id
    FROM bookings_ticket ticket JOIN bookings_booking booking ON booking.id = ticket.booking_id
    JOIN bookings_order purchase ON purchase.id = booking.order_id
    WHERE ticket.id = claim.ticket_id AND claim.expires_at IS NOT NULL OFFSET 0
) ordered ON TRUE
LEFT JOIN LATERAL (
    SELECT hold.owner, hold.network FROM "bookings_hold" hold
    WHERE hold.id = COALESCE(
        ordered.hold_id,
        (SELECT trip.hold_id FROM "bookings_holdtrip" trip WHERE trip.id = claim.hold_trip_id)
    ) OFFSET 0
) hold ON TRUE""",
    sqlite="""
SELECT NULL, claim.seat_id, claim.leg, claim.expires_at, claim.hold_trip_id, booking.order_id,
    COALESCE(held.owner, ordered.owner), COALESCE(held.network, ordered.network)
FROM (SELECT 1) clock
LEFT JOIN bookings_seatclaim claim ON claim.schedule_id = %s
LEFT JOIN "bookings_holdtrip" trip ON trip.id = claim.hold_trip_id
LEFT JOIN "bookings_hold" held ON held.id = trip.hold_id
LEFT JOIN bookings_ticket ticket
    ON ticket.id = CASE WHEN claim.expires_at IS NOT NULL THEN claim.ticket_id END
LEFT JOIN bookings_booking booking ON booking.id = ticket.booking_id
LEFT JOIN bookings_order purchase ON purchase.id = booking.order_id
LEFT JOIN "bookings_hold" ordered ON ordered.id = purchase.hold_id""",
)


def read_claims(schedule_id: int) -> DepartureClaims:
    """One statement for all that a sale asks of a departure's claims. Its clock is read with them, which
    counts as later than a lock that is held already.
    """
    rows = _claims_with_holders.fetch(schedule_id)
    claims = [ClaimedLeg(*claim) for _moment, *claim in rows if claim[0] is not None]
    return DepartureClaims(rows[0][0] or timezone.now(), claims)


def taken_seats(schedule_id: int, legs: range, *, now: datetime) -> set[int]:
    """Ids of the seats that are claimed on any of the legs."""
    return set(
        SeatClaim.objects.filter(schedule=schedule_id)
        .on_legs(legs.start, legs.stop)
        .live(now)
        .values_list("seat", flat=True)
    )


# By hand, as every sale says it three times, and putting it together each time costs more than all that the
# database does for it.
_REFRESH: Final = """
UPDATE bookings_schedule SET revision = revision + 1, available_seats = {greatest}(
    0,
    (SELECT COUNT(*) FROM bookings_seat WHERE layout_id = bookings_schedule.layout_id AND kind <> %s)
    - (SELECT COUNT(DISTINCT seat_id) FROM bookings_seatclaim WHERE schedule_id = bookings_schedule.id)
) WHERE id IN ({ids})"""


def refresh(schedule_ids: Iterable[int]) -> None:
    """Bring the summary of locked departures up to date and raise their revision, after any change to their
    claims.
    """
    ids = sorted(set(schedule_ids))
    if not ids:
        return
    greatest = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    with connection.cursor() as cursor:
        cursor.execute(
            _REFRESH.format(greatest=greatest, ids=", ".join(["%s"] * len(ids))), [SeatKind.CREW.value, *ids]
        )
