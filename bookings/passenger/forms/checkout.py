"""The checkout's form: who travels, and where the tickets go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.phones import HOME, phone_country
from bookings.domain.fares.companions import find_adult_missing
from bookings.domain.fares.prices import passenger_types
from bookings.domain.sales.checkout_page import CheckoutView, PassengerRow
from bookings.domain.sales.promo_codes import CODE_LENGTH
from bookings.web.fields import (
    AddressField,
    HelpField,
    LuggageField,
    NameField,
    PhoneField,
    phone_country_choices,
)
from bookings.web.refusals import add_refusal

_OF_PASSENGER: Final = (
    "first_name",
    "surname",
    "passenger_type",
    "help_request",
    "luggage",
    "contact_phone",
    "contact_email",
)
_LONGEST_FIELD: Final = (
    300  # of any field, right or wrong: enough to see what was typed, too little to carry a megabyte along
)


@dataclass(frozen=True)
class PassengerFields:
    row: PassengerRow
    number: int
    first_name: forms.BoundField
    surname: forms.BoundField
    passenger_type: forms.BoundField
    help_request: forms.BoundField
    luggage: forms.BoundField | None  # extra pieces, where they are sold
    contact_phone: forms.BoundField  # their own, for news of the trip
    contact_email: forms.BoundField


class DetailsForm(forms.Form):
    """One row of fields for each seat of the checkout, filled from its draft unless `data` was posted."""

    use_required_attribute = False

    def __init__(self, checkout: CheckoutView, data: Mapping[str, str] | None = None) -> None:
        self.checkout = checkout
        posted = (
            {name: str(value)[:_LONGEST_FIELD] for name, value in data.items()} if data is not None else None
        )
        super().__init__(posted, initial=_initial(checkout), auto_id="%s")
        for row in checkout.passengers:
            self._add_passenger(row, dict(row.fares), checkout)
        self.fields["email"] = AddressField(
            label=_("E-mail"),
            max_length=254,
            help_text=_("We will send your tickets here."),
            widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
            error_messages={
                "required": _("Please enter an e-mail address for your tickets."),
                "invalid": _("Please enter a complete e-mail address, like name@example.com."),
            },
        )
        filled = phone_country(checkout.draft.get("phone", "")) or checkout.country or HOME
        choices = phone_country_choices(filled)
        self.fields["phone_country"] = forms.ChoiceField(
            label=_("Country code"),
            required=False,
            initial=filled,
            choices=choices,
            widget=forms.Select({"autocomplete": "tel-country-code"}),
        )
        chosen = (posted or {}).get("phone_country", "")
        self.fields["phone"] = PhoneField(
            countries=[chosen if chosen in dict(choices) else filled],
            label=_("Mobile number (optional)"),
            required=False,
            max_length=40,
            help_text=_("Only used if something changes on the day."),
            widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        )
        self.fields["promo_code"] = forms.CharField(
            label=_("Promo code (optional)"),
            required=False,
            max_length=CODE_LENGTH,
            widget=forms.TextInput(_promo_attributes(checkout)),
        )
        if self.is_bound:
            self._mark_errors()

    def _add_passenger(self, row: PassengerRow, fares: dict[str, str], checkout: CheckoutView) -> None:
        section = f"section-p{row.index + 1}"
        names = {
            "first_name": (_("First name"), {"autocomplete": f"{section} given-name"}),
            "surname": (_("Surname"), {"autocomplete": f"{section} family-name", "data-copy": "surname"}),
        }
        for name, (label, attrs) in names.items():
            widget = forms.TextInput(
                {"spellcheck": "false", "autocapitalize": "words", "dir": "auto"} | attrs
            )
            self.fields[f"p{row.index}-{name}"] = NameField(label, required=False, widget=widget)
        self.fields[f"p{row.index}-passenger_type"] = forms.ChoiceField(
            label=_("Travels as"),
            choices=[
                (kind.slug, f"{kind.name} · {fares[kind.slug]}")
                for kind in checkout.types
                if kind.slug in fares
            ],
            widget=forms.Select({"data-fare": ""}),
            error_messages={
                "required": _("Please choose how this passenger travels."),
                "invalid_choice": _("Please choose one from the list."),
            },
        )

        self.fields[f"p{row.index}-help_request"] = HelpField()
        if row.luggage_prices:
            self.fields[f"p{row.index}-luggage"] = LuggageField(row.luggage_prices)
        self._add_contact(row, checkout)

    def _add_contact(self, row: PassengerRow, checkout: CheckoutView) -> None:
        """Where this passenger hears news of the trip; who paid has an address of their own."""
        self.fields[f"p{row.index}-contact_phone"] = PhoneField(
            countries=list(dict.fromkeys([checkout.country or HOME, HOME])),
            label=_("Mobile number (optional)"),
            required=False,
            max_length=40,
            widget=forms.TextInput({"type": "tel", "autocomplete": "off", "inputmode": "tel"}),
        )
        self.fields[f"p{row.index}-contact_email"] = AddressField(
            label=_("E-mail (optional)"),
            required=False,
            max_length=254,
            widget=forms.EmailInput({"autocomplete": "off", "inputmode": "email", "spellcheck": "false"}),
            error_messages={"invalid": _("Please enter a complete e-mail address, like name@example.com.")},
        )

    def clean(self) -> dict[str, Any]:
        """One name is enough: some people have no other."""
        for row in self.checkout.passengers:
            names = [f"p{row.index}-first_name", f"p{row.index}-surname"]
            if not any(self.cleaned_data.get(name) or name in self.errors for name in names):
                missing = _("Please enter the name of passenger %(number)d.") % {"number": row.index + 1}
                self.add_error(names[0], missing)
        types = passenger_types()
        fields = [f"p{row.index}-passenger_type" for row in self.checkout.passengers]
        slugs = [self.cleaned_data.get(name, "") for name in fields]
        kinds = [types[slug] for slug in slugs if slug in types]
        if missing_adult := find_adult_missing(kinds, is_abroad=self.checkout.is_abroad):
            add_refusal(self, fields[0], missing_adult)
        return self.cleaned_data

    def _mark_errors(self) -> None:
        for name, errors in self.errors.items():
            if errors and name in self.fields:
                self.fields[name].widget.attrs.update(
                    {"aria-invalid": "true", "aria-describedby": f"{name}_error"}
                )

    @property
    def rows(self) -> list[PassengerFields]:
        return [
            PassengerFields(
                row,
                row.index + 1,
                self[f"p{row.index}-first_name"],
                self[f"p{row.index}-surname"],
                self[f"p{row.index}-passenger_type"],
                self[f"p{row.index}-help_request"],
                self[f"p{row.index}-luggage"] if row.luggage_prices else None,
                self[f"p{row.index}-contact_phone"],
                self[f"p{row.index}-contact_email"],
            )
            for row in self.checkout.passengers
        ]

    @property
    def luggage_fields(self) -> list[str]:
        """Those in which extra pieces were chosen."""
        names = [f"p{row.index}-luggage" for row in self.checkout.passengers]
        return [name for name in names if self.cleaned_data.get(name)]

    def refuse_luggage(self, refusal: Refusal) -> None:
        """Beside the first choice of extra pieces."""
        add_refusal(self, next(iter(self.luggage_fields), None), refusal)
        self._mark_errors()

    @property
    def has_help(self) -> bool:
        """Something was typed, right or wrong."""
        return any(row.help_request.value() for row in self.rows)

    @property
    def has_contacts(self) -> bool:
        """Something was typed, right or wrong."""
        return any(row.contact_phone.value() or row.contact_email.value() for row in self.rows)

    @property
    def wrong(self) -> list[forms.BoundField]:
        """The fields with errors, in the order of the page."""
        return [self[name] for name in self.fields if name in self.errors] if self.is_bound else []

    def draft(self) -> dict[str, Any]:
        """What to keep: the cleaned value of a right field, what was typed in a wrong one.

        Never what no database can hold.
        """
        self.full_clean()

        def typed_value(name: str) -> str:
            return (
                str(self.cleaned_data.get(name, self.data.get(name, "")))
                .replace("\x00", "")
                .encode(errors="replace")
                .decode()
            )

        passengers = [
            {name: typed_value(f"p{row.index}-{name}") for name in _OF_PASSENGER}
            for row in self.checkout.passengers
        ]
        problem = "" if self.is_valid() else _("Please complete the details of the passengers first.")
        return {
            "passengers": passengers,
            "email": typed_value("email"),
            "phone": typed_value("phone"),
            "problem": problem,
        }


def _promo_attributes(checkout: CheckoutView) -> dict[str, str]:
    attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
    if checkout.promo.refusal:
        attrs |= {"aria-invalid": "true", "aria-describedby": "promo_code_refusal"}
    return attrs


def _initial(checkout: CheckoutView) -> dict[str, str]:
    filled = {"email": checkout.draft.get("email", ""), "phone": checkout.draft.get("phone", "")}
    filled["promo_code"] = checkout.promo.code
    for row in checkout.passengers:
        filled |= {f"p{row.index}-{name}": getattr(row, name) for name in _OF_PASSENGER}
    return filled
