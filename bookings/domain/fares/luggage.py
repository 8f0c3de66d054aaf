"""What an extra piece of luggage costs: data of the company, by line and fare class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import Refusal
from bookings.base.money import ZERO
from bookings.base.params import read_int
from bookings.cache.reference_data import cached
from bookings.domain.company.settings import company_settings
from bookings.models import LuggageRule, LuggageSpace

MOST_PIECES: Final = 9  # of a passenger, whatever the rules say


class LuggageRefused(Refusal):
    """So many extra pieces cannot be had here; fewer may."""


@dataclass(frozen=True)
class PricedLuggage:
    """Extra pieces of one passenger on one trip, at `piece_price` rand each.

    `tax_code` is empty where it follows the fare; `refund` is of `LuggageRule.Refund`.
    """

    pieces: int = 0
    piece_price: Decimal = ZERO
    tax_code: str = ""
    refund: str = LuggageRule.Refund.AS_FARE

    @property
    def total(self) -> Decimal:
        return self.pieces * self.piece_price


NO_LUGGAGE: Final = PricedLuggage()


def luggage_rule(line_id: int, class_id: int) -> LuggageRule | None:
    """The rule for a seat of this class on this line: the closest, that of the line before that of the class.

    None where no extra pieces are sold. No query while rules are cached.
    """
    rules = _rules()
    keys = ((line_id, class_id), (line_id, None), (None, class_id), (None, None))
    rule = next((rules[key] for key in keys if key in rules), None)
    return rule if rule and rule.most else None


def price_luggage(pieces: int, *, line_id: int, class_id: int) -> PricedLuggage:
    """So many extra pieces at today's price. Raises LuggageRefused where not so many are sold."""
    if not pieces:
        return NO_LUGGAGE
    rule = luggage_rule(line_id, class_id)
    if rule is None:
        raise LuggageRefused(_("No extra luggage is sold on this trip."))
    if not 0 < pieces <= rule.most:
        message = ngettext(
            "A passenger may take at most %(most)d extra piece of luggage.",
            "A passenger may take at most %(most)d extra pieces of luggage.",
            rule.most,
        )
        raise LuggageRefused(message % {"most": rule.most})
    return PricedLuggage(pieces, rule.price, rule.tax_code, rule.refund)


def luggage_prices(line_id: int, class_id: int) -> tuple[Decimal, ...]:
    """What 1, 2, … extra pieces of a passenger cost, in rand; empty where none are sold."""
    rule = luggage_rule(line_id, class_id)
    return tuple(rule.price * pieces for pieces in range(1, rule.most + 1)) if rule else ()


def cheapest_piece() -> Decimal | None:
    """The least that an extra piece costs anywhere, in rand; None if none are sold."""
    return min((rule.price for rule in _rules().values() if rule.most), default=None)


def luggage_space(layout_id: int) -> int:
    """How many extra pieces a coach of this layout takes on each leg. No query while it is cached."""
    pieces: int = cached(("luggage space",), _read_spaces).get(
        layout_id, company_settings.extra_luggage_pieces
    )
    return pieces


def read_pieces(text: object) -> int:
    """What was typed or sent as a number of pieces, as far as it is one."""
    return read_int(str(text), most=MOST_PIECES)


def extra_luggage_text(pieces: int) -> str:
    """As "2 extra pieces of luggage"; empty for none."""
    if not pieces:
        return ""
    message = ngettext("%(number)d extra piece of luggage", "%(number)d extra pieces of luggage", pieces)
    return message % {"number": pieces}


def _rules() -> Mapping[tuple[int | None, int | None], LuggageRule]:
    return cached(("luggage rules",), _read_rules)


def _read_rules() -> dict[tuple[int | None, int | None], LuggageRule]:
    return {(rule.line_id, rule.fare_class_id): rule for rule in LuggageRule.objects.order_by("pk")}


def _read_spaces() -> dict[int, int]:
    return dict(LuggageSpace.objects.values_list("layout", "pieces"))
