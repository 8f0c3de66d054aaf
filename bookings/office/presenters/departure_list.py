"""The filters of a day's departures, as the page offers them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from bookings.domain.operations.departure_list import DepartureFilter, DepartureList, FilterChoice
from bookings.models import Branch, Schedule

WHOLE_COMPANY: Final = "all"  # instead of the code of a branch


class Option(NamedTuple):
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class FilterField:
    name: str
    label: str
    options: tuple[Option, ...]


def branch_options(branches: list[Branch], branch: Branch | None) -> list[Option]:
    own = [Option(station.code, station.name, station == branch) for station in branches]
    return [*own, Option(WHOLE_COMPANY, _("the whole company"), branch is None)]


def filter_choices(chosen: DepartureFilter, shown: DepartureList) -> list[FilterField]:
    """Where to choose among what there is on the day; what was chosen stays, even if there is none of it."""
    states = tuple(FilterChoice(value, str(label)) for value, label in Schedule.Status.choices)
    destinations = shown.destinations
    if chosen.destination and all(city.value != chosen.destination for city in destinations):
        destinations = (FilterChoice(chosen.destination, chosen.destination), *destinations)
    return [
        FilterField(name, label, tuple(Option(*choice, choice.value == value) for choice in choices))
        for name, label, value, choices in (
            ("stop", _("Stop"), chosen.stop, shown.stops if len(shown.stops) > 1 else ()),
            ("destination", _("To"), chosen.destination, destinations),
            ("state", _("Status"), chosen.state, states),
        )
        if choices
    ]
