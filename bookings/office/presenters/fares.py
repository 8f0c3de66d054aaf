"""The fares of a route as a triangle of fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.forms import BoundField

from bookings.base.money import whole_rand
from bookings.domain.timetable.drafts.sheets import CallSheet
from bookings.office.forms.fares import FaresForm, cell_name


@dataclass(frozen=True)
class FareRow:
    stop: str
    cells: tuple[BoundField | None, ...]  # None: no such ride is sold


def fare_triangle(
    form: FaresForm, calls: Sequence[CallSheet], names: Sequence[str], price: Decimal
) -> list[FareRow]:
    """A row for each stop where passengers board; an empty field shows its share of `price` by distance."""
    total = calls[-1].km or Decimal(1)
    for first, last in form.pairs:
        share = whole_rand(price * (calls[last].km - calls[first].km) / total)
        widget = form.fields[cell_name((first, last))].widget
        widget.attrs["placeholder"] = f"{share:f}".removesuffix(".00") if price else ""
    return [
        FareRow(
            names[first],
            tuple(
                form[cell_name((first, last))] if last > first and (first, last) in form.pairs else None
                for last in range(1, len(calls))
            ),
        )
        for first in range(len(calls) - 1)
    ]
