"""Fares of the newer kind (v2): fare_products.txt and fare_leg_rules.txt, by network and area.

A price for an adult's trip between two areas can be sold here. What depends on the time of day, on another
kind of passenger or on another currency cannot; it is reported and left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from django.utils.translation import gettext as _

from bookings.base.money import cents
from bookings.domain.timetable.gtfs.enumerations import read_code
from bookings.domain.timetable.gtfs.network import PlannedStop
from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import an_id, money, whole_number


class LegRule(NamedTuple):
    priority: int
    amount: Decimal


class Leg(NamedTuple):
    """Where a rule holds; an empty field: everywhere, or where no other rule is said for."""

    network: str
    from_area: str
    to_area: str


@dataclass
class LegFares:
    rules: dict[Leg, list[LegRule]] = field(default_factory=dict)
    networks: dict[str, set[str]] = field(default_factory=dict)  # of a line
    areas: dict[str, set[str]] = field(default_factory=dict)  # of a stop or station
    has_priorities: bool = False
    rows: int = 0
    _named: tuple[set[str], set[str], set[str]] = (set(), set(), set())

    def __bool__(self) -> bool:
        return bool(self.rules)

    def finish(self) -> None:
        """Without priorities an empty field of a rule stands for all that no rule names."""
        networks, starts, ends = (set(column) - {""} for column in zip(*self.rules, strict=True))
        self._named = (networks, starts, ends)

    def lowest(self, line_id: str, stops: Sequence[PlannedStop]) -> Decimal | None:
        """The cheapest fare of the highest priority for a trip from the first of these stops to the last."""
        networks = self._candidates(self.networks.get(line_id, set()), self._named[0])
        starts = self._candidates(self._areas_of(stops[0]), self._named[1])
        ends = self._candidates(self._areas_of(stops[-1]), self._named[2])
        rules = [rule for leg in product(networks, starts, ends) for rule in self.rules.get(Leg(*leg), ())]
        highest = max((rule.priority for rule in rules), default=0)
        return min((rule.amount for rule in rules if rule.priority == highest), default=None)

    def _areas_of(self, stop: PlannedStop) -> set[str]:
        return self.areas.get(stop.source_id, set()) | self.areas.get(stop.station, set())

    def _candidates(self, ids: set[str], named: set[str]) -> set[str]:
        return ids | {""} if self.has_priorities or not ids & named else ids


def read_leg_fares(feed: Feed, problems: Problems, *, currency: str) -> LegFares:
    fares = LegFares()
    products, known = _products(feed, problems, currency, fares)
    for row in feed.rows("fare_leg_rules.txt"):
        fares.has_priorities |= "rule_priority" in row.cells
        try:
            amounts = _amounts(row, products, known)
            priority = whole_number(row["rule_priority"]) if row["rule_priority"] else 0
        except ValueError as error:
            problems.add("fare_leg_rules.txt", row.line, str(error))
            continue
        leg = Leg(row["network_id"], row["from_area_id"], row["to_area_id"])
        rules = fares.rules.setdefault(leg, [])
        rules += [LegRule(priority, amount) for amount in amounts]
    for row in feed.rows("fare_transfer_rules.txt"):
        problems.add(row.file, row.line, _("fares for transfers between coaches are left out"))
    if fares.rules:
        fares.networks = _pairs(feed, "route_networks.txt", "route_id", "network_id")
        for row in feed.rows("routes.txt"):
            if row["network_id"]:
                fares.networks.setdefault(row["route_id"], set()).add(row["network_id"])
        fares.areas = _pairs(feed, "stop_areas.txt", "stop_id", "area_id")
        fares.finish()
    return fares


def _products(
    feed: Feed, problems: Problems, currency: str, fares: LegFares
) -> tuple[dict[str, list[Decimal]], set[str]]:
    """The prices of each product that can be sold, and the ids of all."""
    others = set(_other_riders(feed, problems))
    products: dict[str, list[Decimal]] = defaultdict(list)
    known: set[str] = set()
    for row in feed.rows("fare_products.txt"):
        fares.rows += 1
        try:
            product_id, rider = an_id(row["fare_product_id"]), row["rider_category_id"]
            known.add(product_id)
            if row["currency"].upper() != currency:
                raise ValueError(
                    _("product %(id)s is in %(currency)s, not in rand")
                    % {"id": product_id, "currency": row["currency"][:10] or "?"}
                )
            if rider in others:
                raise ValueError(
                    _("product %(id)s is for %(rider)s; discounts belong to passenger types here")
                    % {"id": product_id, "rider": rider[:60]}
                )
            products[product_id].append(cents(money(row["amount"])))
        except ValueError as error:
            problems.add("fare_products.txt", row.line, str(error))
    return products, known


def _other_riders(feed: Feed, problems: Problems) -> Iterator[str]:
    """All kinds of passengers but the default one."""
    for row in feed.rows("rider_categories.txt"):
        try:
            is_default = read_code(row, "is_default_fare_category", default=0)
        except ValueError as error:
            problems.add(row.file, row.line, str(error))
            is_default = 0
        if not is_default:
            yield row["rider_category_id"]


def _amounts(row: Row, products: dict[str, list[Decimal]], known: set[str]) -> list[Decimal]:
    product_id = row["fare_product_id"]
    if product_id not in known:
        raise ValueError(_("product %(id)s is not in the feed") % {"id": product_id[:60]})
    if row["from_timeframe_group_id"] or row["to_timeframe_group_id"]:
        raise ValueError(_("product %(id)s applies at some times of day only") % {"id": product_id[:60]})
    return products.get(product_id, [])


def _pairs(feed: Feed, name: str, key: str, value: str) -> dict[str, set[str]]:
    pairs: dict[str, set[str]] = {}
    for row in feed.rows(name):
        pairs.setdefault(row[key], set()).add(row[value])
    return pairs
