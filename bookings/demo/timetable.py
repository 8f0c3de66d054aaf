"""The demo network as plain values, read from our own tables in data/. Nothing here touches the database."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).parent / "data"
_SAVED_BY_PASSING: Final = 5  # minutes that a coach gains at each stop it leaves out
_HOME: Final = "South Africa"
PEAK_FACTOR: Final = Decimal("1.25")  # the December school holidays
WEEK_BEFORE: Final = timedelta(days=7)


def read_table(name: str) -> list[dict[str, str]]:
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class PatternCall:
    """Minutes and kilometres count from the first call. A halt is a stand at which nobody gets on or off."""

    city: str
    km: int
    arrive: int
    depart: int
    is_halt: bool = False


@dataclass(frozen=True)
class RoutePattern:
    """One stop pattern with one timing: a Route."""

    line: str
    key: str
    name: str
    calls: tuple[PatternCall, ...]


@dataclass(frozen=True)
class DemoService:
    """A row of services.csv: when a pattern runs, on which coach, at which price for the whole way."""

    key: str
    pattern: RoutePattern
    departs_min: int
    weekdays: int
    layout: str
    price: Decimal


@dataclass(frozen=True)
class Period:
    """Days on which one price level holds; without `last` it goes on."""

    first: date
    last: date | None
    factor: Decimal

    def price(self, rand: Decimal | int) -> Decimal:
        """`rand` at this level, to R10."""
        return to_ten_rand(rand * self.factor)


def to_ten_rand(rand: Decimal) -> Decimal:
    return Decimal(int(rand / 10 + Decimal("0.5")) * 10)


def reverse(calls: tuple[PatternCall, ...]) -> tuple[PatternCall, ...]:
    """The same legs and stands the other way."""
    end = calls[-1]
    return tuple(
        PatternCall(
            call.city, end.km - call.km, end.arrive - call.depart, end.arrive - call.arrive, call.is_halt
        )
        for call in calls[::-1]
    )


def shorten(
    calls: tuple[PatternCall, ...],
    *,
    start: str = "",
    end: str = "",
    skip: frozenset[str] = frozenset(),
    pace: int = 100,
) -> tuple[PatternCall, ...]:
    """The part from `start` to `end` without the stops in `skip`, driven in `pace` percent of the time."""
    cities = [call.city for call in calls]
    part = calls[cities.index(start) if start else 0 : (cities.index(end) if end else len(calls) - 1) + 1]
    made = [PatternCall(part[0].city, 0, 0, 0)]
    driven = 0
    for before, call in pairwise(part):
        driven += call.arrive - before.depart
        if call.city in skip:
            driven -= _SAVED_BY_PASSING
            continue
        arrive = made[-1].depart + round(driven * pace / 500) * 5
        stand = 0 if call is part[-1] else call.depart - call.arrive
        made.append(PatternCall(call.city, call.km - part[0].km, arrive, arrive + stand, call.is_halt))
        driven = 0
    return tuple(made)


@cache
def line_calls() -> dict[str, tuple[PatternCall, ...]]:
    lines: dict[str, list[PatternCall]] = {}
    for row in read_table("calls"):
        km, arrive, depart = (int(row[field]) for field in ("km", "arrive_min", "depart_min"))
        call = PatternCall(row["city"], km, arrive, depart, is_halt=row["is_halt"] == "1")
        lines.setdefault(row["line"], []).append(call)
    return {line: tuple(calls) for line, calls in lines.items()}


def plans() -> list[DemoService]:
    return [_plan(row) for row in read_table("services")]


def _plan(row: dict[str, str]) -> DemoService:
    calls = line_calls()[row["line"]]
    if row["direction"] == "back":
        calls = reverse(calls)
    skip = frozenset(row["skip"].split(";")) - {""}
    calls = shorten(calls, start=row["start"], end=row["end"], skip=skip, pace=int(row["pace"]))
    name = f"{calls[0].city} – {calls[-1].city}" + (f" {row['label']}" if row["label"] else "")
    hours, minutes = row["departs"].split(":")
    weekdays = sum(1 << (int(day) - 1) for day in row["weekdays"])
    pattern = RoutePattern(row["line"], f"{row['line']}/{name}", name, calls)
    return DemoService(
        f"{row['key']}/{row['direction']}",
        pattern,
        int(hours) * 60 + int(minutes),
        weekdays,
        row["layout"],
        Decimal(row["price_zar"]),
    )


def periods(today: date) -> list[Period]:
    """The price levels from a week ago on.

    Normal days, this season's December holidays, normal days again.
    """
    year = today.year if today > date(today.year, 1, 15) else today.year - 1
    start, peak, end = today - WEEK_BEFORE, date(year, 12, 10), date(year + 1, 1, 15)
    before = [Period(start, peak - timedelta(days=1), Decimal(1))] if start < peak else []
    return [
        *before,
        Period(max(start, peak), end, PEAK_FACTOR),
        Period(end + timedelta(days=1), None, Decimal(1)),
    ]


@cache
def hour_factors() -> tuple[Decimal, ...]:
    """What a coach costs by the hour in which it leaves its first stop, against the published fare."""
    factors = [Decimal(1)] * 24
    for row in read_table("hour_prices"):
        for hour in range(int(row["from_hour"]), int(row["to_hour"])):
            factors[hour] = Decimal(row["percent"]) / 100
    return tuple(factors)


def weekday_factors() -> dict[int, Decimal]:
    """The days of the week (1 is Monday) on which a coach costs more or less than on the others."""
    return {int(row["weekday"]): Decimal(row["percent"]) / 100 for row in read_table("weekday_prices")}


def published_fares() -> dict[frozenset[str], int]:
    return {frozenset((row["from"], row["to"])): int(row["rand"]) for row in read_table("fares")}


def fares_of(pattern: RoutePattern) -> Iterator[tuple[int, int, int | None]]:
    """The pairs of a pattern that have a line of their own: (from position, to position, rand, or None where
    it is not sold).

    Not sold: the short local hops of not_sold.csv, and rides wholly inside another country, for which a
    cross-border permit gives no right. Every other pair is priced by its share of the way.
    """
    published, hops = (
        published_fares(),
        {frozenset((row["from"], row["to"])) for row in read_table("not_sold")},
    )
    abroad = {row["city"] for row in read_table("cities") if row["country"] != _HOME}
    for i, board in enumerate(pattern.calls):
        for j, alight in enumerate(pattern.calls[i + 1 :], i + 1):
            pair = frozenset((board.city, alight.city))
            if pair <= abroad or pair in hops:
                yield i, j, None
            elif pair in published:
                yield i, j, published[pair]
