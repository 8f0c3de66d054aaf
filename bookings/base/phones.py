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


def phone_country(text: str) -> str:
    """The country (ISO 3166-1 alpha-2) of a number that is written with its code; empty for any other."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if len(region) == 2 and region.isalpha() and region != "ZZ" else ""
