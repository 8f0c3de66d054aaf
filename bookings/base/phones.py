"""Telephone numbers."""

from typing import Final

import phonenumbers

_REGION: Final = "ZA"  # whose numbers are typed without their country


def read_phone(text: str) -> str:
    """A number as it is typed, in E.164. Raises ValueError for what is not a number in any country."""
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException as error:
        raise ValueError(text) from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
