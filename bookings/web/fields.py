"""Names, telephone numbers and amounts of money as people type them: one reader of each, for every door."""

import unicodedata
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.base.money import read_amount
from bookings.base.phones import read_phone

NAME_LENGTH: Final = 80


def check_name(text: str) -> None:
    """Any script, marks, emoji.

    But no characters that cannot be printed, and something to see. Raises ValidationError.
    """
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValidationError(_("This name has characters that cannot be printed. Please type it again."))
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        raise ValidationError(_("Please enter the name as in the identity document."))


class PhoneField(forms.CharField):
    """A number of any country, South Africa's unless its country is typed, as E.164."""

    def clean(self, value: str) -> str:
        typed = super().clean(value)
        try:
            return read_phone(typed) if typed else ""
        except ValueError as error:
            raise ValidationError(
                _(
                    "This is not a valid phone number. "
                    "Try it as 082 123 4567, or with the country: +27 82 123 4567."
                )
            ) from error


class AmountField(forms.DecimalField):
    """Rand and cents."""

    def __init__(self, label: Any = None, *, attrs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "class": "code"} | (attrs or {})
        )
        super().__init__(**{"label": label, "max_digits": 9, "decimal_places": 2, "widget": widget} | kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs take it for a whole number
        if value in self.empty_values:
            return None
        try:
            return read_amount(str(value)) if str(value).strip() else None
        except ValueError as error:
            raise ValidationError(_("Enter the amount as 500 or 500.50.")) from error
