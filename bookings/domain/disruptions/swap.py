"""Another coach for a departure: everybody is seated anew, who paid for a better seat gets the difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.money import ZERO, cents
from bookings.domain.disruptions.parties import AffectedParty, affected_parties
from bookings.domain.fares.companions import needs_adult
from bookings.domain.fares.luggage import luggage_space
from bookings.domain.fares.tax import fare_tax_code, tax_code
from bookings.domain.inventory import claims
from bookings.domain.inventory.luggage import luggage_load
from bookings.domain.inventory.reseating import Reseating, SeatHolder, reseat, why
from bookings.domain.inventory.seat_choice import SeatAvailability, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.sales.bookings import next_cause, post_difference
from bookings.domain.sales.order_lines import LineChange, NewLine
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Booking,
    DisruptionLine,
    FareClass,
    Hold,
    HoldSeat,
    HoldTrip,
    Order,
    OrderLine,
    SaleStatus,
    Schedule,
    Seat,
    SeatBlock,
    SeatClaim,
    SeatKind,
    Ticket,
    User,
)

Action = DisruptionLine.Action


def plan_seats(schedule: Schedule, layout_id: int, *, now: datetime) -> list[tuple[AffectedParty, Reseating]]:
    """The parties of a departure with the seats of all on the other coach: wheelchairs and children first,
    then as they bought, so that who bought last is without a seat where there are too few.
    """
    parties = sorted(affected_parties([schedule.pk]), key=lambda party: party.comes_first)
    boards_at = min((party.bookings[0].boards_at for party in parties), default=schedule.departure_time)
    seating = reseat(
        [_occupants(number, party) for number, party in enumerate(parties) if _occupants(number, party)],
        sold_seats(layout_id),
        keeps_wheelchair_places=are_places_reserved(boards_at, now),
    )
    return [(party, seating) for party in parties]


def pieces_too_many(schedule: Schedule, layout_id: int, *, now: datetime) -> int:
    """How many extra pieces that were sold the other coach cannot take on its fullest leg; 0 if there is
    room.
    """
    load = luggage_load(schedule.pk, now=now)
    return max(max(load.values(), default=0) - luggage_space(layout_id), 0)


def _occupants(number: int, party: AffectedParty) -> list[SeatHolder]:
    return [
        SeatHolder(
            ticket.pk,
            number,
            party.segment.legs,
            ticket.seat,
            needs_wheelchair=ticket.needs_wheelchair,
            is_child=needs_adult(ticket.passenger_type),
            is_adult=ticket.passenger_type.is_adult,
        )
        for ticket in party.tickets
        if ticket.seat
    ]


def plan_line(line: DisruptionLine, segment: Segment, seating: Reseating) -> None:
    """What becomes of a ticket: its new seat with why, or none; who has no seat of their own stays."""
    ticket = line.ticket
    if ticket.seat is None:
        line.action = Action.STAY
        return
    seat = seating.seats.get(ticket.pk)
    if seat is None:
        line.action, line.note = Action.WAIT, _("no seat on the smaller coach")
        return
    line.action, line.new_schedule, line.new_seat = Action.MOVE, segment.schedule, seat
    line.new_from_stop, line.new_to_stop = segment.board, segment.alight
    line.note = why(ticket.seat, seat) or _("same seat")


def seat_the_others(schedule: Schedule, layout_id: int, *, now: datetime) -> list[Order]:
    """Put unpaid orders, holds and blocks onto what is left of the other coach, in this order; who finds no
    seat loses it. Returns the unpaid orders that end so: the caller expires them.

    The caller holds the departure, which is cleared of expired claims and has no sold seat of the coach of
    before any more.
    """
    lost: list[Order] = []
    old = SeatClaim.objects.filter(schedule=schedule).exclude(seat__layout=layout_id)
    pending = Ticket.objects.filter(pk__in=old.exclude(ticket=None).values("ticket"))
    for ticket in pending.select_related("seat", "booking__order").order_by("pk"):
        seats = _others_seats(ticket, layout_id, [ticket.seat] if ticket.seat else [])
        if seats is None:
            lost.append(ticket.booking.order)
            continue
        for before, seat in seats.items():
            claims.change_seats(ticket, {before: seat})
            Ticket.objects.filter(pk=ticket.pk).update(seat=seat)
    trips = HoldTrip.objects.filter(pk__in=old.exclude(hold_trip=None).values("hold_trip"))
    for trip in trips.select_related("hold").order_by("pk"):
        rows = list(HoldSeat.objects.filter(trip=trip).select_related("seat").order_by("position"))
        seats = _others_seats(trip, layout_id, [row.seat for row in rows])
        if seats is None:  # the next page of the visitor says that the time has run out
            Hold.objects.filter(pk=trip.hold_id).update(expires_at=now)
            claims.release_hold(trip.hold)
            continue
        claims.change_seats(trip, seats)
        for row in rows:
            HoldSeat.objects.filter(pk=row.pk).update(seat=seats[row.seat_id])
    blocks = SeatBlock.objects.filter(pk__in=old.exclude(block=None).values("block"))
    for block in blocks.select_related("seat").order_by("pk"):
        seats = _others_seats(block, layout_id, [block.seat])
        if seats is None:
            SeatBlock.objects.filter(pk=block.pk).update(released_at=now)
            claims.release_block(block)
            continue
        claims.change_seats(block, seats)
        SeatBlock.objects.filter(pk=block.pk).update(seat=seats[block.seat_id])
    return lost


def _others_seats(owner: claims.Claimant, layout_id: int, before: Sequence[Seat]) -> dict[int, Seat] | None:
    """A free seat for each of these on the legs of their claims, of the same label or kind where there is
    one; None without.
    """
    legs = set(claims.claims_of(owner).values_list("leg", flat=True))
    taken = SeatClaim.objects.filter(schedule=owner.schedule_id, seat__layout=layout_id, leg__in=legs)
    coach = SeatAvailability(sold_seats(layout_id), set(taken.values_list("seat", flat=True)))
    free = [seat for seat in coach.free if seat.kind != SeatKind.ACCESSIBLE]
    seats: dict[int, Seat] = {}
    for seat in before:
        if not free:
            return None
        best = min(free, key=lambda other: (other.label != seat.label, other.kind != seat.kind))
        free.remove(best)
        seats[seat.pk] = best
    return seats


def refund_downgrades(lines: Sequence[DisruptionLine], *, actor: User, now: datetime) -> Decimal:
    """Owe back what a worse class costs less, in proportion to what was paid; returns the sum in rand.

    The caller holds the orders; the tickets are moved already.
    """
    classes = list(FareClass.objects.order_by("position"))
    total = ZERO
    for line in lines:
        seat, old = line.new_seat, line.ticket.fare_class
        new = next((one for one in classes if seat and seat.kind in one.seat_kinds), old)
        if new.price_factor >= old.price_factor or not line.ticket.fare:
            continue
        fare = cents(line.ticket.fare * new.price_factor / old.price_factor)
        booking = Booking.objects.select_related("order", "from_stop__stop__city", "to_stop__stop__city").get(
            tickets=line.ticket_id
        )
        back = _downgrade_line(booking, line.ticket, new, line.ticket.fare - fare)
        Ticket.objects.filter(pk=line.ticket_id).update(fare_class=new, fare=fare)
        change = LineChange(sold=[back])
        post_difference(booking, next_cause("swap", booking), change, actor=actor, settle=None, now=now)
        total += line.ticket.fare - fare
    return total


def _downgrade_line(booking: Booking, ticket: Ticket, to: FareClass, amount: Decimal) -> NewLine:
    kind = OrderLine.Kind.SEAT_UPGRADE
    is_abroad = Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad
    return NewLine(
        kind=kind,
        amount=-amount,
        tax_code=tax_code(kind, of_fare=fare_tax_code(is_abroad=is_abroad)),
        ticket=ticket,
        rule={"from": ticket.fare_class.code, "to": to.code, "why": "swap"},
    )


def end_unpaid(order: Order, *, now: datetime) -> None:
    """Let an unpaid order that lost its seat run out at once; `drop_expired` does the rest."""
    Order.objects.filter(pk=order.pk, status=SaleStatus.PENDING).update(pay_by=now)
    claims.extend_order(order, now)
