from __future__ import annotations

from decimal import Decimal
from typing import Final

from bookings.demo.coaches import COACHES
from bookings.models import FareClass, LuggageRule, LuggageSpace, SeatLayout

_PIECES_BY_DECKS: Final = {1: 24, 2: 16}  # a lower deck of seats leaves less room beneath


def make_luggage() -> None:
    """What extra luggage costs and how much each of the demo's coaches takes, unless rules are entered."""
    codes = [plan.code for plan in COACHES]
    layouts = list(SeatLayout.objects.filter(code__in=codes))
    if not layouts or LuggageRule.objects.exists():
        return
    LuggageRule.objects.create(price=Decimal(80), most=2)
    premium = FareClass.objects.filter(code="premium").first()
    if premium:
        LuggageRule.objects.create(
            fare_class=premium, price=Decimal(50), most=3, refund=LuggageRule.Refund.FULL
        )
    for layout in layouts:
        LuggageSpace.objects.get_or_create(layout=layout, defaults={"pieces": _PIECES_BY_DECKS[layout.decks]})
