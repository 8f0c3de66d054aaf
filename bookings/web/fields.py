"""Names, addresses, telephone numbers and amounts of money as people type them.

One field for each, whose reader is the one in `base`.
"""

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.base.dates import read_typed_day
from bookings.base.emails import read_email
from bookings.base.money import read_amount
from bookings.base.names import NAME_LENGTH
from bookings.base.phones import COUNTRIES, HOME, calling_code, read_phone
from bookings.base.text import clean_name, clean_text


def check_name(text: str) -> None:
    """Any script, marks, emoji.

    But no characters that cannot be printed, and something to see. Raises ValidationError.
    """
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValidationError(_("This name has characters that cannot be printed. Please type it again."))
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        raise ValidationError(_("Please enter the name as in the identity document."))


HELP_LENGTH: Final = 200  # as Ticket.help_request


class NameField(forms.CharField):
    """Either part of a person's name, or the one name they have, as it was written."""

    default_validators = [check_name]

    def __init__(self, label: Any, **kwargs: Any) -> None:
        messages = {
            "max_length": gettext_lazy(
                "Please use at most 80 characters; shorten the name as your document does."
            ),
            "null_characters_not_allowed": gettext_lazy(
                "This name has characters that cannot be printed. Please type it again."
            ),
        } | kwargs.pop("error_messages", {})
        super().__init__(label=label, max_length=NAME_LENGTH, error_messages=messages, **kwargs)

    def to_python(self, value: Any) -> str:
        return clean_name(super().to_python(value) or "")


class AddressField(forms.EmailField):
    """An e-mail address, without what was pasted along with it."""

    def to_python(self, value: Any) -> str:
        return read_email(super().to_python(value) or "")


def read_address(text: str) -> str:
    """The e-mail address that was typed. Raises ValidationError."""
    address = read_email(text)
    validate_email(address)
    return address


class PhoneField(forms.CharField):
    """A number of any country, as E.164: of the first of `countries` that has it, unless that is typed."""

    def __init__(self, *, countries: Sequence[str] = (HOME,), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.countries = countries

    def clean(self, value: str) -> str:
        typed = super().clean(value)
        for country in self.countries:
            with suppress(ValueError):
                return read_phone(typed, country) if typed else ""
        raise ValidationError(
            _(
                "This is not a valid phone number. "
                "Try it as 082 123 4567, or with the country: +27 82 123 4567."
            )
        )


def phone_country_choices(*others: str) -> list[tuple[str, str]]:
    """The countries that a select beside a number offers, each with its calling code."""
    names = {
        "ZA": _("South Africa"),
        "BW": _("Botswana"),
        "LS": _("Lesotho"),
        "MW": _("Malawi"),
        "MZ": _("Mozambique"),
        "NA": _("Namibia"),
        "SZ": _("Eswatini"),
        "ZM": _("Zambia"),
        "ZW": _("Zimbabwe"),
    }
    codes = dict.fromkeys((*COUNTRIES, *filter(None, others)))
    return [(code, f"{names.get(code, code)} {calling_code(code)}") for code in codes]


class DayField(forms.Field):
    """A day by few keys, or as our pages print it; see `read_typed_day`."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs = {"autocomplete": "off", "data-day": "", "maxlength": 30} | self.widget.attrs

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            return value or None
        return clean_day(str(value), timezone.localdate())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


def clean_day(text: str, today: date) -> date:
    """See `read_typed_day`. Raises ValidationError."""
    try:
        return read_typed_day(text, today)
    except ValueError as error:
        raise ValidationError(_("Enter the day as +1, fri, 2512 or 2026-12-25.")) from error


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


class LuggageField(forms.ChoiceField):
    """How many extra pieces of luggage, of those whose prices are named: of 1, 2, …"""

    def __init__(self, prices: Sequence[str]) -> None:
        choices = [(str(pieces), f"{pieces} · {price}") for pieces, price in enumerate(prices, 1)]
        most = ngettext(
            "At most %(most)d extra piece can be taken here.",
            "At most %(most)d extra pieces can be taken here.",
            len(prices),
        )
        super().__init__(
            label=_("Extra luggage"),
            required=False,
            choices=[("", _("None")), *choices],
            widget=forms.Select({"data-fare": ""}),
            error_messages={"invalid_choice": most % {"most": len(prices)}},
        )

    def prepare_value(self, value: Any) -> str:
        return str(value or "")


class HelpField(forms.CharField):
    """Which help somebody needs on the way: one line, as long as a ticket keeps it."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Help on the way (optional)"),
            required=False,
            max_length=HELP_LENGTH,
            help_text=_("Such as getting up the steps. Only our crew reads it."),
            widget=forms.TextInput({"autocomplete": "off", "maxlength": HELP_LENGTH}),
            error_messages={"max_length": _("Please say it in at most 200 characters.")},
        )

    def to_python(self, value: object) -> str:
        return clean_text(super().to_python(value) or "").encode(errors="replace").decode()
