"""A search as its one address writes it: read from there, and written into the links of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import NotFound, Refusal
from bookings.base.money import cents, read_amount
from bookings.domain.fares.prices import Party, passenger_types, read_party
from bookings.domain.network.places import Place, get_places
from bookings.domain.search.offers import BANDS, LONGEST_PAGE, SORTS, Offer, Search
from bookings.passenger.addresses import departure_path, search_path

LONGEST: Final = 120  # of anything typed; more is cut, so that no page echoes a megabyte
DAYS_AHEAD: Final = 365
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
_PLAIN: Final = {"sort": "earliest", "page": 1, "page_size": 20}  # what an address need not say


@dataclass(frozen=True)
class Choice:
    """A link that narrows or orders the list."""

    label: str
    address: str
    is_chosen: bool
    id: str

    @property
    def current(self) -> SafeString:
        return SafeString('aria-current="true"' if self.is_chosen else "")


@dataclass(frozen=True)
class SearchQuery:
    """A search with what its address carries besides.

    The day of the way back, and the hold that a way back is added to.
    """

    search: Search
    default_type: str
    return_day: date | None = None
    hold: str = ""
    unread_price: str = ""  # what was typed as the highest price and is no amount

    @classmethod
    def of(cls, typed: Mapping[str, str], search: Search, return_day: date | None) -> SearchQuery:
        hold = typed.get("hold", "")
        return cls(
            search,
            default_passenger_type(),
            return_day,
            hold=hold if _TOKEN.fullmatch(hold) else "",
            unread_price=typed.get("max_price", "").strip() if search.max_price is None else "",
        )

    @property
    def party_text(self) -> str:
        return party_text(self.search.party)

    @property
    def is_narrowed(self) -> bool:
        return self.search.has_filters or bool(self.unread_price) or self.search.sort != _PLAIN["sort"]

    @property
    def price_text(self) -> str:
        """The highest price as its field shows it: as typed, or in plain figures."""
        return _price_text(self.search.max_price) or self.unread_price

    def party_query(self) -> dict[str, int]:
        party = self.search.party
        return {
            "passengers": party.travellers,
            **{slug: number for slug, number in party.everybody.items() if slug != self.default_type},
            **({"wheelchair": party.wheelchairs} if party.wheelchairs else {}),
        }

    def query(self, **changes: Any) -> dict[str, Any]:
        """The parameters of this search's one address, with `changes` to the search.

        Any change but that of the page leads to page 1.
        """
        search = replace(self.search, **{"page": 1, **changes} if changes else {})
        query: dict[str, Any] = {"from": search.origin.ref, "to": search.destination.ref, "date": search.day}
        query |= self.party_query() | self._onward()
        unread = "" if "max_price" in changes else self.unread_price
        narrowed: dict[str, Any] = {
            "sort": search.sort,
            "time": search.band,
            "class": search.fare_class,
            "max_price": _price_text(search.max_price) or unread,
            "page": search.page,
            "page_size": search.page_size,
        }
        return query | {
            name: value for name, value in narrowed.items() if value not in ("", None, _PLAIN.get(name))
        }

    def address(self, **changes: Any) -> str:
        return f"{search_path()}?{_encoded(self.query(**changes))}"

    def departure_address(self, offer: Offer) -> str:
        ends = _encoded({"from": offer.from_ref, "to": offer.to_ref})
        return f"{departure_path(offer.schedule_id)}?{ends}&{self._party_and_onward}"

    @cached_property
    def _party_and_onward(self) -> str:
        fare_class = {"class": self.search.fare_class} if self.search.fare_class else {}
        return _encoded({**self.party_query(), **fare_class, **self._onward()})

    def sorts(self) -> list[Choice]:
        labels = {"earliest": _("Earliest"), "cheapest": _("Cheapest"), "fastest": _("Fastest")}
        return [
            Choice(label, self.address(sort=key), self.search.sort == key, f"sort-{key}")
            for key, label in labels.items()
        ]

    def bands(self) -> list[Choice]:
        labels = {
            "": _("Any time"),
            "morning": _("06–12"),
            "afternoon": _("12–18"),
            "evening": _("18–24"),
            "night": _("00–06"),
        }
        return [
            Choice(label, self.address(band=key), self.search.band == key, f"time-{key}")
            for key, label in labels.items()
        ]

    def classes(self, names: dict[str, str]) -> list[Choice]:
        labels = {"": _("Any seat"), **names}
        return [
            Choice(label, self.address(fare_class=key), self.search.fare_class == key, f"class-{key}")
            for key, label in labels.items()
        ]

    def rest_of_price(self) -> dict[str, str]:
        """What a form that asks for the highest price alone has to carry along."""
        return {name: str(value) for name, value in self.query(max_price=None).items()}

    def _onward(self) -> dict[str, Any]:
        return {
            name: value for name, value in {"return": self.return_day, "hold": self.hold}.items() if value
        }


def _encoded(query: Mapping[str, Any]) -> str:
    """As `urlencode`; the forty addresses of a page have few values between them."""
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in query.items())


@lru_cache(maxsize=2000)
def _quoted(text: str) -> str:
    return quote_plus(text, safe="@")


def read_address(data: Mapping[str, str], *, now: datetime) -> SearchQuery | None:
    """The search of an address as this site writes it, without a form: most visits.

    None for what people type and for what cannot be sold: `SearchForm` reads that, and says what is wrong.
    """
    typed, types, default_type = clean_typed(data), passenger_types(), default_passenger_type()
    if default_type in typed or default_type not in types:
        return None
    try:
        origin, destination = get_places(typed["from"], typed["to"])
        day, return_day = _iso_day(typed["date"]), _iso_day(typed.get("return", ""))
        others = {slug: _count(typed[slug]) for slug in types if typed.get(slug)}
        wheelchairs = _count(typed.get("wheelchair") or "0")
        party = read_party(_count(typed["passengers"]), others, wheelchairs)
    except (KeyError, ValueError, NotFound, Refusal):
        return None
    is_canonical = (origin.ref, destination.ref) == (typed["from"], typed["to"])
    if not (is_canonical and day) or set(origin.stop_ids) == set(destination.stop_ids):
        return None
    today, last = now.astimezone(ZoneInfo(origin.time_zone)).date(), now.date() + timedelta(days=DAYS_AHEAD)
    if not today <= day <= (return_day or day) <= last:
        return None
    return SearchQuery.of(typed, read_search(typed, origin, destination, day, party), return_day)


def clean_typed(data: Mapping[str, str]) -> dict[str, str]:
    return {name: _HIDDEN.sub("", str(value))[:LONGEST] for name, value in data.items()}


def _count(text: str) -> int:
    if not is_count(text):
        raise ValueError(text)
    return int(text)


def _iso_day(text: str) -> date | None:
    day = date.fromisoformat(text) if text else None
    if day and day.isoformat() != text:
        raise ValueError(text)
    return day


def read_search(
    typed: Mapping[str, str], origin: Place, destination: Place, day: date, party: Party
) -> Search:
    """What only narrows or orders the list falls back to nothing when it makes no sense."""
    sort, band, fare_class = typed.get("sort", ""), typed.get("time", ""), typed.get("class", "")
    page, page_size = read_page(typed)
    return Search(
        origin=origin,
        destination=destination,
        day=day,
        party=party,
        sort=sort if sort in SORTS else SORTS[0],
        band=band if band in BANDS else "",
        fare_class=fare_class if _TOKEN.fullmatch(fare_class) else "",
        max_price=_read_price(typed.get("max_price", "")),
        page=page,
        page_size=page_size,
    )


def _read_price(text: str) -> Decimal | None:
    try:
        price = cents(read_amount(text))
    except ValueError:
        return None
    return price if price >= 0 else None


def _price_text(price: Decimal | None) -> str:
    return "" if price is None else str(price).removesuffix(".00")


def read_page(typed: Mapping[str, str]) -> tuple[int, int]:
    """Page and page size as an address gives them.

    What makes no sense is the first page of 20, at most 100 long.
    """
    page, size = read_count(typed.get("page"), 1), read_count(typed.get("page_size"), Search.page_size)
    return max(page, 1), min(max(size, 1), LONGEST_PAGE)


def is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 7


def read_count(text: str | None, default: int) -> int:
    return int(text) if text and is_count(text) else default


def default_passenger_type() -> str:
    return next((slug for slug, kind in passenger_types().items() if kind.is_default), "adult")


def party_text(party: Party) -> str:
    """2 adults, 1 child, 1 wheelchair"""
    counts = party.everybody
    numbers = ((kind, counts.get(slug, 0)) for slug, kind in passenger_types().items())
    parts = [
        f"{number} {(kind.name if number == 1 else kind.name_plural).lower()}"
        for kind, number in numbers
        if number
    ]
    if party.wheelchairs:
        text = ngettext("%(number)d wheelchair", "%(number)d wheelchairs", party.wheelchairs)
        parts.append(text % {"number": party.wheelchairs})
    return ", ".join(parts)
