"""The fares of a route as a triangle: from each stop to each later one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.money import cents, read_amount
from bookings.domain.timetable.drafts.sheets import CallSheet, FareSheet, Pair
from bookings.office.forms.timetable import SinceField
from bookings.web.fields import AmountField, DayField

NOT_SOLD: Final = "-"
_MOST: Final = Decimal(100_000)
_STEPS: Final = [("1", "R1"), ("5", "R5"), ("10", "R10")]

Amounts = Mapping[Pair, Decimal | None]  # None: not sold; what is not there is priced by distance


class FareField(forms.CharField):
    """Rand, a dash for a pair that is not sold, or nothing for one that is priced by distance."""

    def __init__(self, label: str) -> None:
        attrs = {"autocomplete": "off", "inputmode": "decimal", "class": "input code", "size": 6}
        super().__init__(label=label, required=False, max_length=14, widget=forms.TextInput(attrs=attrs))

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if typed in ("", NOT_SOLD, "–", "x"):
            return typed and NOT_SOLD
        try:
            amount = cents(read_amount(typed))
        except ValueError as error:
            raise ValidationError(_("Enter rand, or - if it is not sold.")) from error
        if not 0 <= amount <= _MOST:
            raise ValidationError(_("Enter 0 to %(most)s rand.") % {"most": f"{_MOST:,}"})
        return amount


class FaresForm(forms.Form):
    since = SinceField()
    until = DayField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("If left empty, until further notice."),
    )

    def __init__(self, *args: Any, pairs: Mapping[Pair, str], amounts: Amounts, **kwargs: Any) -> None:
        """`pairs`: what each is called; `amounts`: as they begin."""
        super().__init__(*args, **kwargs)
        self.pairs = list(pairs)
        for pair, label in pairs.items():
            field = FareField(label)
            field.initial = fare_text(amounts[pair]) if pair in amounts else ""
            self.fields[cell_name(pair)] = field

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if first and last and last < first:
            self.add_error("until", _("The last day is before the first."))
        return self.cleaned_data

    def amounts(self) -> dict[Pair, Decimal | None]:
        """What is typed and good."""
        typed = {pair: self.cleaned_data.get(cell_name(pair), "") for pair in self.pairs}
        return {pair: None if value == NOT_SOLD else value for pair, value in typed.items() if value != ""}

    def sheet(self, route: str, published: Amounts) -> FareSheet:
        """What is other than `published`."""
        amounts = self.amounts()
        return FareSheet(
            route,
            self.cleaned_data["since"],
            self.cleaned_data["until"],
            {
                pair: amount
                for pair, amount in amounts.items()
                if pair not in published or published[pair] != amount
            },
            tuple(pair for pair in self.pairs if pair in published and pair not in amounts),
        )


class FillForm(forms.Form):
    """How the triangle is filled, before anything is saved."""

    per_km = AmountField(gettext_lazy("Rand for each km"), required=False, max_digits=6, decimal_places=2)
    least = AmountField(gettext_lazy("At least"), required=False)
    percent = forms.DecimalField(
        label=gettext_lazy("Percent to add (-5 to lower)"), required=False, min_value=-90, max_value=500
    )
    step = forms.ChoiceField(label=gettext_lazy("Rounded to"), choices=_STEPS, initial="5")

    def filled(
        self, action: str, amounts: Amounts, calls: Sequence[CallSheet], other: Amounts
    ) -> dict[Pair, Decimal | None]:
        """Of valid data; `other` are the fares of the route that is copied, by the positions of this one."""
        data = self.cleaned_data
        step, least = Decimal(data["step"]), data["least"] or Decimal(0)
        if action == "copy":
            return {**amounts, **other}
        if action == "percent":
            factor = 1 + (data["percent"] or Decimal(0)) / 100
            return {
                pair: None if amount is None else max(_rounded(amount * factor, step), least)
                for pair, amount in amounts.items()
            }
        rate = data["per_km"] or Decimal(0)
        filled: dict[Pair, Decimal | None] = {}
        for first, last in sold_pairs(calls):
            is_sold = amounts.get((first, last), Decimal(0)) is not None
            km = calls[last].km - calls[first].km
            filled[first, last] = max(_rounded(km * rate, step), least) if is_sold else None
        return filled


def _rounded(amount: Decimal, step: Decimal) -> Decimal:
    return cents((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


def sold_pairs(calls: Sequence[CallSheet]) -> list[Pair]:
    """Where passengers may board, and a later stop where they may alight."""
    return [
        (first, last)
        for first in range(len(calls))
        for last in range(first + 1, len(calls))
        if calls[first].may_board and calls[last].may_alight
    ]


def cell_name(pair: Pair) -> str:
    return f"fare-{pair[0]}-{pair[1]}"


def fare_text(amount: Decimal | None) -> str:
    return NOT_SOLD if amount is None else f"{amount:f}".removesuffix(".00")


def as_posted(amounts: Amounts, pairs: Iterable[Pair]) -> dict[str, str]:
    """These amounts as the triangle posts them."""
    return {cell_name(pair): fare_text(amounts[pair]) if pair in amounts else "" for pair in pairs}


def copied_amounts(
    calls: Sequence[CallSheet], others: Sequence[CallSheet], amounts: Amounts
) -> dict[Pair, Decimal | None]:
    """The fares of the `others` for the same two stops, either way round."""
    positions = {call.stop: number for number, call in enumerate(others)}
    copied: dict[Pair, Decimal | None] = {}
    for first, last in sold_pairs(calls):
        start, end = (positions.get(calls[number].stop, -1) for number in (first, last))
        pair = min(start, end), max(start, end)
        if pair in amounts:
            copied[first, last] = amounts[pair]
    return copied


def day_of(form: FaresForm, default: date) -> date:
    """From when the fares hold, if that could be read."""
    day: date | None = getattr(form, "cleaned_data", {}).get("since")
    return day or default
