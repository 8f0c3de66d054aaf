"""Coaches and seat layouts on the pages of the office."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.base.errors import Refusal
from bookings.domain.fleet.coaches import why_not_in_service
from bookings.domain.fleet.layouts import LayoutSheet
from bookings.domain.inventory.seat_plans import FIXTURE_LETTERS, SEAT_LETTERS, label_rows
from bookings.domain.inventory.seats import seat_decks
from bookings.models import Seat, SeatKind

LETTERS: Final[list[tuple[str, str | Promise]]] = [
    *((letter, kind.label) for letter, kind in SEAT_LETTERS.items()),
    (".", gettext_lazy("gap or aisle")),
    *((letter, fixture.label) for letter, fixture in FIXTURE_LETTERS.items()),
]


@dataclass(frozen=True)
class CoachRow:
    address: str
    number: str
    registration: str
    layout: str
    layout_address: str
    seats: int
    operator: str
    state: str
    tone: str  # of its badge


def coach_rows(coaches: Iterable[Any], today: date) -> list[CoachRow]:
    """Of `list_coaches`."""
    rows = []
    for coach in coaches:
        why_not = why_not_in_service(coach, today)
        rows.append(
            CoachRow(
                reverse("office:fleet_coach", args=[coach.pk]),
                coach.bus_number,
                coach.registration,
                coach.layout.name,
                reverse("office:fleet_layout", args=[coach.layout_id]),
                coach.seats_sold,
                coach.operator or _("our own"),
                _("in service") if why_not is None else why_not,
                "good" if why_not is None else "warn",
            )
        )
    return rows


@dataclass(frozen=True)
class PreviewCell:
    """A place of the drawing; empty words: a gap."""

    label: str
    tone: str
    title: str
    is_fixture: bool = False


@dataclass(frozen=True)
class PreviewDeck:
    title: str
    columns: int
    rows: list[list[PreviewCell | None]]


@dataclass(frozen=True)
class Preview:
    """A layout as passengers see it, or the `problem` that keeps it from being drawn."""

    decks: list[PreviewDeck]
    summary: str
    labels: str  # row by row, as the form takes them
    problem: str = ""


def preview(sheet: LayoutSheet) -> Preview:
    try:
        plan, seats = sheet.draw()
    except Refusal as refusal:
        return Preview([], "", "", refusal.message)
    decks = [
        PreviewDeck(
            deck.title,
            deck.columns,
            [
                [
                    _seat_cell(seat)
                    if seat
                    else PreviewCell(str(fixture.label), f"is-{fixture}", str(fixture.label), is_fixture=True)
                    if (fixture := deck.fixtures.get((row, column)))
                    else None
                    for column, seat in enumerate(cells)
                ]
                for row, cells in enumerate(deck.rows)
            ],
        )
        for deck in seat_decks(seats, plan.text)
    ]
    return Preview(decks, _summary(seats), "\n".join(" ".join(row) for row in label_rows(seats)))


def _seat_cell(seat: Seat) -> PreviewCell:
    kind = SeatKind(seat.kind)
    text = _("crew") if kind == SeatKind.CREW else seat.label
    return PreviewCell(text, f"is-free is-{kind}" if kind != SeatKind.CREW else "is-crew", str(kind.label))


def _summary(seats: list[Seat]) -> str:
    kinds = Counter(SeatKind(seat.kind) for seat in seats)
    sold = sum(count for kind, count in kinds.items() if kind != SeatKind.CREW)
    text = ngettext("%(count)d seat is sold", "%(count)d seats are sold", sold) % {"count": sold}
    return f"{text}: " + ", ".join(f"{count} {kind.label}" for kind, count in sorted(kinds.items()))
