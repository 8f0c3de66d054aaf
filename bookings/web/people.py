"""Names and phone numbers as people type them, the same at every door."""

import unicodedata
from typing import Final

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NAME_LENGTH: Final = 80
_REGION: Final = "ZA"


def check_name(text: str) -> None:
    """Any script, marks, emoji; but no characters that are none, and something to see."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValidationError(_("This name has characters that cannot be printed. Please type it again."))
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        raise ValidationError(_("Please give the name as in the identity document."))


class PhoneField(forms.CharField):
    """A number of any country, South Africa's unless said, as E.164."""

    def clean(self, value: str) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            number = phonenumbers.parse(typed, _REGION)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise ValidationError(
                _("This is not a phone number that we know. Try it as 082 123 4567, or with the country: +27 82 123 4567.")
            )
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
