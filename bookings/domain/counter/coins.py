"""What of an amount changes hands in cash: in coins that exist."""

from decimal import ROUND_HALF_DOWN, ROUND_UP, Decimal

from bookings.base.money import cents
from bookings.domain.company.settings import company_settings


def in_coins(amount: Decimal) -> Decimal:
    """What a customer hands over in cash: rounded to coins that exist, a half in their favour."""
    return _rounded(amount, ROUND_HALF_DOWN)


def in_coins_back(amount: Decimal) -> Decimal:
    """What a customer gets back in cash: rounded up to coins that exist, as the odd cents are theirs."""
    return _rounded(amount, ROUND_UP)


def _rounded(amount: Decimal, rounding: str) -> Decimal:
    step = company_settings.cash_rounding
    return cents((amount / step).to_integral_value(rounding) * step) if step else amount
