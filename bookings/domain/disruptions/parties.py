"""Who is affected: the parties of a departure, each kept together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bookings.base.money import ZERO
from bookings.domain.fares.companions import needs_adult
from bookings.domain.timetable.segments import Segment, load_segments
from bookings.models import Booking, DisruptionLine, SaleStatus, Ticket


@dataclass(frozen=True)
class AffectedParty:
    """The passengers of one order who travel the same segment of a departure, in one booking or several.

    `places` has by ticket where each sat before the case.
    """

    bookings: tuple[Booking, ...]
    tickets: tuple[Ticket, ...]
    places: dict[int, str]

    @property
    def reference(self) -> str:
        """By which the party is named: that of its first booking."""
        return self.bookings[0].booking_reference

    @property
    def order_id(self) -> int:
        return self.bookings[0].order_id

    @property
    def segment(self) -> Segment:
        first = self.bookings[0]
        return Segment(first.schedule, first.from_stop, first.to_stop)

    @property
    def with_places(self) -> list[tuple[Ticket, str]]:
        return [(ticket, self.places.get(ticket.pk, ticket.place)) for ticket in self.tickets]

    @property
    def fare(self) -> Decimal:
        return sum((ticket.price for ticket in self.tickets), ZERO)

    @property
    def is_waiting(self) -> bool:
        return any(ticket.place == Ticket.Place.WAITING for ticket in self.tickets)

    @property
    def has_no_seat(self) -> bool:
        return all(ticket.place in (Ticket.Place.WAITING, Ticket.Place.STANDBY) for ticket in self.tickets)

    @property
    def comes_first(self) -> tuple[bool, bool, datetime, int]:
        """In which order seats are given out: wheelchairs, who needs an adult, then as they bought."""
        has_wheelchair = any(ticket.needs_wheelchair for ticket in self.tickets)
        has_child = any(needs_adult(ticket.passenger_type) for ticket in self.tickets)
        first = self.bookings[0]
        return (not has_wheelchair, not has_child, first.booking_date, first.pk)


def affected_parties(schedule_ids: Iterable[int]) -> list[AffectedParty]:
    """The parties with paid tickets on these departures who have not travelled: four queries."""
    rows = Ticket.objects.filter(
        booking__schedule__in=list(schedule_ids),
        booking__status=SaleStatus.CONFIRMED,
        status__in=Ticket.IN_USE,
    )
    return _parties(rows.order_by("booking__booking_date", "booking", "pk"), {})


def parties_of_lines(lines: Sequence[DisruptionLine]) -> list[AffectedParty]:
    """The parties of a case that still travel, wherever they are now."""
    rows = Ticket.objects.filter(
        pk__in=[line.ticket_id for line in lines],
        booking__status=SaleStatus.CONFIRMED,
        status=Ticket.Status.VALID,
    )
    return _parties(rows.order_by("booking", "pk"), {line.ticket_id: line.from_place for line in lines})


def _parties(rows: Iterable[Ticket], places: dict[int, str]) -> list[AffectedParty]:
    tickets = list(
        rows.select_related("seat", "passenger_type", "fare_class", "booking__order", "booking__schedule")  # type: ignore[attr-defined]
    )
    bookings = {ticket.booking_id: ticket.booking for ticket in tickets}
    load_segments(bookings.values())
    groups: dict[tuple[int, int, int, int], list[Ticket]] = {}
    for ticket in tickets:
        booking = ticket.booking = bookings[ticket.booking_id]
        key = (booking.order_id, booking.schedule_id, booking.from_stop_id, booking.to_stop_id)
        groups.setdefault(key, []).append(ticket)
    parties = []
    for group in groups.values():
        own = {ticket.booking_id: ticket.booking for ticket in group}
        known = {ticket.pk: places.get(ticket.pk, ticket.place) for ticket in group}
        parties.append(AffectedParty(tuple(own.values()), tuple(group), known))
    return parties
