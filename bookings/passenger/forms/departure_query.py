"""What the address of a departure's page asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.params import read_day
from bookings.domain.fares.prices import Party, passenger_types, read_party
from bookings.domain.timetable.segments import SegmentRef
from bookings.passenger.forms.search_query import party_text
from bookings.web.refusals import counted

_REF: Final = re.compile(r"[\w@.:-]{1,120}")
_TOKEN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
_PARTY_FIELD: Final = "party-%s"
_MOST_SEATS: Final = 100  # that a page is asked to tick; a coach has fewer


@dataclass(frozen=True)
class DepartureQuery:
    segment: SegmentRef
    party: Party
    default_type: str
    problem: str = ""  # what was wrong with the party that the address asked for
    hold: str = ""
    return_day: date | None = None

    def query(self, **changes: Any) -> str:
        party = {slug: number for slug, number in self.party.everybody.items() if slug != self.default_type}
        parameters = {
            "from": self.segment.from_ref,
            "to": self.segment.to_ref,
            "passengers": self.party.travellers,
            **party,
            "wheelchair": self.party.wheelchairs,
            "return": self.return_day,
            "hold": self.hold,
        }
        return urlencode(
            {name: value for name, value in {**parameters, **changes}.items() if value}, safe="@"
        )

    @property
    def address(self) -> str:
        return f"{reverse('passenger:departure', args=[self.segment.schedule_id])}?{self.query()}"

    @property
    def wait_list_address(self) -> str:
        """Where the party joins the wait list of the departure."""
        return f"{reverse('passenger:join_wait_list', args=[self.segment.schedule_id])}?{self.query()}"

    @property
    def canonical(self) -> str:
        """The same page for every party."""
        ends = urlencode({"from": self.segment.from_ref, "to": self.segment.to_ref}, safe="@")
        return f"{reverse('passenger:departure', args=[self.segment.schedule_id])}?{ends}"

    def search_address(self, origin: str, destination: str, day: date, **changes: Any) -> str:
        parameters = {"from": origin, "to": destination, "date": day, "return": self.return_day, **changes}
        return f"{reverse('passenger:search')}?{self.query(**parameters)}"

    @property
    def has_one_type(self) -> bool:
        return self.party == Party(((self.default_type, self.party.size),))

    @property
    def party_text(self) -> str:
        return party_text(self.party)

    def types(self, seats: int) -> list[str]:
        """A passenger type for each of `seats` seats: those of the party first, then the usual one."""
        return (self.party.members() + [self.default_type] * seats)[:seats]

    def sized(self, passengers: int) -> DepartureQuery:
        """The same for another number of passengers: more are of the usual type. Who stays behind of a party
        of several types is never guessed.
        """
        counts = {slug: number for slug, number in self.party.everybody.items() if slug != self.default_type}
        if (counts or self.party.wheelchairs) and 0 < passengers < self.party.travellers:
            return replace(self, problem=_("Please say which of you travel."))
        return self._with_counts(passengers, counts)

    def with_party(self, data: Mapping[str, str]) -> DepartureQuery:
        """The same for the party that the fields of `party_fields` name."""
        counts = {slug: _count(data.get(_PARTY_FIELD % slug) or "0") for slug in passenger_types()}
        wheelchairs = _count(data.get(_PARTY_FIELD % "wheelchair") or "0")
        return replace(self, party=replace(self.party, wheelchairs=wheelchairs))._with_counts(
            sum(counts.values()), counts
        )

    def address_with(self, labels: Sequence[str]) -> str:
        """The page with these seats ticked."""
        return f"{self.address}&{urlencode({'rev': 'ticked', 'seats': labels}, doseq=True)}"

    def _with_counts(self, passengers: int, counts: Mapping[str, int]) -> DepartureQuery:
        try:
            return replace(self, party=read_party(passengers, counts, self.party.wheelchairs))
        except Refusal as refusal:
            return replace(self, problem=counted(refusal).message)


def read_departure_query(schedule_id: int, query: QueryDict) -> DepartureQuery:
    """Never refuses: what makes no sense falls back to one passenger, with the problem to tell."""
    types = passenger_types()
    default = next((slug for slug, kind in types.items() if kind.is_default), next(iter(types), "adult"))
    problem = ""
    try:
        party = read_party(
            _count(query.get("passengers", "1")),
            {slug: _count(query.get(slug, "0")) for slug in types if slug != default},
            _count(query.get("wheelchair", "0")),
        )
    except Refusal as refusal:
        problem, party = counted(refusal).message, Party(((default, 1),))
    return DepartureQuery(
        segment=read_segment(schedule_id, query),
        party=party,
        default_type=default,
        problem=problem,
        hold=_matching(_TOKEN, query.get("hold", "")),
        return_day=read_day(query.get("return", "")),
    )


@dataclass(frozen=True)
class PartyField:
    """How many passengers of a type travel."""

    name: str
    label: str
    hint: str
    number: str


def party_fields(query: DepartureQuery, typed: Mapping[str, str]) -> list[PartyField]:
    """Filled as typed, else with the party of the page."""
    numbers = query.party.everybody
    return [
        PartyField(
            name := _PARTY_FIELD % slug,
            kind.name_plural or kind.name,
            kind.ages,
            typed.get(name, str(numbers.get(slug, 0)))[:4],
        )
        for slug, kind in passenger_types().items()
    ]


def read_segment(schedule_id: int, query: QueryDict) -> SegmentRef:
    return SegmentRef(
        schedule_id, _matching(_REF, query.get("from", "")), _matching(_REF, query.get("to", ""))
    )


def ticked_seats(data: QueryDict) -> list[str]:
    return [label.strip().upper()[:6] for label in data.getlist("seats")[:_MOST_SEATS]]


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _count(text: str) -> int:
    """A number of passengers; 0, which is refused, for anything that is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
