"""The seat map of a segment: each seat with its place, class, price and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.cache.reference_data import single_version_check
from bookings.database.compiled import compiled
from bookings.domain.fares.prices import FareTable, fare_table, passenger_price
from bookings.domain.inventory.seat_choice import layout_seats
from bookings.domain.inventory.seat_plans import FIXTURE_LETTERS, SEAT_LETTERS, Fixture
from bookings.domain.inventory.wheelchair_places import are_places_reserved
from bookings.domain.timetable.segments import Segment
from bookings.models import FareClass, Seat, SeatClaim, SeatKind


class SeatView(NamedTuple):
    label: str
    row: int
    column: int
    deck: int
    kind: str
    state: str  # free, held, sold, mine, kept (for wheelchairs), crew
    name: str  # "Row 4 seat 4B, window, R420"
    price: str
    class_code: str
    is_window: bool

    @property
    def is_choosable(self) -> bool:
        return self.state in ("free", "mine")


class SeatPosition(Protocol):
    """A seat where it stands in the coach."""

    @property
    def row(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def deck(self) -> int: ...


DeckSeat = TypeVar("DeckSeat", bound=SeatPosition)


@dataclass(frozen=True)
class DeckView(Generic[DeckSeat]):
    number: int
    title: str
    columns: int
    rows: tuple[tuple[DeckSeat | None, ...], ...]  # None: aisle, gap or fixture
    fixtures: dict[tuple[int, int], Fixture] = field(default_factory=dict)  # by row and column, both from 0


@dataclass(frozen=True)
class ClassPrice:
    code: str
    name: str
    adult: str
    free: int
    fares: dict[str, str]  # the bare amount for each passenger type, by slug


@dataclass(frozen=True)
class TypePrice:
    slug: str
    name: str
    plural: str
    price: str  # in the cheapest class
    proof: str


@dataclass(frozen=True)
class SeatMap:
    segment: Segment
    decks: tuple[DeckView[SeatView], ...]
    seats: tuple[SeatView, ...]
    free: int
    reserved: int  # free ones that are kept for wheelchairs, where they can be chosen
    revision: int
    live: int  # claims on the legs of the ride
    is_on_sale: bool
    classes: tuple[ClassPrice, ...]
    types: tuple[TypePrice, ...]

    @property
    def own_labels(self) -> list[str]:
        return [seat.label for seat in self.seats if seat.state == "mine"]

    @property
    def reserves_places(self) -> bool:
        """Whether some are kept for wheelchairs."""
        return any(seat.state == "kept" for seat in self.seats)


@single_version_check()
def seat_map(
    segment: Segment,
    *,
    now: datetime,
    owner: str = "",
    channel: str = "web",
    takes_wheelchair_places: bool = False,
) -> SeatMap:
    """Who may sit where on a ride, with prices: a constant number of queries. Places that are kept for
    wheelchairs are free only to who `takes_wheelchair_places`.
    """
    fares = fare_table([(segment.board, segment.alight)])
    prices = class_prices(segment, fares)
    price_texts = {code: format_zar(price) for code, price in prices.items()}
    states, live = _states(segment, owner, now)
    layout = layout_seats(segment.schedule.layout_id)
    is_kept = are_places_reserved(segment.boards_at, now)
    if is_kept and not takes_wheelchair_places:
        for seat in layout:
            if seat.kind == SeatKind.ACCESSIBLE:
                states.setdefault(seat.pk, "kept")
    state_texts = {
        "mine": _("your seat"),
        "held": _("held by somebody else"),
        "sold": _("taken"),
        "kept": _("kept for passengers who use a wheelchair"),
        "crew": _("crew"),
    }
    sold_as = {kind: fares.class_of(kind) for kind in {seat.kind for seat in layout}}
    codes = {kind: fare_class.code if fare_class else "" for kind, fare_class in sold_as.items()}
    seats = tuple(
        _seat_view(seat, states.get(seat.id, "free"), codes[seat.kind], price_texts, state_texts)
        for seat in layout
    )
    free = Counter(seat.class_code for seat in seats if seat.is_choosable)
    offered = [
        fare_class
        for fare_class in fares.classes
        if fare_class.code in prices and any(seat.class_code == fare_class.code for seat in seats)
    ]
    cheapest = min((prices[fare_class.code] for fare_class in offered), default=None)
    return SeatMap(
        segment=segment,
        decks=seat_decks(seats, layout[0].layout.plan if layout else ""),
        seats=tuple(seat for seat in seats if seat.state != "crew"),
        free=free.total(),
        reserved=sum(is_kept and seat.kind == SeatKind.ACCESSIBLE and seat.state == "free" for seat in seats),
        revision=segment.schedule.revision,
        live=live,
        is_on_sale=bool(offered) and segment.is_on_sale(now, channel),
        classes=tuple(
            _class_price(fare_class, prices[fare_class.code], free[fare_class.code], fares)
            for fare_class in offered
        ),
        types=tuple(
            TypePrice(
                kind.slug,
                kind.name,
                kind.name_plural,
                format_zar(passenger_price(cheapest, kind)),
                kind.proof,
            )
            for kind in fares.types.values()
            if cheapest is not None
        ),
    )


def _class_price(fare_class: FareClass, adult: Decimal, free: int, fares: FareTable) -> ClassPrice:
    by_type = {slug: str(fare) for slug, fare in fares.fares_by_type(adult).items()}
    return ClassPrice(fare_class.code, fare_class.name, format_zar(adult), free, by_type)


def class_prices(segment: Segment, fares: FareTable) -> dict[str, Decimal]:
    """Adult price by class code, of the classes in which this ride is sold."""
    day, price_zar = segment.boards_local.date(), segment.schedule.price_zar
    priced = {
        fare_class.code: fares.price(segment.board, segment.alight, fare_class, price_zar=price_zar, day=day)
        for fare_class in fares.classes
    }
    return {code: price for code, price in priced.items() if price is not None}


@compiled
def _claims(schedule_id: int, first: int, end: int, now: datetime) -> QuerySet[SeatClaim, tuple[Any, ...]]:
    claims = SeatClaim.objects.filter(schedule=schedule_id).on_legs(first, end).live(now)
    return claims.values_list("seat", "kind", "ticket", "hold_trip__hold__owner")


def _states(segment: Segment, owner: str, now: datetime) -> tuple[dict[int, str], int]:
    """The state of each seat that is not free, and how many claims say so."""
    states: dict[int, str] = {}
    rows = _claims(segment.schedule.pk, segment.board.position, segment.alight.position, now)
    for seat, kind, of_ticket, holder in rows:
        if owner and holder == owner:
            states.setdefault(seat, "mine")
        else:
            states[seat] = "held" if kind == SeatClaim.Kind.HELD and not of_ticket else "sold"
    return states, len(rows)


def _seat_view(
    seat: Seat, state: str, code: str, prices: dict[str, str], state_texts: dict[str, str]
) -> SeatView:
    if seat.kind == SeatKind.CREW:
        state = "crew"
    elif code not in prices:
        state = "sold"
    price = prices.get(code, "")
    place = _place_text(seat.row, seat.label, seat.is_window, seat.kind, get_language())
    name = state_texts["crew"] if state == "crew" else f"{place}, {state_texts.get(state, price)}"
    return SeatView(
        seat.label, seat.row, seat.column, seat.deck, seat.kind, state, name, price, code, seat.is_window
    )


@lru_cache(maxsize=2000)
def _place_text(row: int, label: str, is_window: bool, kind: str, _language: str | None) -> str:
    parts = [
        _("Row %(row)d seat %(label)s") % {"row": row, "label": label},
        _("window") if is_window else _("aisle"),
    ]
    if kind in (SeatKind.ACCESSIBLE, SeatKind.PREMIUM):
        parts.append(str(SeatKind(kind).label))
    return ", ".join(parts)


def seat_decks(seats: Sequence[DeckSeat], plan: str = "") -> tuple[DeckView[DeckSeat], ...]:
    """`plan` is how the layout was drawn; one that does not fit the seats, or none, leaves out what is no
    seat.
    """
    numbers = sorted({seat.deck for seat in seats})
    titles = {1: _("Lower deck"), 2: _("Upper deck")} if len(numbers) > 1 else {}
    drawn = plan.split("\n\n") if plan else []
    return tuple(
        _deck(
            number,
            titles.get(number, _("Seats")),
            [seat for seat in seats if seat.deck == number],
            drawn[number - 1].split("\n") if number <= len(drawn) else [],
        )
        for number in numbers
    )


def _deck(number: int, title: str, seats: list[DeckSeat], drawn: list[str]) -> DeckView[DeckSeat]:
    columns = max(seat.column for seat in seats)
    places = {(seat.row, seat.column): seat for seat in seats}
    first, last = min(seat.row for seat in seats), max(seat.row for seat in seats)
    rows: list[int | None] = list(range(first, last + 1))  # None: one without seats
    with_seats = [bool(SEAT_LETTERS.keys() & set(line)) for line in drawn]
    if sum(with_seats) == len(rows):
        numbered = iter(rows)
        rows = [next(numbered) if has_seats else None for has_seats in with_seats]
        columns = max(columns, *map(len, drawn))
    else:
        drawn = []
    return DeckView(
        number,
        title,
        columns,
        tuple(
            tuple(places.get((row, column)) if row else None for column in range(1, columns + 1))
            for row in rows
        ),
        {
            (row, column): FIXTURE_LETTERS[letter]
            for row, line in enumerate(drawn)
            for column, letter in enumerate(line)
            if letter in FIXTURE_LETTERS
        },
    )


def seat_map_revision(segment: Segment, now: datetime) -> str:
    """Changes with what can be seen of the ride's seats and state."""
    live = (
        SeatClaim.objects.filter(schedule=segment.schedule.pk)
        .on_legs(segment.legs.start, segment.legs.stop)
        .live(now)
        .count()
    )
    return revision_of(segment, live, now)


def revision_of(segment: Segment, live: int, now: datetime) -> str:
    # The departure's own revision does not move when a hold runs out or sales close: time alone does that.
    is_kept = are_places_reserved(segment.boards_at, now)
    return f"{segment.schedule.revision}.{live}.{int(segment.is_on_sale(now))}{int(is_kept)}"
