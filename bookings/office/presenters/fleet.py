"""Coaches and seat layouts on the pages of the office."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.base.errors import Refusal
from bookings.domain.fleet.board import Candidate, Clash, ClashWarning, CoachRun, FleetBoard
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


_LABEL_MINUTES: Final = 480  # as wide as a label is
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Bar:
    """A run on the board; `x` and `width` are minutes from its left end."""

    address: str
    label: str
    title: str
    x: int
    width: int
    text_x: int
    tone: str


@dataclass(frozen=True)
class FleetBoardRow:
    number: str
    address: str
    bars: list[Bar]


@dataclass(frozen=True)
class BoardPicture:
    days: list[tuple[int, str]]  # where each begins, and its name
    width: int
    rows: list[FleetBoardRow]


def board_picture(board: FleetBoard, start: datetime, days: int) -> BoardPicture:
    wrong = {warning.run.schedule_id for warning in board.warnings}
    rows = [
        FleetBoardRow(
            line.coach.bus_number,
            reverse("office:fleet_coach", args=[line.coach.pk]),
            [_bar(run, start, days, is_wrong=run.schedule_id in wrong) for run in line.runs],
        )
        for line in board.lines
    ]
    names = [(day * 1440, date_format(start + timedelta(days=day), "D j M")) for day in range(days)]
    return BoardPicture(names, days * 1440, rows)


def _bar(run: CoachRun, start: datetime, days: int, *, is_wrong: bool) -> Bar:
    left = max(0, int((run.starts - start) / _MINUTE))
    right = min(days * 1440, int((run.ends - start) / _MINUTE))
    has_room = right - left >= _LABEL_MINUTES
    return Bar(
        reverse("office:departure_coach", args=[run.schedule_id]),
        f"{run.start_city[:3]}–{run.end_city[:3]}" if has_room else "",  # its title has it whole
        run_text(run),
        left,
        max(20, right - left),
        left + 25,
        "is-wrong" if is_wrong else "",
    )


def run_text(run: CoachRun) -> str:
    return f"{date_format(run.starts, 'D j M, H:i')} {run.start_city} → {run.end_city} {run.ends:%H:%M}"


def clash_text(warning: ClashWarning) -> str:
    texts = {
        Clash.TWO_PLACES: _("at two places at once: still on %(detail)s"),
        Clash.SHORT_TURN: _("only %(detail)s minutes after the departure before it"),
        Clash.ELSEWHERE: _("the coach is in %(detail)s"),
        Clash.OUT_OF_SERVICE: _("out of service: %(detail)s"),
        Clash.OTHER_LAYOUT: _("other seats than those on sale: %(detail)s"),
        Clash.TOO_SMALL: _("fewer seats than the %(detail)s that are taken"),
    }
    return texts[warning.clash] % {"detail": warning.detail}


def warning_rows(
    warnings: Iterable[ClashWarning], coaches: Mapping[int, str]
) -> list[tuple[str, str, str, str]]:
    """Of each its address, coach, departure and texts."""
    return [
        (
            reverse("office:departure_coach", args=[warning.run.schedule_id]),
            coaches.get(warning.run.coach_id or 0, ""),
            run_text(warning.run),
            clash_text(warning),
        )
        for warning in warnings
    ]


def candidate_text(candidate: Candidate) -> str:
    parts = [candidate.coach.bus_number, candidate.coach.layout.name]
    return " · ".join([*parts, *map(clash_text, candidate.warnings)])
