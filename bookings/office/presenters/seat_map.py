"""The seats of a coach as staff choose among them.

Ready classes of the style sheet and addresses, seat by seat.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.urls import reverse

from bookings.domain.counter.exchange_page import ReseatView
from bookings.domain.inventory.seats import DeckView, SeatMap, SeatView

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Deck(Generic[Shown]):
    title: str
    columns: int
    rows: tuple[tuple[Shown | None, ...], ...]  # None: aisle or gap


def _shown(decks: Collection[DeckView[SeatView]], show: Callable[[SeatView], Shown]) -> list[Deck[Shown]]:
    return [
        Deck(
            deck.title,
            deck.columns,
            tuple(tuple(show(seat) if seat else None for seat in row) for row in deck.rows),
        )
        for deck in decks
    ]


@dataclass(frozen=True)
class SeatLink:
    label: str
    name: str
    tone: str  # of the seat
    shape: str  # of its drawing
    address: str = ""  # empty: it cannot be chosen


def seats_to_change_to(view: ReseatView) -> list[Deck[SeatLink]]:
    """A free seat leads to its quote; the ticket's own seat stands out."""
    page = reverse("office:change_seat", args=[view.reference, view.ticket.pk])
    own = view.ticket.seat.label if view.ticket.seat else ""

    def link(seat: SeatView) -> SeatLink:
        if seat.state == "free":
            chosen = "is-yours" if seat.label == view.label else ""
            return SeatLink(
                seat.label, seat.name, f"is-free is-{seat.kind}", chosen, f"{page}?seat={seat.label}"
            )
        tone = "is-crew" if seat.state == "crew" else "is-sold"
        return SeatLink(seat.label, seat.name, tone, "is-held" if seat.label == own else "is-sold")

    return _shown(view.seats.decks, link)


@dataclass(frozen=True)
class SeatChoice:
    label: str
    name: str
    tone: str
    is_crew: bool
    attributes: str  # of its box: "checked", "disabled", both or none


def seats_to_sell(seats: SeatMap, ticked: Collection[str]) -> list[Deck[SeatChoice]]:
    def choice(seat: SeatView) -> SeatChoice:
        return SeatChoice(
            seat.label,
            seat.name,
            f"is-{seat.state} is-{seat.kind}",
            is_crew=seat.state == "crew",
            attributes=_box(
                is_ticked=seat.label in ticked, is_closed=not (seat.is_choosable and seats.is_on_sale)
            ),
        )

    return _shown(seats.decks, choice)


def _box(*, is_ticked: bool, is_closed: bool) -> str:
    return ("checked " if is_ticked else "") + ("disabled" if is_closed else "")
