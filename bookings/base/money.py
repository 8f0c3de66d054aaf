import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bookings.base.text import clean_code

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
NBSP = "\u00a0"
_PRINTED: Final = re.compile(
    r"(\()?([-+])?R?(\d{1,9}|\d{1,3}(?:[,.']\d{3}){1,2})(?:[.,](\d{1,2}))?(\)|-|CR|DR)?", re.ASCII
)
_TYPED: Final = re.compile(r"([-−]?)R?(\d{1,9})(?:[.,](\d{1,2}))?", re.ASCII | re.IGNORECASE)


def cents(amount: Decimal | int | str) -> Decimal:
    """`amount` in rand, rounded half up to two places."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def read_amount(text: str) -> Decimal:
    """Rand as they are typed: 500, R500, 1 250,50, -20. Raises ValueError for anything else."""
    match = _TYPED.fullmatch("".join(clean_code(text).split()))
    if match is None:
        raise ValueError(text)
    sign, rand, fraction = match.groups()
    return Decimal(f"{'-' if sign else ''}{rand}.{fraction or 0}")


def read_printed_amount(text: str) -> Decimal:
    """Rand as a bank or a terminal prints them: 1,234.56, 1 234,56, R20, -20.00, 20.00-, (20.00), 20.00 DR.

    Raises ValueError for anything else, also where it cannot be told whether 1,23456 or 5.001 has a decimal
    point.
    """
    printed = "".join(clean_code(text).upper().split()).replace("−", "-").replace("ZAR", "R")
    match = _PRINTED.fullmatch(printed)
    if match is None:
        raise ValueError(text)
    bracket, sign, whole, fraction, after = match.groups()
    marks = re.findall(r"[.,']", whole)
    if bool(bracket) != (after == ")") or len(set(marks)) > 1 or (marks == ["."] and not fraction):
        raise ValueError(text)
    is_negative = bool(bracket) or sign == "-" or after in ("-", "DR")
    digits = re.sub(r"[.,']", "", whole)
    return Decimal(f"{'-' if is_negative else ''}{digits}.{fraction or 0}")


def is_rand_and_cents(amount: Decimal) -> bool:
    """Whether a posted number can be an amount of money that a column holds."""
    return amount.is_finite() and abs(amount) < Decimal(10_000_000) and amount == cents(amount)


def whole_rand(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), ROUND_HALF_UP).quantize(CENT)


def rand(amount: int) -> Decimal:
    """Cents in rand."""
    return Decimal(amount).scaleb(-2)


def percent_of(amount: Decimal, percent: Decimal | int) -> Decimal:
    return cents(amount * Decimal(percent) / 100)


def format_zar(amount: Decimal) -> str:
    """R1 250 or R1 250.50, with a space that does not break; cents only where there are any."""
    amount = cents(amount)
    sign = "−" if amount < 0 else ""
    whole, fraction = f"{abs(amount):,.2f}".replace(",", NBSP).split(".")
    return f"{sign}R{whole}" + ("" if fraction == "00" else f".{fraction}")
