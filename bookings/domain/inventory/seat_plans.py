"""A coach as it is drawn: a character for each place, a line for each row from the front, decks apart by an
empty line.

Pure: from a drawing to seats and back. What is no seat (door, stairs, toilet, driver) is only in the drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import Refusal
from bookings.models import Seat, SeatKind


class Fixture(models.TextChoices):
    """What stands in a coach beside its seats."""

    DOOR = "door", gettext_lazy("door")
    TOILET = "toilet", gettext_lazy("toilet")
    STAIRS = "stairs", gettext_lazy("stairs")
    DRIVER = "driver", gettext_lazy("driver")


class LabelRule(models.TextChoices):
    ROWS = "rows", gettext_lazy("by row and letter: 1A, 1B, 2A …")
    NUMBERS = "numbers", gettext_lazy("by number: 1, 2, 3 …")
    OWN = "own", gettext_lazy("as typed below")


GAP: Final = "."
SEAT_LETTERS: Final = {
    "s": SeatKind.STANDARD,
    "p": SeatKind.PREMIUM,
    "a": SeatKind.ACCESSIBLE,
    "c": SeatKind.CREW,
}
FIXTURE_LETTERS: Final = {
    "d": Fixture.DOOR,
    "t": Fixture.TOILET,
    "u": Fixture.STAIRS,
    "w": Fixture.DRIVER,
}
MOST_ROWS: Final = 30  # of a deck
MOST_COLUMNS: Final = 6
_LONGEST_LABEL: Final = 6
_LETTERS: Final = {kind: letter for letter, kind in SEAT_LETTERS.items()}
_KNOWN: Final = frozenset({GAP, *SEAT_LETTERS, *FIXTURE_LETTERS})
Deck = tuple[str, ...]


@dataclass(frozen=True)
class SeatPlan:
    """The rows of each deck, all of a deck equally long."""

    decks: tuple[Deck, ...]

    @property
    def text(self) -> str:
        return "\n\n".join("\n".join(deck) for deck in self.decks)


def read_plan(decks: Sequence[str]) -> SeatPlan:
    """What was typed for each deck. Raises Refusal with the deck, row and character that cannot be."""
    plan = SeatPlan(tuple(_deck(number, text) for number, text in enumerate(decks, 1) if text.strip()))
    if not any(letter in "spa" for deck in plan.decks for row in deck for letter in row):
        raise Refusal(_("Draw at least one seat that is sold."))
    return plan


def _deck(number: int, text: str) -> Deck:
    rows = [
        line.strip().lower().replace(" ", GAP).replace("-", GAP) for line in text.strip("\r\n").splitlines()
    ]
    rows = [row for row in rows if row]
    if len(rows) > MOST_ROWS:
        raise Refusal(_("A deck has at most %(most)d rows.") % {"most": MOST_ROWS})
    for line, row in enumerate(rows, 1):
        wrong = next((letter for letter in row if letter not in _KNOWN), "")
        where = {"deck": number, "row": line, "letter": wrong, "most": MOST_COLUMNS}
        if wrong:
            raise Refusal(_("Deck %(deck)d, row %(row)d: “%(letter)s” is none of the letters.") % where)
        if len(row) > MOST_COLUMNS:
            raise Refusal(_("Deck %(deck)d, row %(row)d: a row has at most %(most)d places.") % where)
    width = max((len(row) for row in rows), default=0)
    return tuple(row.ljust(width, GAP) for row in rows)


def plan_seats(
    plan: SeatPlan, *, rule: str = LabelRule.ROWS, labels: Sequence[Sequence[str]] = ()
) -> list[Seat]:
    """The seats of a drawing, unsaved. Rows count on from deck to deck, so that a label is found once.

    `labels` are those of each row with seats that are sold, for the rule `own`. Raises Refusal where they do
    not fit the drawing, or one comes twice.
    """
    seats: list[Seat] = []
    own, above, crew = iter(labels if rule == LabelRule.OWN else ()), 0, 0
    for deck, rows in enumerate(plan.decks, 1):
        row = above
        for line in rows:
            if not any(letter in SEAT_LETTERS for letter in line):
                continue
            row += 1
            places = [column for column, letter in enumerate(line, 1) if letter in SEAT_LETTERS]
            sold = [column for column in places if line[column - 1] != "c"]
            given = _row_labels(row, len(sold), sum(seat.kind != SeatKind.CREW for seat in seats), rule)
            if rule == LabelRule.OWN and sold:
                given = _fitting(next(own, ()), len(sold), deck, row)
            named = dict(zip(sold, given, strict=True))
            for column in places:
                if column not in named:
                    crew += 1
                    named[column] = "CREW" if crew == 1 else f"CREW{crew}"
                seats.append(
                    Seat(
                        label=named[column],
                        deck=deck,
                        row=row,
                        column=column,
                        kind=SEAT_LETTERS[line[column - 1]],
                        is_window=column in (1, len(line)),
                    )
                )
        above = max((seat.row for seat in seats if seat.kind != SeatKind.CREW), default=0)
    if next(own, None):
        raise Refusal(_("There are more rows of labels than rows of seats."))
    _check_labels([seat.label for seat in seats])
    return seats


def _row_labels(row: int, count: int, before: int, rule: str) -> list[str]:
    if rule == LabelRule.NUMBERS:
        return [str(before + number) for number in range(1, count + 1)]
    return [f"{row}{letter}" for letter in "ABCDEF"[:count]]


def _fitting(labels: Sequence[str], count: int, deck: int, row: int) -> list[str]:
    if len(labels) != count:
        raise Refusal(
            _("Deck %(deck)d, row %(row)d has %(count)d seats, but there are %(labels)d labels for it.")
            % {"deck": deck, "row": row, "count": count, "labels": len(labels)}
        )
    return [label.upper() for label in labels]


def _check_labels(labels: Sequence[str]) -> None:
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            raise Refusal(_("Two seats are labelled %(label)s.") % {"label": label})
        if len(label) > _LONGEST_LABEL or not label.isascii() or not label.isalnum():
            raise Refusal(
                _("“%(label)s” is no label: use up to %(most)d letters and digits.")
                % {"label": label[:12], "most": _LONGEST_LABEL}
            )
        seen.add(label)


def label_rows(seats: Iterable[Seat]) -> list[list[str]]:
    """The labels of seats that are sold, row by row, as `plan_seats` takes them."""
    rows: dict[tuple[int, int], list[str]] = {}
    for seat in sorted(seats, key=lambda seat: (seat.deck, seat.row, seat.column)):
        if seat.kind != SeatKind.CREW:
            rows.setdefault((seat.deck, seat.row), []).append(seat.label)
    return list(rows.values())


def drawn_decks(text: str, seats: Sequence[Seat]) -> tuple[Deck, ...]:
    """A layout as it was drawn, or as its seats stand if it never was."""
    if text:
        return tuple(tuple(deck.split("\n")) for deck in text.split("\n\n"))
    decks = []
    for number in sorted({seat.deck for seat in seats}):
        places = {
            (seat.row, seat.column): _LETTERS[SeatKind(seat.kind)] for seat in seats if seat.deck == number
        }
        rows = range(min(row for row, _column in places), max(row for row, _column in places) + 1)
        width = max(column for _row, column in places)
        decks.append(
            tuple("".join(places.get((row, column), GAP) for column in range(1, width + 1)) for row in rows)
        )
    return tuple(decks)
