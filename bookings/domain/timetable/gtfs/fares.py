"""What a trip costs by the feed, as far as it is in rand: fare_attributes.txt and fare_rules.txt, else v2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Final, NamedTuple, Protocol

from django.utils.translation import gettext as _

from bookings.base.money import cents
from bookings.domain.timetable.gtfs.enumerations import check_unused_codes
from bookings.domain.timetable.gtfs.leg_fares import read_leg_fares
from bookings.domain.timetable.gtfs.network import PlannedStop
from bookings.domain.timetable.gtfs.patterns import TripPattern
from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import an_id, money

CURRENCY: Final = "ZAR"
MAX_FARES: Final = 2_000_000  # pairs of stops of routes, in a feed that is read and in one that is written


class Rule(NamedTuple):
    """Where a fare holds; an empty field says nothing about it."""

    route_id: str
    origin: str
    destination: str


_EVERYWHERE: Final = Rule("", "", "")


@dataclass
class PlannedFare:
    amount: Decimal
    # Any of them, with the zones that the ride must then pass, exactly (none: whichever); without rules it
    # holds everywhere.
    rules: dict[Rule, set[str]] = field(default_factory=dict)


class Fares(Protocol):
    rows: int  # of the feed, read or not

    def lowest(self, line_id: str, stops: Sequence[PlannedStop]) -> Decimal | None:
        """The cheapest fare for a trip by these stops; None if no fare covers it."""


def read_fares(feed: Feed, problems: Problems) -> Fares:
    """A feed may have its fares in both ways; the older one holds where it can be read."""
    book = _read_fare_book(feed, problems)
    if book:
        return book
    by_leg = read_leg_fares(feed, problems, currency=CURRENCY)
    by_leg.rows += book.rows
    return by_leg


def _read_fare_book(feed: Feed, problems: Problems) -> FareBook:
    fares: dict[str, PlannedFare] = {}
    foreign: set[str] = set()
    rows = 0
    for row in feed.rows("fare_attributes.txt"):
        rows += 1
        try:
            fare_id, currency = an_id(row["fare_id"]), row["currency_type"].upper()
            if currency != CURRENCY:
                foreign.add(fare_id)
                raise ValueError(
                    _("fare %(id)s is in %(currency)s, not in rand")
                    % {"id": fare_id, "currency": currency[:10] or "?"}
                )
            fares[fare_id] = PlannedFare(cents(money(row["price"])))
            check_unused_codes(row, problems)
        except ValueError as error:
            problems.add("fare_attributes.txt", row.line, str(error))
    for row in feed.rows("fare_rules.txt"):
        if row["fare_id"] in fares:
            _add_rule(fares[row["fare_id"]], row)
        elif row["fare_id"] not in foreign:
            problems.add(
                "fare_rules.txt", row.line, _("fare %(id)s is not there") % {"id": row["fare_id"][:60]}
            )
    return FareBook(fares.values(), rows=rows)


def _add_rule(fare: PlannedFare, row: Row) -> None:
    rule = Rule(row["route_id"], row["origin_id"], row["destination_id"])
    contains = fare.rules.setdefault(rule, set())
    if row["contains_id"]:
        contains.add(row["contains_id"])


class FareBook:
    """The fares by the rides that they cover, so that a feed with a fare for every pair is read as fast as
    one with few.
    """

    def __init__(self, fares: Iterable[PlannedFare], *, rows: int = 0) -> None:
        self.rows = rows  # of the feed, read or not
        self._by_rule: dict[Rule, list[tuple[Decimal, set[str]]]] = {}
        for fare in fares:
            for rule, contains in (fare.rules or {_EVERYWHERE: set[str]()}).items():
                self._by_rule.setdefault(rule, []).append((fare.amount, contains))

    def __bool__(self) -> bool:
        return bool(self._by_rule)

    def lowest(self, line_id: str, stops: Sequence[PlannedStop]) -> Decimal | None:
        zones = [stop.zone for stop in stops]
        ends = product({line_id, ""}, {zones[0], ""}, {zones[-1], ""})
        fares = (fare for end in ends for fare in self._by_rule.get(Rule(*end), ()))
        return min(
            (amount for amount, contains in fares if not contains or contains == set(zones)), default=None
        )


def priced_pairs(
    route_id: str, pattern: TripPattern, *, stops: Mapping[str, PlannedStop], fares: Fares
) -> Iterator[tuple[int, int, Decimal]]:
    """(from, to, amount) by position for every ride that some fare covers; the cheapest fare holds."""
    if not fares:
        return
    way = [stops[call.stop_id] for call in pattern.calls]
    for board, here in enumerate(pattern.calls):
        for alight in range(board + 1, len(way)):
            if here.may_board and pattern.calls[alight].may_alight:
                amount = fares.lowest(route_id, way[board : alight + 1])
                if amount is not None:
                    yield board, alight, amount
