"""Seats for whole parties on other departures: what is free, less what a plan has given away already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bookings.base.errors import NotFound, Refusal
from bookings.domain.fares.luggage import luggage_space
from bookings.domain.fares.prices import fare_table
from bookings.domain.inventory.claims import ClaimedLeg, read_claims
from bookings.domain.inventory.luggage import luggage_load
from bookings.domain.inventory.seat_choice import SeatAvailability, seats_together, sold_seats
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.search.segments import find_departures, find_route_segments
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import RouteStop, Seat, SeatKind, Stop, Ticket

SeatOf = dict[int, Seat | None]  # by ticket; none on a lap


def is_on_lap(ticket: Ticket, place: str) -> bool:
    """Whether the ticket, which had this place, travels without a seat of its own."""
    return ticket.place == Ticket.Place.LAP or place == Ticket.Place.LAP


class FreeSeats:
    """The seats of other departures at one moment. What is given is given once."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._claims: dict[int, list[ClaimedLeg]] = {}
        self._luggage: dict[int, Counter[int]] = {}  # pieces by leg
        self._given: dict[int, list[tuple[range, int]]] = {}
        self._segments: dict[tuple[int, int, int], list[Segment]] = {}

    def departures(self, board: RouteStop, alight: RouteStop, boards_at: datetime) -> list[Segment]:
        """From one city to the other on the day of `boards_at` and the next, from now on, by time."""
        zone = ZoneInfo(board.stop.time_zone)
        planned, today = boards_at.astimezone(zone).date(), self.now.astimezone(zone).date()
        first = max(planned, today)
        key = (board.stop.city_id, alight.stop.city_id, first.toordinal())
        if key not in self._segments:
            stops = Stop.objects.filter(city__in=(board.stop.city_id, alight.stop.city_id)).order_by("pk")
            starts = [stop.pk for stop in stops if stop.city_id == board.stop.city_id]
            ends = [stop.pk for stop in stops if stop.city_id == alight.stop.city_id]
            last = max(planned + timedelta(days=1), today)
            rows = find_departures(find_route_segments(starts, ends), first, last, now=self.now)
            refs = [SegmentRef(row.id, row.segment.board.ref, row.segment.alight.ref) for row in rows]
            self._segments[key] = [get_segment(ref) for ref in refs]
        return self._segments[key]

    def seats_for(
        self, segment: Segment, tickets: Sequence[tuple[Ticket, str]], *, is_sold: bool = True
    ) -> SeatOf | None:
        """Seats for a party of tickets, each with the place that it had: in the class of each or a better
        one, as close together as can be, wheelchairs on places for them. None if there is no room for all and
        their extra luggage, or if the departure is not sold (any more), where it has to be.
        """
        pieces = sum(ticket.extra_luggage for ticket, _place in tickets)
        is_closed = is_sold and not segment.is_on_sale(self.now)
        if is_closed or (pieces and pieces > self._luggage_left(segment)):
            return None
        fares = fare_table([(segment.board, segment.alight)])
        classes = fares.sold_classes(
            segment.board,
            segment.alight,
            price_zar=segment.schedule.price_zar,
            day=segment.boards_local.date(),
        )
        seats: SeatOf = {ticket.pk: None for ticket, place in tickets if is_on_lap(ticket, place)}
        seated = [ticket for ticket, _place in tickets if ticket.pk not in seats]
        given: list[Seat] = []
        for fare_class in {ticket.fare_class_id: ticket.fare_class for ticket in seated}.values():
            group = [ticket for ticket in seated if ticket.fare_class_id == fare_class.pk]
            as_good = [sold for sold in classes if sold.fare_class.price_factor >= fare_class.price_factor]
            wheelchairs = sum(ticket.needs_wheelchair for ticket in group)
            try:
                together = seats_together(
                    self.availability(segment, given), len(group), as_good, wheelchairs=wheelchairs
                )
            except Refusal:
                return None
            given += together
            seats |= _assigned(group, together)
        return seats

    def _luggage_left(self, segment: Segment) -> int:
        pk = segment.schedule.pk
        if pk not in self._luggage:
            self._luggage[pk] = luggage_load(pk, now=self.now)
        return luggage_space(segment.schedule.layout_id) - max(self._luggage[pk][leg] for leg in segment.legs)

    def give(self, segment: Segment, seats: SeatOf, pieces: int) -> None:
        """Count these seats, and the room for so many extra pieces, as taken from now on."""
        if pieces:
            self._luggage[segment.schedule.pk].update(dict.fromkeys(segment.legs, pieces))
        taken = self._given.setdefault(segment.schedule.pk, [])
        taken += [(segment.legs, seat.pk) for seat in seats.values() if seat]

    def availability(self, segment: Segment, besides: Sequence[Seat] = ()) -> SeatAvailability:
        """The seats of a departure on a segment, `besides` taken as well."""
        pk = segment.schedule.pk
        if pk not in self._claims:
            self._claims[pk] = read_claims(pk).live(self.now)
        taken = {seat.pk for seat in besides}
        used: set[int] = set()
        for claim in self._claims[pk]:
            (taken if claim.leg in segment.legs else used).add(claim.seat_id)
        for legs, seat_id in self._given.get(pk, ()):
            is_met = legs.start < segment.legs.stop and segment.legs.start < legs.stop
            (taken if is_met else used).add(seat_id)
        is_kept = are_places_reserved(segment.boards_at, self.now)
        return SeatAvailability(sold_seats(segment.schedule.layout_id), taken, used, is_kept)


def _assigned(tickets: Sequence[Ticket], seats: Sequence[Seat]) -> SeatOf:
    """Who uses a wheelchair first, on a place for one; the others in the order of the coach."""
    places = [seat for seat in seats if seat.kind == SeatKind.ACCESSIBLE]
    assigned: SeatOf = {}
    for ticket in (ticket for ticket in tickets if ticket.needs_wheelchair):
        assigned[ticket.pk] = places.pop(0)
    used = {seat.pk for seat in assigned.values() if seat}
    rest = [seat for seat in seats if seat.pk not in used]
    others = [ticket for ticket in tickets if ticket.pk not in assigned]
    return assigned | {ticket.pk: seat for ticket, seat in zip(others, rest, strict=True)}


def find_segment(ref: SegmentRef, departures: Sequence[Segment]) -> Segment:
    """The one of these that `ref` names. Raises NotFound: a link offers no other coach."""
    for segment in departures:
        if segment.ref == ref:
            return segment
    raise NotFound("This departure is none of those that were offered.")
