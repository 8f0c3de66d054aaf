"""Notes and coins, as they are counted."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bookings.base.money import ZERO

DENOMINATIONS: Final = tuple(
    Decimal(text) for text in ("200", "100", "50", "20", "10", "5", "2", "1", "0.50", "0.20", "0.10")
)


def cash_total(quantities: Mapping[str, int]) -> Decimal:
    """Rand of so many of each; keys are denominations as text ("200", "0.50")."""
    return sum((Decimal(worth) * quantity for worth, quantity in quantities.items()), ZERO)
