"""The tax code of what is sold: data of the company, which an adviser should look at."""

from django.conf import settings


def fare_tax_code(*, is_abroad: bool = False) -> str:
    """Of a fare; `is_abroad`: the trip crosses a border."""
    return settings.TAX_CODES["fare_abroad" if is_abroad else "fare"]


def tax_code(kind: str, *, of_fare: str) -> str:
    """Of another kind of line, which follows the code of its fare unless TAX_CODES says another."""
    return settings.TAX_CODES.get(kind) or of_fare
