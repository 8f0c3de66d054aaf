"""Extra luggage of a sale at the counter: one number for all, given to the passengers in their order."""

from collections.abc import Sequence
from decimal import Decimal

from bookings.base.money import ZERO, format_zar, read_amount
from bookings.domain.fares.luggage import MOST_PIECES
from bookings.web.fields import LuggageField

Prices = Sequence[str]  # of 1, 2, … pieces of one passenger


class SaleLuggageField(LuggageField):
    """How many pieces the party takes along; `prices` by passenger."""

    def __init__(self, prices: Sequence[Prices]) -> None:
        most = min(sum(map(len, prices)), MOST_PIECES)
        super().__init__([format_zar(party_price(number, prices)) for number in range(1, most + 1)])
        self.widget.attrs |= {"data-letter": "l", "aria-keyshortcuts": "l"}


def share_pieces(pieces: int, prices: Sequence[Prices]) -> list[int]:
    """How many each passenger takes: the first as many as they may, then the next."""
    shares = []
    for of_passenger in prices:
        shares.append(min(pieces, len(of_passenger)))
        pieces -= shares[-1]
    return shares


def party_price(pieces: int, prices: Sequence[Prices]) -> Decimal:
    """In rand."""
    shares = zip(share_pieces(pieces, prices), prices, strict=True)
    return sum((read_amount(of_passenger[share - 1]) for share, of_passenger in shares if share), ZERO)
