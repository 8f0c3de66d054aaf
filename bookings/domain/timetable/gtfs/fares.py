"""fare_attributes.txt and fare_rules.txt, as far as they are in rand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.money import cents
from bookings.domain.timetable.gtfs.network import PlannedStop
from bookings.domain.timetable.gtfs.patterns import Pattern
from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import an_id, money

CURRENCY: Final = "ZAR"


@dataclass(frozen=True)
class Rule:
    """Where a fare holds; an empty field says nothing about it."""

    route_id: str
    origin: str
    destination: str


@dataclass
class PlannedFare:
    amount: Decimal
    rules: list[Rule] = field(default_factory=list)  # any of them; none: it holds everywhere
    contains: dict[Rule, set[str]] = field(default_factory=dict)  # the zones that the ride must pass, exactly


def read_fares(feed: Feed, problems: Problems) -> list[PlannedFare]:
    fares: dict[str, PlannedFare] = {}
    foreign: set[str] = set()
    for row in feed.rows("fare_attributes.txt"):
        try:
            fare_id, currency = an_id(row["fare_id"]), row["currency_type"].upper()
            if currency != CURRENCY:
                foreign.add(fare_id)
                raise ValueError(_("fare %(id)s is in %(currency)s, not in rand") % {"id": fare_id, "currency": currency[:10] or "?"})
            fares[fare_id] = PlannedFare(cents(money(row["price"])))
        except ValueError as error:
            problems.add("fare_attributes.txt", row.line, str(error))
    for row in feed.rows("fare_rules.txt"):
        if row["fare_id"] in fares:
            _add_rule(fares[row["fare_id"]], row)
        elif row["fare_id"] not in foreign:
            problems.add("fare_rules.txt", row.line, _("fare %(id)s is not there") % {"id": row["fare_id"][:60]})
    return list(fares.values())


def _add_rule(fare: PlannedFare, row: Row) -> None:
    rule = Rule(row["route_id"], row["origin_id"], row["destination_id"])
    if rule not in fare.rules:
        fare.rules.append(rule)
    if row["contains_id"]:
        fare.contains.setdefault(rule, set()).add(row["contains_id"])


def priced_pairs(
    route_id: str, pattern: Pattern, stops: Mapping[str, PlannedStop], fares: list[PlannedFare]
) -> Iterator[tuple[int, int, Decimal]]:
    """(from, to, amount) by position for every ride that some fare covers; the cheapest fare holds."""
    if not fares:
        return
    zones = [stops[call.stop_id].zone for call in pattern.calls]
    for board, here in enumerate(pattern.calls):
        for alight in range(board + 1, len(zones)):
            if here.may_board and pattern.calls[alight].may_alight:
                amounts = [fare.amount for fare in fares if _covers(fare, route_id, zones[board : alight + 1])]
                if amounts:
                    yield board, alight, min(amounts)


def _covers(fare: PlannedFare, route_id: str, zones: list[str]) -> bool:
    return not fare.rules or any(_matches(rule, fare.contains.get(rule), route_id, zones) for rule in fare.rules)


def _matches(rule: Rule, contains: set[str] | None, route_id: str, zones: list[str]) -> bool:
    return (
        rule.route_id in ("", route_id)
        and rule.origin in ("", zones[0])
        and rule.destination in ("", zones[-1])
        and (contains is None or contains == set(zones))
    )
