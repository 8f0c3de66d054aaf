"""What the address of the sell screen says, and what its forms send. The steps of a sale are in here, the rules are not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from bookings.domain.counter.sale import RideWanted
from bookings.domain.counter.sale_page import RideView
from bookings.domain.fares.prices import passenger_types
from bookings.domain.sales.checkout_page import CheckoutView
from bookings.office.forms.sale import Person

_TOKEN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
_RIDE: Final = re.compile(r"(\d{1,15})\|([\w@.:-]{1,120})\|([\w@.:-]{1,120})", re.ASCII)
_WORDS: Final = ("from", "to", "date", "return")
MOST_ON_STANDBY: Final = 9


@dataclass(frozen=True)
class Asked:
    """Where in a sale the screen is."""

    words: dict[str, str]  # of the search
    ride: str = ""
    hold: str = ""
    order: str = ""
    standby: int = 0
    page: int = 1

    @property
    def wanted(self) -> RideWanted | None:
        match = _RIDE.fullmatch(self.ride)
        return RideWanted(int(match[1]), match[2], match[3]) if match else None

    @property
    def is_search(self) -> bool:
        return "to" in self.words

    def address(self, **changes: Any) -> str:
        """The address of this step, or of the one that `changes` lead to."""
        wanted: dict[str, Any] = {**self.words, "ride": self.ride, "hold": self.hold, "order": self.order}
        if self.standby:
            wanted["standby"] = self.standby
        if self.page > 1:
            wanted["page"] = self.page
        query = urlencode({name: value for name, value in {**wanted, **changes}.items() if value}, safe="@|")
        return f"{reverse('office:sell')}{'?' if query else ''}{query}"

    @property
    def list_address(self) -> str:
        return self.address(ride="", standby="")

    def with_ride(self, ride: str) -> Asked:
        return replace(self, ride=ride if _RIDE.fullmatch(ride) else "")


def read_asked(query: QueryDict) -> Asked:
    """Never refuses: what makes no sense is left out."""
    words = {name: query[name][:160].replace("\x00", "") for name in _WORDS if name in query}
    ride, hold = query.get("ride", ""), query.get("hold", "")
    return Asked(
        words=words,
        ride=ride if _RIDE.fullmatch(ride) else "",
        hold=hold if _TOKEN.fullmatch(hold) else "",
        order=query.get("order", "").strip()[:40],
        standby=min(_number(query.get("standby", "")), MOST_ON_STANDBY),
        page=max(1, _number(query.get("page", ""))),
    )


def picked_ride(data: QueryDict) -> str:
    """The ride of the row whose number was typed, else of the first row."""
    typed = data.get("pick", "").strip()
    return data.get(f"row-{_number(typed)}" if typed else "row-1", "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def held_people(view: CheckoutView) -> list[Person]:
    rows = view.passengers
    return [
        Person(row.index, row.seats, row.fares, " ".join(f"{row.first_name} {row.surname}".split()), row.passenger_type) for row in rows
    ]


def standby_people(view: RideView, count: int) -> list[Person]:
    return [Person(index, "–", view.standby_fares) for index in range(count)]


def type_names() -> dict[str, str]:
    return {slug: kind.name for slug, kind in passenger_types().items()}
