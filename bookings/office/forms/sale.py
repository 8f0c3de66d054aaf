"""What is typed on the screen of a sale, cleaned.

Nothing here asks more of a clerk than the keys it takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.base.money import ZERO, cents, read_amount
from bookings.base.names import NAME_LENGTH, read_full_name
from bookings.base.phones import HOME
from bookings.base.text import clean_code
from bookings.domain.fares.luggage import read_pieces
from bookings.domain.network.places import Place, get_likely_place, get_place
from bookings.domain.sales.checkout_page import NO_PROMO, PromoView
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.sales.promo_codes import CODE_LENGTH
from bookings.domain.timetable.segments import SegmentRef
from bookings.office.forms.fields import LONGEST_TEXT, tidy
from bookings.office.forms.luggage import SaleLuggageField, party_price, share_pieces
from bookings.office.forms.tender import TenderForm
from bookings.web.fields import HelpField, PhoneField, check_name, clean_day, read_address
from bookings.web.places import PlaceField


class TypedPlaceField(PlaceField):
    """As a clerk types it: a stop code in any case, too."""

    def read(self, text: str) -> Place:
        for name in dict.fromkeys((text.strip(), text.strip().casefold())):
            with suppress(NotFound):
                return get_place(name)
        return get_likely_place(text)


class SaleSearchForm(forms.Form):
    """From, to and the day, by keys. An empty day is today."""

    use_required_attribute = False
    data: dict[str, str]  # a place or a day that was understood is shown in its usual form

    def __init__(self, data: Mapping[str, str] | None, *, places: str, start: str, now: datetime) -> None:
        self.today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
        super().__init__(tidy(data) if data is not None else None, auto_id="sale-%s")
        for name, label in (("from", _("From")), ("to", _("To"))):
            attrs = {
                "data-combobox": places,
                "aria-controls": f"{name}-list",
                "maxlength": LONGEST_TEXT,
                "data-need": "",
            }
            missing = {"required": _("Where from?") if name == "from" else _("Where to?")}
            self.fields[name] = TypedPlaceField(
                label=label, widget=forms.TextInput({**attrs, "autocomplete": "off"}), error_messages=missing
            )
        self.fields["from"].initial = start
        day = {"autocomplete": "off", "data-day": self.today.isoformat(), "maxlength": 30}
        self.fields["date"] = forms.CharField(
            label=_("Day"), required=False, initial=self.today.isoformat(), widget=forms.TextInput(day)
        )
        self.fields["return"] = forms.CharField(
            label=_("Return"), required=False, widget=forms.TextInput(day)
        )

    def _day(self, name: str, earliest: date) -> date | None:
        typed = self.cleaned_data.get(name, "")
        if name == "return" and not typed.strip():
            return None
        day = clean_day(typed, self.today)
        if day < earliest:
            raise ValidationError(
                _("This day is in the past.")
                if name == "date"
                else _("The return trip cannot be before the outward trip.")
            )
        return day

    def clean(self) -> dict[str, Any]:
        for name, place in ((name, self.cleaned_data.get(name)) for name in ("from", "to")):
            if place:
                self.data[name] = place.name
                self.fields[name].widget.attrs["data-ref"] = place.ref
        for name in ("date", "return"):
            try:
                day = self._day(
                    name, self.today if name == "date" else self.cleaned_data.get("date") or self.today
                )
            except ValidationError as wrong:
                self.add_error(name, wrong)
                continue
            self.cleaned_data[name] = day
            self.data[name] = day.isoformat() if day else ""
        return self.cleaned_data


def read_seats(text: str, ticked: Sequence[str], segment: SegmentRef) -> SeatRequest:
    """ "4a 4b" or "4a,4b" are these seats, "2" is how many together.

    Empty: what was ticked, else one seat.
    """
    typed = [part.upper()[:6] for part in re.split(r"[\s,;+/]+", clean_code(text[:LONGEST_TEXT])) if part][
        :60
    ]
    if len(typed) == 1 and typed[0].isascii() and typed[0].isdecimal():
        return SeatRequest(segment, count=int(typed[0]))
    labels = tuple(dict.fromkeys(typed or (label.strip().upper()[:6] for label in ticked[:60])))
    return SeatRequest(segment, labels) if labels else SeatRequest(segment, count=1)


@dataclass(frozen=True)
class Person:
    """A row of the form: a seat, or a place on standby, and what it costs by passenger type."""

    index: int
    seat: str
    fares: Mapping[str, str]
    name: str = ""
    passenger_type: str = ""
    help_request: str = ""
    in_wheelchair: bool = False
    luggage: int = 0  # extra pieces
    luggage_prices: Sequence[str] = ()  # of 1, 2, … of them


class PayForm(TenderForm):
    """A row for each passenger, a contact if they want one, and the money."""

    def __init__(
        self,
        people: Sequence[Person],
        types: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        contact: str = "",
        country: str = "",
        promo_code: str = "",
    ) -> None:
        """`country` is that of the trip, whose numbers are typed without it."""
        super().__init__(data)
        self.country = country
        self.people = people
        for person in people:
            name = {
                "autocomplete": "off",
                "spellcheck": "false",
                "data-need": "",
                "dir": "auto",
                "maxlength": 2 * NAME_LENGTH,
            }
            name["placeholder"] = _("First name and surname")
            label = _("Name of passenger %(number)d") % {"number": person.index + 1}
            self.fields[f"name-{person.index}"] = forms.CharField(
                label=label,
                required=False,
                initial=person.name,
                widget=forms.TextInput(name),
            )
            choices = [(slug, f"{types[slug]} · {fare}") for slug, fare in person.fares.items()]
            self.fields[f"type-{person.index}"] = forms.ChoiceField(
                label=_("Type of passenger %(number)d") % {"number": person.index + 1},
                choices=choices,
                required=False,
                initial=person.passenger_type,
                widget=forms.Select({"data-fare": ""}),
            )
        self.fields["contact"] = forms.CharField(
            label=_("Mobile or e-mail (optional)"),
            required=False,
            initial=contact,
            widget=forms.TextInput(
                {"autocomplete": "off", "spellcheck": "false", "maxlength": LONGEST_TEXT, "data-offer": ""}
            ),
        )

        self.promo = NO_PROMO
        self.fields["promo_code"] = forms.CharField(
            label=_("Promo code (optional)"),
            required=False,
            initial=promo_code,
            widget=forms.TextInput(
                {"class": "code", "autocomplete": "off", "spellcheck": "false", "maxlength": CODE_LENGTH}
            ),
        )
        self.luggage_prices = [person.luggage_prices for person in people]
        if any(self.luggage_prices):
            self.fields["luggage"] = SaleLuggageField(self.luggage_prices)
            self.fields["luggage"].initial = sum(person.luggage for person in people)
        self.fields["help"] = HelpField()
        self.fields["help"].initial = next(
            (person.help_request for person in people if person.help_request), ""
        )

    def focus_names(self) -> None:
        """The first name, unless something is wrong: then that is what the script goes to."""
        if self.people and not self.wrong:
            self.fields[f"name-{self.people[0].index}"].widget.attrs["autofocus"] = True

    def clean_contact(self) -> tuple[str, str]:
        """E-mail address and phone number, one of them empty."""
        typed = self.cleaned_data["contact"]
        if "@" in typed:
            try:
                return read_address(typed), ""
            except ValidationError:
                raise ValidationError(_("This e-mail address is not complete.")) from None
        countries = list(dict.fromkeys((self.country or HOME, HOME)))
        return "", PhoneField(countries=countries, required=False).clean(typed)

    def clean_promo_code(self) -> str:
        return self.cleaned_data["promo_code"][:CODE_LENGTH]

    def take_promo(self, promo: PromoView) -> None:
        """Take what the promo code does into the total, or say beside its field why it does nothing."""
        self.promo = promo
        if promo.refusal:
            refused = {"aria-invalid": "true", "aria-describedby": "promo_code_refusal"}
            self.fields["promo_code"].widget.attrs |= refused

    @property
    def is_as_shown(self) -> bool:
        """Whether the customer was told this total; without a promo code the page keeps it up to date."""
        return not self.promo.code or self.data.get("shown") == str(cents(self.total))

    def clean(self) -> dict[str, Any]:
        surname = ""
        self.passengers: list[dict[str, str]] = []
        for person in self.people:
            name = read_full_name(self.cleaned_data.get(f"name-{person.index}", ""), surname)
            first, last = name
            surname = last if first else surname
            slug = self.cleaned_data.get(f"type-{person.index}") or next(iter(person.fares), "")
            self.passengers.append({"first_name": first, "surname": last, "passenger_type": slug})
            self.passengers[-1]["help_request"] = ""
            if problem := _name_problem(first, last):
                self.add_error(f"name-{person.index}", problem)
        pieces = share_pieces(read_pieces(self.cleaned_data.get("luggage")), self.luggage_prices)
        for passenger, share in zip(self.passengers, pieces, strict=True):
            passenger["luggage"] = str(share or "")
        if self.people:  # it is for who uses a wheelchair, else for who is named first
            place = next((index for index, person in enumerate(self.people) if person.in_wheelchair), 0)
            self.passengers[place]["help_request"] = self.cleaned_data.get("help", "")
        return self.cleaned_data

    def draft(self) -> dict[str, Any]:
        """What to keep of a form that is right or wrong, as a hold keeps it."""
        self.full_clean()
        email, phone = self.cleaned_data.get("contact", ("", ""))
        return {
            "passengers": [_without_surrogates(passenger) for passenger in self.passengers],
            "email": email,
            "phone": phone,
        }

    @property
    def total(self) -> Decimal:
        """What all of them cost, by the types that the form shows, with extra luggage, less what the promo
        code takes off.
        """
        fares = (person.fares.get(self[f"type-{person.index}"].value() or "") for person in self.people)
        firsts = (next(iter(person.fares.values()), "0") for person in self.people)
        total = sum((read_amount(fare or first) for fare, first in zip(fares, firsts, strict=True)), ZERO)
        pieces = read_pieces(self["luggage"].value()) if "luggage" in self.fields else 0
        return total + party_price(pieces, self.luggage_prices) - self.promo.discount

    @property
    def rows(self) -> list[tuple[Person, forms.BoundField, forms.BoundField]]:
        return [
            (person, self[f"name-{person.index}"], self[f"type-{person.index}"]) for person in self.people
        ]


def _name_problem(first: str, last: str) -> str:
    if not first and not last:
        return _("Enter first name and surname, or the only name.")
    if len(first) > NAME_LENGTH or len(last) > NAME_LENGTH:
        return _("This name is too long.")
    try:
        for name in filter(None, (first, last)):
            check_name(name)
    except ValidationError as wrong:
        return str(wrong.messages[0])
    return ""


def _without_surrogates(passenger: Mapping[str, str]) -> dict[str, str]:
    return {name: value.encode(errors="replace").decode() for name, value in passenger.items()}
