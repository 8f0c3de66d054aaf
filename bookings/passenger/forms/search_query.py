from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.domain.search.offers import Offer, Search

_PLAIN: Final = {"sort": "earliest", "page": 1, "page_size": 20}  # what an address need not say


@dataclass(frozen=True)
class Choice:
    """A link that narrows or orders the list."""

    label: str
    address: str
    is_chosen: bool
    id: str


@dataclass(frozen=True)
class SearchQuery:
    """A search with what its address carries besides.

    The day of the way back, and the hold that a way back is added to.
    """

    search: Search
    default_type: str
    return_day: date | None = None
    hold: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self.search.has_filters or self.search.sort != _PLAIN["sort"]

    def party_query(self) -> dict[str, int]:
        party = self.search.party
        return {
            "passengers": party.size,
            **{slug: number for slug, number in party.counts if slug != self.default_type},
        }

    def query(self, **changes: Any) -> dict[str, Any]:
        """The parameters of this search's one address, with `changes` to the search.

        Any change but that of the page leads to page 1.
        """
        search = replace(self.search, **{"page": 1, **changes} if changes else {})
        query: dict[str, Any] = {"from": search.origin.ref, "to": search.destination.ref, "date": search.day}
        query |= self.party_query() | self._onward()
        narrowed: dict[str, Any] = {
            "sort": search.sort,
            "time": search.band,
            "class": search.fare_class,
            "max_price": search.max_price,
            "page": search.page,
            "page_size": search.page_size,
        }
        return query | {
            name: value for name, value in narrowed.items() if value not in ("", None, _PLAIN.get(name))
        }

    def address(self, **changes: Any) -> str:
        return f"{reverse('passenger:search')}?{urlencode(self.query(**changes), safe='@')}"

    def departure_address(self, offer: Offer) -> str:
        query = {"from": offer.from_ref, "to": offer.to_ref, **self.party_query(), **self._onward()}
        return f"{reverse('passenger:departure', args=[offer.schedule_id])}?{urlencode(query, safe='@')}"

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
