"""What the address of the sale screen says, and what its forms send.

The steps of a sale are in here, the rules are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from bookings.base.names import PersonName, write_full_name
from bookings.domain.counter.sale_page import SegmentView
from bookings.domain.fares.prices import passenger_types
from bookings.domain.sales.checkout_page import CheckoutView
from bookings.domain.timetable.segments import SegmentRef
from bookings.office.forms.sale import Person

_TOKEN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
_SEARCH: Final = ("from", "to", "date", "return")
MOST_ON_STANDBY: Final = 9


@dataclass(frozen=True)
class SaleQuery:
    """Where in a sale the screen is."""

    search: dict[str, str]  # as typed
    segment: SegmentRef | None = None
    hold: str = ""
    order: str = ""
    standby: int = 0
    page: int = 1

    @property
    def is_search(self) -> bool:
        return "to" in self.search

    def address(self, **changes: Any) -> str:
        """The address of this step, or of the one that `changes` lead to."""
        parameters: dict[str, Any] = {
            **self.search,
            "ride": self.segment,
            "hold": self.hold,
            "order": self.order,
        }
        if self.standby:
            parameters["standby"] = self.standby
        if self.page > 1:
            parameters["page"] = self.page
        query = urlencode(
            {name: value for name, value in {**parameters, **changes}.items() if value}, safe="@|"
        )
        return f"{reverse('office:sell')}{'?' if query else ''}{query}"

    @property
    def list_address(self) -> str:
        return self.address(ride="", standby="")


def read_sale_query(query: QueryDict) -> SaleQuery:
    """Never refuses: what makes no sense is left out."""
    hold = query.get("hold", "")
    return SaleQuery(
        search={name: query.get(name, "")[:160].replace("\x00", "") for name in _SEARCH if name in query},
        segment=SegmentRef.read(query.get("ride", "")),
        hold=hold if _TOKEN.fullmatch(hold) else "",
        order=query.get("order", "").strip()[:40],
        standby=min(_number(query.get("standby", "")), MOST_ON_STANDBY),
        page=max(1, _number(query.get("page", ""))),
    )


def picked_segment(data: QueryDict) -> SegmentRef | None:
    """That of the row whose number was typed, else of the usual one."""
    typed = data.get("pick", "").strip() or data.get("usual", "1")
    return SegmentRef.read(data.get(f"row-{_number(typed)}", ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def held_people(view: CheckoutView) -> list[Person]:
    """Each with a name that the form reads back as it is."""
    people, surname = [], ""
    for row in view.passengers:
        name = PersonName(row.first_name, row.surname)
        written = write_full_name(name, surname) if name.full else ""
        people.append(
            Person(
                row.index,
                row.seats,
                row.fares,
                written,
                row.passenger_type,
                row.help_request,
                row.in_wheelchair,
                row.luggage,
                row.luggage_prices,
            )
        )
        surname = row.surname if row.first_name else surname
    return people


def standby_people(view: SegmentView, count: int) -> list[Person]:
    return [Person(index, "–", view.standby_fares) for index in range(count)]


def type_names() -> dict[str, str]:
    return {slug: kind.name for slug, kind in passenger_types().items()}
