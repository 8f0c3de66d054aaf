"""Where each seat of the next coach is drawn: the front at the left, one deck below the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.dates import day_text
from bookings.domain.dashboard.next_coach import CoachSeat, NextCoach

_SEAT: Final = 22
_STEP: Final = 26
_GAP: Final = 14  # between two decks


@dataclass(frozen=True)
class DrawnSeat:
    x: int
    y: int
    label: str
    tone: str


@dataclass(frozen=True)
class CoachPicture:
    width: int
    height: int
    seats: tuple[DrawnSeat, ...]
    size: int = _SEAT


class NextCoachBlock:
    """Drawn when the template asks: a block that is cached is not."""

    def __init__(self, coach: NextCoach) -> None:
        self.coach = coach
        self.cache_key = coach.cache_key

    @property
    def id(self) -> int | None:
        return self.coach.departure.id if self.coach.departure else None

    @property
    def title(self) -> str:
        departure = self.coach.departure
        if departure is None:
            return ""
        today = self.coach.now.astimezone(departure.local.tzinfo).date()
        day = "" if departure.local.date() == today else f", {day_text(departure.local)}"
        note = f" ({departure.departs_note})" if departure.departs_note else ""
        return f"{departure.local:%H:%M}{note} {self.coach.destination}{day}"

    @property
    def free_text(self) -> str:
        free = self.coach.counts["free"]
        return ngettext("%(number)d seat free", "%(number)d seats free", free) % {"number": free}

    @property
    def text(self) -> str:
        """What the picture says, for those who hear it."""
        taken = ", ".join(
            seat.label for seat in self.coach.seats if seat.state in ("sold", "held", "blocked")
        )
        return _("Taken: %(seats)s") % {"seats": taken} if taken else _("All seats are free.")

    @property
    def picture(self) -> CoachPicture:
        seats: list[DrawnSeat] = []
        top = width = 0
        for deck in sorted({seat.deck for seat in self.coach.seats}):
            on_deck = [seat for seat in self.coach.seats if seat.deck == deck]
            front = min(seat.row for seat in on_deck)
            seats += [_drawn(seat, front, top) for seat in on_deck]
            top += max(seat.column for seat in on_deck) * _STEP + _GAP
            width = max(width, (max(seat.row for seat in on_deck) - front + 1) * _STEP)
        return CoachPicture(width, max(top - _GAP, 0), tuple(seats))


def _drawn(seat: CoachSeat, front: int, top: int) -> DrawnSeat:
    return DrawnSeat((seat.row - front) * _STEP, top + (seat.column - 1) * _STEP, seat.label, seat.state)
