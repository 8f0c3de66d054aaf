"""What is typed of a route, a service, fares or an extra departure, as a draft keeps it.

A sheet names rows of the database by their ids, and what the draft itself adds by `new-3`, after the step
that added it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder

Json = dict[str, Any]
Pair = tuple[int, int]  # positions of two calls
MAX_CALLS: Final = 60
_YEAR: Final = timedelta(weeks=52)


@dataclass(frozen=True)
class CallSheet:
    """Minutes count from the departure of the first call; `stop` is the id of one."""

    stop: int
    arrive: int
    depart: int
    km: Decimal
    may_board: bool = True
    may_alight: bool = True


@dataclass(frozen=True)
class RouteSheet:
    """`clock` is the departure by which its times are shown, in minutes of the day; `since` the day from
    which a route that departures use already is another one.
    """

    line_code: str
    line_name: str
    calls: tuple[CallSheet, ...]
    since: date
    name: str = ""  # empty: its two ends
    clock: int = 0

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> RouteSheet:
        calls = tuple(CallSheet(**{**call, "km": Decimal(call["km"])}) for call in data["calls"])
        return cls(**{**data, "calls": calls, "since": _day(data["since"])})


@dataclass(frozen=True)
class ServiceSheet:
    """As a Service; `since` is the day from which the rest holds for one that runs already."""

    route: str
    departs_min: int
    weekdays: int
    starts_on: date
    since: date
    layout: int
    price: Decimal
    ends_on: date | None = None
    runs_also: tuple[date, ...] = ()
    runs_not: tuple[date, ...] = ()
    is_active: bool = True

    @property
    def exceptions(self) -> dict[date, bool]:
        return dict.fromkeys(self.runs_also, True) | dict.fromkeys(self.runs_not, False)

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> ServiceSheet:
        days = {name: _day(data[name]) for name in ("starts_on", "since")}
        ends_on = _day(data["ends_on"]) if data["ends_on"] else None
        lists = {name: tuple(_day(day) for day in data[name]) for name in ("runs_also", "runs_not")}
        return cls(**{**data, **days, **lists, "ends_on": ends_on, "price": Decimal(data["price"])})


@dataclass(frozen=True)
class FareSheet:
    """What pairs of calls cost in the first fare class on days from `since`, to `until` if said.

    None: the pair is not sold. The pairs of `by_distance` have no fare of their own from then on.
    """

    route: str
    since: date
    until: date | None = None
    amounts: dict[Pair, Decimal | None] = field(default_factory=dict)
    by_distance: tuple[Pair, ...] = ()

    def as_json(self) -> Json:
        amounts = {f"{first}-{last}": amount for (first, last), amount in self.amounts.items()}
        return {
            "route": self.route,
            "since": self.since,
            "until": self.until,
            "amounts": amounts,
            "by_distance": [list(pair) for pair in self.by_distance],
        }

    @classmethod
    def from_json(cls, data: Json) -> FareSheet:
        amounts = {
            _pair(key): None if amount is None else Decimal(amount) for key, amount in data["amounts"].items()
        }
        return cls(
            data["route"],
            _day(data["since"]),
            _day(data["until"]) if data["until"] else None,
            amounts,
            tuple((first, last) for first, last in data["by_distance"]),
        )


@dataclass(frozen=True)
class DepartureSheet:
    """A coach that leaves once, beside all services."""

    route: str
    day: date
    departs_min: int
    layout: int
    price: Decimal

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> DepartureSheet:
        return cls(**{**data, "day": _day(data["day"]), "price": Decimal(data["price"])})


Sheet = RouteSheet | ServiceSheet | FareSheet | DepartureSheet
_SHEETS: Final[dict[str, type[Sheet]]] = {
    "route": RouteSheet,
    "service": ServiceSheet,
    "fares": FareSheet,
    "departure": DepartureSheet,
}


def read_sheet(kind: str, data: Json) -> Sheet:
    """The sheet that a DraftChange of this kind keeps."""
    return _SHEETS[kind].from_json(data)


def as_plain_json(sheet: Sheet | None) -> Json | None:
    """As a JSON column gives it back."""
    if sheet is None:
        return None
    plain: Json = json.loads(json.dumps(sheet.as_json(), cls=DjangoJSONEncoder))
    return plain


def _day(text: str | date) -> date:
    return text if isinstance(text, date) else date.fromisoformat(text)


def _pair(key: str) -> Pair:
    first, _dash, last = key.partition("-")
    return int(first), int(last)


def next_season(sheet: ServiceSheet) -> ServiceSheet:
    """The same 52 weeks later, so that it begins and ends on the same weekdays, without the single days."""
    ends_on = sheet.ends_on and sheet.ends_on + _YEAR
    return replace(sheet, starts_on=sheet.starts_on + _YEAR, ends_on=ends_on, runs_also=(), runs_not=())
