"""The calls of a route as a grid, and the same as lines of a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.forms.formsets import BaseFormSet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.clock import clock_text, read_clock
from bookings.domain.network.typed_stops import StopUnclear, read_stops, stops_by_id
from bookings.domain.timetable.drafts.sheets import MAX_CALLS, CallSheet

_COLUMNS: Final = ("stop", "arrive", "depart", "km")
_MOST_KM: Final = Decimal(20_000)
_TEXT: Final = {"autocomplete": "off"}


@dataclass(frozen=True)
class Calls:
    """What the grid says: minutes from the first departure, which is at `clock`."""

    calls: tuple[CallSheet, ...]
    clock: int


class CallForm(forms.Form):
    stop = forms.CharField(
        label=gettext_lazy("Stop"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs=_TEXT | {"list": "stops", "class": "input"}),
    )
    arrive = forms.CharField(
        label=gettext_lazy("Arrives"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs=_TEXT | {"class": "input code", "size": 7}),
    )
    depart = forms.CharField(
        label=gettext_lazy("Departs"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs=_TEXT | {"class": "input code", "size": 7}),
    )
    km = forms.CharField(
        label=gettext_lazy("km"),
        max_length=10,
        required=False,
        widget=forms.TextInput(attrs=_TEXT | {"inputmode": "decimal", "class": "input code", "size": 6}),
    )
    may_board = forms.BooleanField(label=gettext_lazy("Boarding"), required=False)
    may_alight = forms.BooleanField(label=gettext_lazy("Alighting"), required=False)

    def is_blank(self) -> bool:
        return not any(self.cleaned_data.get(name) for name in _COLUMNS)


class BaseCallFormSet(BaseFormSet):
    """Blank rows are left out; each mistake is told at its cell."""

    result: Calls | None = None

    def add_fields(self, form: CallForm, index: int | None) -> None:
        super().add_fields(form, index)
        for name in ("may_board", "may_alight"):
            if not self.is_bound and not form.initial:
                form.fields[name].initial = True

    def clean(self) -> None:
        rows = [form for form in self.forms if hasattr(form, "cleaned_data") and not form.is_blank()]
        stops = read_stops(form.cleaned_data["stop"] for form in rows if form.cleaned_data.get("stop"))
        calls: list[CallSheet] = []
        clock: int | None = None
        last = 0
        for number, form in enumerate(rows):
            data = form.cleaned_data
            stop = stops.get(data.get("stop", ""))
            if stop is None:
                form.add_error("stop", _("Which stop?"))
            elif isinstance(stop, StopUnclear):
                form.add_error("stop", stop.message)
            times = _times(form, number, len(rows), None if clock is None else last)
            km = _km(form, calls[-1].km if calls else None)
            if times is None or km is None or stop is None or isinstance(stop, StopUnclear):
                last = times[1] if times else last
                clock = times[1] if times and clock is None else clock
                continue
            clock = times[1] if clock is None else clock
            last = times[1]
            calls.append(
                CallSheet(
                    stop.pk,
                    max(0, times[0] - clock),
                    times[1] - clock,
                    km,
                    data["may_board"] and number < len(rows) - 1,
                    data["may_alight"] and number > 0,
                )
            )
        if any(form.errors for form in self.forms):
            return
        if len(calls) < 2:
            raise forms.ValidationError(_("A route needs at least two stops."))
        if not calls[-1].arrive or not calls[-1].km:
            raise forms.ValidationError(_("The last stop must be later and further than the first."))
        self.result = Calls(tuple(calls), clock or 0)


def _times(form: CallForm, number: int, rows: int, after: int | None) -> tuple[int, int] | None:
    """Arrival and departure; of the first row its departure counts. One left out is the other."""
    data, times = form.cleaned_data, {}
    for name in ("arrive", "depart"):
        if not data.get(name) or (number == 0 and name == "arrive" and data.get("depart")):
            continue
        try:
            times[name] = after = read_clock(data[name], after)
        except ValueError:
            earlier = (
                ""
                if after is None
                else " " + _("It must not be before %(time)s.") % {"time": clock_text(after)}
            )
            form.add_error(name, _("Enter the time as 08:30, or 01:15+1 for the next day.") + earlier)
            return None
    if not times:
        form.add_error("arrive" if number == rows - 1 and number else "depart", _("When?"))
        return None
    either = next(iter(times.values()))
    return times.get("arrive", either), times.get("depart", either)


def _km(form: CallForm, before: Decimal | None) -> Decimal | None:
    """From the first stop; the first is 0 if it says nothing."""
    typed = form.cleaned_data.get("km", "").replace(" ", "").replace(",", ".")
    if not typed and before is None:
        return Decimal(0)
    try:
        km = Decimal(typed).quantize(Decimal("0.01"))
    except InvalidOperation:
        form.add_error("km", _("Enter the kilometres from the first stop."))
        return None
    if not 0 <= km <= _MOST_KM or (before is not None and km < before):
        form.add_error("km", _("Kilometres are counted from the first stop and cannot decrease."))
        return None
    return km


CallFormSet = forms.formset_factory(
    CallForm, formset=BaseCallFormSet, extra=3, max_num=MAX_CALLS, absolute_max=MAX_CALLS + 20
)


def call_rows(calls: Sequence[CallSheet], clock: int) -> list[dict[str, Any]]:
    """As the grid begins with them."""
    stops = stops_by_id(call.stop for call in calls)
    last = len(calls) - 1
    return [
        {
            "stop": stops[call.stop].code if call.stop in stops else "",
            "arrive": clock_text(clock + call.arrive) if number else "",
            "depart": clock_text(clock + call.depart) if number < last else "",
            "km": f"{call.km.normalize():f}",
            "may_board": call.may_board,
            "may_alight": call.may_alight,
        }
        for number, call in enumerate(calls)
    ]


def rows_as_text(rows: Iterable[dict[str, Any]]) -> str:
    """As they are copied into a spreadsheet: a line for each, with tabs between."""
    return "\n".join(
        "\t".join([*(str(row.get(name) or "") for name in _COLUMNS), _rights(row)]) for row in rows
    )


def _rights(row: dict[str, Any]) -> str:
    board, alight = bool(row.get("may_board")), bool(row.get("may_alight"))
    return "" if board and alight else "b" if board else "a" if alight else "-"


def read_rows(text: str) -> list[dict[str, Any]]:
    """Lines of a spreadsheet: stop, arrival, departure, kilometres, and b or a where passengers only board or
    alight. A line of headings is left out.
    """
    rows = []
    for line in text.splitlines()[: 2 * MAX_CALLS]:
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells) or _is_heading(cells):
            continue
        cells += [""] * (5 - len(cells))
        rights = cells[4].casefold()[:1]
        row: dict[str, Any] = dict(zip(_COLUMNS, cells, strict=False))
        rows.append(row | {"may_board": rights not in ("a", "-"), "may_alight": rights not in ("b", "-")})
    return rows[:MAX_CALLS]


def _is_heading(cells: Sequence[str]) -> bool:
    others = [cell for cell in cells[1:4] if cell]
    return bool(others) and not any(character.isdigit() for cell in others for character in cell)


def reversed_calls(calls: Sequence[CallSheet]) -> tuple[CallSheet, ...]:
    """The same road the other way, with the same times between the stops and at them."""
    end, km = calls[-1].arrive, calls[-1].km
    return tuple(
        CallSheet(
            call.stop,
            max(0, end - call.depart),
            end - call.arrive,
            km - call.km,
            call.may_alight if number else True,
            call.may_board if number < len(calls) - 1 else True,
        )
        for number, call in enumerate(reversed(calls))
    )
