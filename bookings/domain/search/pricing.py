"""The lowest prices of many departures at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bookings.cache.reference_data import cached
from bookings.domain.fares.prices import (
    FareLines,
    FareTable,
    Party,
    cheapest_together,
    fare_classes,
    fare_lines,
    passenger_types,
)
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.search.availability import LayoutSeats, TakenByDeparture, find_layouts
from bookings.domain.search.segments import Departure, RouteSegment
from bookings.models import Fare, FareClass, SeatKind


@dataclass(frozen=True)
class PriceQuote:
    """What a party pays on a departure, and how many seats are free to it (None: not counted)."""

    total: Decimal
    adult: Decimal  # for an adult
    free: int | None = None


@dataclass(frozen=True)
class PriceList:
    """Prices of many departures, read once; asking it costs no query."""

    table: FareTable
    layouts: Mapping[int, LayoutSeats]
    party: Party
    fare_class: str = ""
    _adults: dict[tuple[int, int, int, Decimal, date], tuple[tuple[Decimal, FareClass], ...]] = field(
        default_factory=dict
    )
    _totals: dict[tuple[tuple[Decimal, int], ...], Decimal] = field(default_factory=dict)
    _seats: dict[int, dict[str, list[tuple[str, int]]]] = field(default_factory=dict)

    def classes(self, departure: Departure) -> tuple[tuple[Decimal, FareClass], ...]:
        """The classes sold on the segment in this coach with an adult's price, cheapest first.

        None: the pair is not sold.
        """
        day, segment = departure.boards_local.date(), departure.segment
        key = (segment.board.id, segment.alight.id, departure.layout_id, departure.price_zar, day)
        if key not in self._adults:
            kinds = self._kinds(departure.layout_id)
            sold = self.table.sold_classes(
                segment.board,
                segment.alight,
                price_zar=departure.price_zar,
                day=day,
            )
            self._adults[key] = tuple(
                (offered.price, offered.fare_class)
                for offered in sold
                if offered.fare_class.code in kinds and self.fare_class in ("", offered.fare_class.code)
            )
        return self._adults[key]

    def sold(self, departures: Iterable[Departure]) -> list[Departure]:
        """Those that are sold on their segment."""
        return [departure for departure in departures if self.classes(departure)]

    def lowest(self, departures: Iterable[Departure]) -> list[tuple[Departure, PriceQuote]]:
        """The lowest price for the party on each that is sold, whatever is free."""
        return [(departure, self._cheapest(departure)) for departure in self.sold(departures)]

    def quotes(
        self, departures: Iterable[Departure], taken: TakenByDeparture, *, now: datetime
    ) -> list[tuple[Departure, PriceQuote]]:
        """The lowest price for the party on each that is sold, which its free seats allow."""
        return [
            (departure, self._quote(departure, taken.get(departure.id, {}), now))
            for departure in self.sold(departures)
        ]

    def _cheapest(self, departure: Departure, free: int | None = None) -> PriceQuote:
        cheapest = self.classes(departure)[0][0]
        return PriceQuote(self._total(((cheapest, self.party.size),)), cheapest, free)

    def _quote(self, departure: Departure, taken: Mapping[str, int], now: datetime) -> PriceQuote:
        """By the rules of `inventory.seat_choice.seats_together`."""
        classes, wheelchairs = self.classes(departure), self.party.wheelchairs
        kinds = self._kinds(departure.layout_id)
        places = [0] * len(classes)  # for wheelchairs
        free = [0] * len(classes)
        for index, (_price, fare_class) in enumerate(classes):
            for kind, number in kinds[fare_class.code]:
                left = max(0, number - taken.get(kind, 0))
                if kind == SeatKind.ACCESSIBLE:
                    places[index] = min(left, wheelchairs - sum(places))
                    left = 0 if are_places_reserved(departure.boards_at, now) else left - places[index]
                free[index] += left
        if sum(places) < wheelchairs:
            return self._cheapest(departure, 0)
        all_free = sum(free) + wheelchairs
        if all_free < self.party.size:
            return self._cheapest(departure, all_free)
        given = cheapest_together(free, self.party.size - wheelchairs)
        seats = tuple(
            (price, number + for_wheelchairs)
            for (price, _class), number, for_wheelchairs in zip(classes, given, places, strict=True)
            if number + for_wheelchairs
        )
        return PriceQuote(self._total(seats), seats[0][0], all_free)

    def _total(self, seats: tuple[tuple[Decimal, int], ...]) -> Decimal:
        """What the party pays on so many seats at each adult's price."""
        if seats not in self._totals:
            self._totals[seats] = (
                self.party.price(seats[0][0], self.table.types)
                if len(seats) == 1
                else self.party.price_on(seats, self.table.types)
            )
        return self._totals[seats]

    def _kinds(self, layout_id: int) -> Mapping[str, list[tuple[str, int]]]:
        """How many seats of which kinds each class sells in this coach, by its code."""
        if layout_id not in self._seats:
            coach = self.layouts.get(layout_id)
            by_code: dict[str, list[tuple[str, int]]] = {}
            for kind, number in coach.seats.items() if coach else ():
                if seller := self.table.class_of(kind):
                    by_code.setdefault(seller.code, []).append((kind, number))
            self._seats[layout_id] = by_code
        return self._seats[layout_id]


def price_list(departures: Iterable[Departure], party: Party, fare_class: str = "") -> PriceList:
    """Four queries, however many departures.

    None while what they ask is cached, with the prices already worked out.
    """
    departures = list(departures)
    segments = {
        (departure.segment.board.pk, departure.segment.alight.pk): departure.segment
        for departure in departures
    }
    layouts = frozenset(departure.layout_id for departure in departures)

    def read() -> PriceList:
        kms = {segment.board.route_id: segment.route_km for segment in segments.values()}
        table = FareTable(fare_classes(), passenger_types(), _fare_lines(segments.values()), kms)
        return PriceList(table, find_layouts(layouts), party, fare_class)

    return cached(("prices", frozenset(segments), layouts, party, fare_class), read)


def _fare_lines(segments: Iterable[RouteSegment]) -> FareLines:
    segments = list(segments)
    rows = Fare.objects.filter(
        route__in=[segment.board.route_id for segment in segments],
        from_stop__in=[segment.board.pk for segment in segments],
        to_stop__in=[segment.alight.pk for segment in segments],
    )
    return fare_lines(rows)
