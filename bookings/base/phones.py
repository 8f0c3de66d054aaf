"""Telephone numbers."""

from typing import Final

import phonenumbers

from bookings.base.text import clean_code

HOME: Final = "ZA"  # whose numbers are typed without their country, unless another is said
# Where our travellers' numbers come from: ISO 3166 codes. A number of any other country is typed with it.
COUNTRIES: Final = ("ZA", "BW", "LS", "MW", "MZ", "NA", "SZ", "ZM", "ZW")
_SHORTEST: Final = 7  # digits
_SIGNS: Final = str.maketrans("", "", " -./()+\u2010\u2011\u2012\u2013")


def read_phone(text: str, country: str = HOME) -> str:
    """A number as it is typed, in E.164; without its country it is one of `country`.

    Raises ValueError for what is not a number of its country.
    """
    try:
        number = phonenumbers.parse(clean_code(text), country)
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


def read_phones(text: str) -> set[str]:
    """The numbers that may be meant where nobody says of which country; as typed if it is none of them.

    Empty for what is no telephone number at all.
    """
    digits = clean_code(text).removeprefix("tel:").translate(_SIGNS)
    if not (digits.isascii() and digits.isdecimal() and len(digits) >= _SHORTEST):
        return set()
    numbers = set()
    for country in COUNTRIES:
        try:
            numbers.add(read_phone(text, country))
        except ValueError:
            continue
    return numbers or {text}


def calling_code(country: str) -> str:
    """+27"""
    return f"+{phonenumbers.country_code_for_region(country)}"
