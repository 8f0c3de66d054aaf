"""What the daily sums are made of: which rows, by which of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Count, F, IntegerField, Model, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from bookings.models import Account, DailySum, LedgerEntry, OrderLine

By = DailySum.By
_Kind = OrderLine.Kind
_ALL: Final = Q()
_SIGNED: Final = Case(When(amount__gt=0, then=F("quantity")), default=-F("quantity"))
_PIECES: Final = Sum(_SIGNED, output_field=IntegerField())
# A ticket is sold with its fare. One that costs nothing takes no seat, and is never taken back by a line.
_TICKETS: Final = Sum(
    Case(When(Q(kind=_Kind.FARE) & ~Q(amount=0), then=_SIGNED), default=0), output_field=IntegerField()
)


@dataclass(frozen=True)
class Source:
    """Rows of a table, newest last by their ids, and the columns by which they are summed."""

    table: str
    model: type[Model]
    keys: tuple[str, ...]
    branch: Combinable
    quantity: Combinable
    only: Q = _ALL


_BRANCH_OF_ORDER: Final = Coalesce(F("order__shift__branch"), Value(0))
# Of who took or gave the money, else of who sold
_BRANCH_OF_ENTRY: Final = Coalesce(
    F("shift__branch"), F("order__shift__branch"), F("booking__order__shift__branch"), Value(0)
)
LINES: Final = "lines"
ENTRIES: Final = "entries"


def _lines(*keys: str, quantity: Combinable = _TICKETS, only: Q = _ALL) -> Source:
    return Source(LINES, OrderLine, keys, _BRANCH_OF_ORDER, quantity, only)


def _entries(*keys: str, only: Q = _ALL) -> Source:
    return Source(ENTRIES, LedgerEntry, keys, _BRANCH_OF_ENTRY, Count("pk"), only)


SOURCES: Final[Mapping[str, Source]] = {
    By.KIND: _lines("kind", quantity=_PIECES),
    By.ROUTE: _lines("booking__schedule__route"),
    By.CLERK: _lines("order__seller"),
    By.CHANNEL: _lines("order__channel"),
    By.PARTNER: _lines("order__partner"),
    By.PASSENGER_TYPE: _lines("ticket__passenger_type"),
    By.FARE_CLASS: _lines("ticket__fare_class"),
    By.PROMO_CODE: _lines("order__promo_code", only=Q(kind=_Kind.PROMO), quantity=_PIECES),
    By.ACCOUNT: _entries("account", "gateway"),
    By.EARNED_ROUTE: _entries("booking__schedule__route", only=Q(account=Account.REVENUE)),
}
# Keys that a row never loses. The route of a booking, the class of a ticket may change after the sale; their
# sums say what was sold.
FROZEN: Final = (By.KIND, By.CLERK, By.CHANNEL, By.PARTNER, By.PROMO_CODE, By.ACCOUNT)


def key_of(values: tuple[Any, ...]) -> str:
    """What a row is summed under: "12", "gateway:payfast", "" for nothing."""
    return ":".join("" if value is None else str(value) for value in values).rstrip(":")
