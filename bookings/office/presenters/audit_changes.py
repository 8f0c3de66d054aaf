"""What changed, field by field, in words: no key of a program, no id of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.base.clock import clock_text
from bookings.base.dates import full_day_text
from bookings.base.money import format_zar
from bookings.base.weekdays import weekdays_text
from bookings.domain.timetable.trips import local_text
from bookings.models import AuditEntry, Route, Schedule, SeatLayout, Stop

Facts = Mapping[str, Any]
Names = Mapping[str, Mapping[int, str]]
_MOST: Final = 12  # changes of an entry
_LONGEST: Final = 120
_LABELS: Final = {
    "line_code": gettext_lazy("code of the line"),
    "line_name": gettext_lazy("name of the line"),
    "calls": gettext_lazy("stops"),
    "since": gettext_lazy("from"),
    "until": gettext_lazy("until"),
    "clock": gettext_lazy("shown as leaving at"),
    "departs_min": gettext_lazy("departs"),
    "starts_on": gettext_lazy("first day"),
    "ends_on": gettext_lazy("last day"),
    "runs_also": gettext_lazy("runs also on"),
    "runs_not": gettext_lazy("does not run on"),
    "is_active": gettext_lazy("active"),
    "amounts": gettext_lazy("fares"),
    "by_distance": gettext_lazy("priced by distance"),
    "layout": gettext_lazy("seat layout"),
    "relief_of": gettext_lazy("relief of"),
    "other_names": gettext_lazy("other names"),
    "time_zone": gettext_lazy("time zone"),
    "price_zar": gettext_lazy("price"),
}
_CLOCKS: Final = frozenset({"departs_min", "clock"})
_AMOUNTS: Final = frozenset({"price", "price_zar", "amount", "fare"})
# Fields that name a row by its id
_ROWS: Final = {"layout": "layout", "route": "route", "stop": "stop", "relief_of": "departure"}


@dataclass(frozen=True)
class FieldChange:
    label: str
    before: str  # "" of something new
    after: str


def row_names(entries: Iterable[AuditEntry]) -> Names:
    """How the rows are called that the entries name: at most four queries."""
    ids: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        for facts in (entry.before, entry.after):
            for field, kind in _ROWS.items():
                value = (facts or {}).get(field)
                if str(value).isascii() and str(value).isdecimal():
                    ids[kind].add(int(str(value)))
    return {kind: dict(_READ[kind](numbers)) for kind, numbers in ids.items()}


def field_changes(entry: AuditEntry, names: Names) -> list[FieldChange]:
    """What differs between before and after, at most some of it."""
    before, after = entry.before or {}, entry.after or {}
    return [
        FieldChange(
            str(_LABELS.get(key) or key.replace("_", " ")),
            _word(key, before.get(key), names),
            _word(key, after.get(key), names),
        )
        for key in [*before, *(key for key in after if key not in before)]
        if before.get(key) != after.get(key)
    ][:_MOST]


def _word(key: str, value: Any, names: Names) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if key in _ROWS and str(value).isdecimal():
        return names.get(_ROWS[key], {}).get(int(value), _("one that is gone"))
    if key == "weekdays" and isinstance(value, int):
        return weekdays_text(value)
    if key in _CLOCKS and isinstance(value, int):
        return clock_text(value)
    if key in _AMOUNTS and (amount := _amount(value)) is not None:
        return format_zar(amount)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ngettext("%(count)d value", "%(count)d values", len(value)) % {"count": len(value)}
    if isinstance(value, list):
        return _list(value, names)
    return _text(str(value))


def _list(values: list[Any], names: Names) -> str:
    if all(isinstance(value, str | int) for value in values):
        return _short(", ".join(_text(str(value)) for value in values))
    named = [value["name"] for value in values if isinstance(value, dict) and "name" in value]
    if len(named) == len(values):
        return _short(", ".join(map(str, named)))
    return ngettext("%(count)d entry", "%(count)d entries", len(values)) % {"count": len(values)}


def _text(text: str) -> str:
    try:
        return full_day_text(date.fromisoformat(text))
    except ValueError:
        return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _layouts(ids: set[int]) -> Iterator[tuple[int, str]]:
    yield from SeatLayout.objects.filter(pk__in=ids).values_list("pk", "name")


def _routes(ids: set[int]) -> Iterator[tuple[int, str]]:
    yield from Route.objects.filter(pk__in=ids).values_list("pk", "name")


def _stops(ids: set[int]) -> Iterator[tuple[int, str]]:
    yield from ((stop.pk, str(stop)) for stop in Stop.objects.filter(pk__in=ids).select_related("city"))


def _departures(ids: set[int]) -> Iterator[tuple[int, str]]:
    for row in Schedule.objects.filter(pk__in=ids).select_related("route"):
        yield row.pk, f"{row.route.name}, {local_text(row.departure_time)}"


_READ: Final = {"layout": _layouts, "route": _routes, "stop": _stops, "departure": _departures}
