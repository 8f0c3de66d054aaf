"""The seats of the coach that leaves a station next, as far as they are taken from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from bookings.domain.dashboard.today import block_key
from bookings.domain.inventory.seat_choice import layout_seats
from bookings.domain.operations.station import Coming, ways
from bookings.models import Branch, Schedule, SeatClaim, SeatKind

_STATES: Final = {SeatClaim.Kind.HELD: "held", SeatClaim.Kind.BLOCKED: "blocked", SeatClaim.Kind.SOLD: "sold"}
_WORST: Final = ("sold", "blocked", "held", "free", "crew")  # of several legs


@dataclass(frozen=True)
class CoachSeat:
    label: str
    deck: int
    row: int
    column: int
    state: str  # free, held (or ordered and not paid), sold, blocked, crew: on any leg from here on


@dataclass(frozen=True)
class NextCoach:
    """Read once it is asked for."""

    branch: Branch
    now: datetime
    departure: Coming | None

    @property
    def cache_key(self) -> str:
        shown = (self.departure,) if self.departure else ()
        return block_key("coach", self.branch, shown, f"{self.now:%d%H%M}")

    @cached_property
    def destination(self) -> str:
        """No query while the ways are cached."""
        if self.departure is None:
            return ""
        call = self.departure.call
        return ways([call.route_id])[call.route_id].end_after(call.position)

    @cached_property
    def seats(self) -> tuple[CoachSeat, ...]:
        """One query, and one more while the layout is not cached."""
        departure = self.departure
        if departure is None:
            return ()
        claims = SeatClaim.objects.filter(schedule=departure.id, leg__gte=departure.call.position)
        states: dict[int, str] = {}
        for seat, kind in claims.live(self.now).order_by().values_list("seat", "kind"):
            states[seat] = min(states.get(seat, "free"), _STATES[SeatClaim.Kind(kind)], key=_WORST.index)
        return tuple(
            CoachSeat(
                seat.label,
                seat.deck,
                seat.row,
                seat.column,
                "crew" if seat.kind == SeatKind.CREW else states.get(seat.pk, "free"),
            )
            for seat in layout_seats(departure.layout_id)
        )

    @property
    def counts(self) -> Counter[str]:
        return Counter(seat.state for seat in self.seats)


def next_coach(branch: Branch, departures: Sequence[Coming], *, now: datetime) -> NextCoach:
    """The first of these departures, which are in order of time, that is sold from here."""
    on_sale = (row for row in departures if row.status in Schedule.SOLD_IN and not row.is_withdrawn)
    return NextCoach(branch, now, next(on_sale, None))
