"""What is typed on the screen of a sale, cleaned.

Nothing here asks more of a clerk than the keys it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import NotFound, Refusal
from bookings.base.money import ZERO, cents, format_zar, read_amount
from bookings.base.names import NAME_LENGTH, read_full_name
from bookings.base.phones import HOME
from bookings.base.text import clean_code, clean_text
from bookings.domain.counter.tender import Tender, TenderPart
from bookings.domain.network.places import Place, get_likely_place, get_place
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Account
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields
from bookings.web.fields import AmountField, HelpField, PhoneField, check_name, clean_day, read_address
from bookings.web.places import PlaceField

_LONGEST: Final = 200  # of any field; more is cut


def tidy(data: Mapping[str, str]) -> dict[str, str]:
    return {name: clean_text(str(value))[:_LONGEST] for name, value in data.items()}


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
                "maxlength": _LONGEST,
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
    typed = [part.upper()[:6] for part in re.split(r"[\s,;+/]+", clean_code(text[:_LONGEST])) if part][:60]
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


@dataclass(frozen=True)
class TenderChoice:
    value: str
    label: str | Promise
    key: str
    letter: str
    is_chosen: bool


@dataclass(frozen=True)
class PartRow:
    """A part of a split payment as the form shows and carries it."""

    label: str | Promise
    amount_text: str
    reference: str
    name: str  # of its hidden field
    value: str
    remove: str  # the action that takes it out


_TENDERS: Final = (
    (Account.CASH, gettext_lazy("Cash"), "F2", "c"),
    (Account.CARD, gettext_lazy("Card"), "F3", "d"),
    (Account.EFT, gettext_lazy("EFT"), "F4", "e"),
)


_MOST_PARTS: Final = 8


class TenderForm(ApprovalFields):
    """Cash with the amount given, card with a reference, or EFT. An empty amount is exactly what is due. The
    money of an EFT is awaited, unless a second person has seen it.

    Of a split payment the parts that were typed before stand in hidden fields: "card 300.00 T4 8812". A
    further way to pay is a further tender of `_TENDERS` and of `domain.counter.tender`.
    """

    use_required_attribute = False

    def __init__(self, data: Mapping[str, str] | None = None) -> None:
        if data is not None:  # a password is taken as it was typed
            data = {**tidy(data), "approver_password": data.get("approver_password", "")}
        super().__init__(data, auto_id="%s")
        money = {"class": "code sale-big", "autocomplete": "off", "data-money": True}
        coin = {"data-coin": int(settings.CASH_ROUNDING * 100)}  # cents; for the change that the page shows
        self.fields["tender"] = forms.CharField(required=False)
        self.fields["amount"] = forms.CharField(
            required=False,
            widget=forms.TextInput({**money, **coin, "inputmode": "decimal", "maxlength": 12}),
        )
        self.fields["reference"] = forms.CharField(
            required=False, widget=forms.TextInput({**money, "maxlength": 40})
        )

        for name in self._part_names(self.data):
            self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def _part_names(data: Mapping[str, Any]) -> list[str]:
        names = (f"part-{place}" for place in range(_MOST_PARTS))
        return [name for name in names if data.get(name)]

    @property
    def parts(self) -> tuple[TenderPart, ...]:
        """What was paid by other tenders before; a part that nobody can have typed is left out."""
        return tuple(filter(None, (_read_part(self.data[name]) for name in self._part_names(self.data))))

    @property
    def paid(self) -> Decimal:
        return sum((part.amount for part in self.parts), ZERO)

    @property
    def paid_cents(self) -> int:
        """For the page, which keeps what is left up to date."""
        return int(self.paid * 100)

    def part_rows(self) -> Iterator[PartRow]:
        for place, part in enumerate(self.parts):
            yield PartRow(
                Account(part.method).label,
                format_zar(part.amount),
                part.reference,
                f"part-{place}",
                _write_part(part),
                f"unpart:{place}",
            )

    def split(self) -> None:
        """Make what was typed a part, and leave the fields empty for the rest. Raises Refusal without an
        amount, or if there are too many parts.
        """
        cleaned = self.cleaned_data
        if cleaned["amount"] is None:
            raise Refusal(_("Enter how much of it is paid this way."))
        if len(self.parts) == _MOST_PARTS:
            raise Refusal(_("These are too many parts."))
        part = TenderPart(cleaned["tender"], cleaned["amount"], self.tendered.reference)
        parts = (*self.parts, part)
        has_cash = any(part.method == Account.CASH for part in parts)
        self._carry(parts, tender=Account.CARD.value if has_cash else Account.CASH.value)

    def remove_part(self, place: int) -> None:
        """Take a part out again, if there is one at this place."""
        self._carry(part for index, part in enumerate(self.parts) if index != place)

    def _carry(self, parts: Iterable[TenderPart], **typed: str) -> None:
        others = {name: value for name, value in self.data.items() if not name.startswith("part-")}
        carried = {f"part-{place}": _write_part(part) for place, part in enumerate(parts)}
        self.data = {**others, **carried, "amount": "", "reference": "", **typed}
        self.full_clean()

    def clean_tender(self) -> str:
        return self.cleaned_data["tender"] or Account.CASH.value

    def clean_amount(self) -> Decimal | None:
        return AmountField(required=False, min_value=0).clean(self.cleaned_data["amount"])

    @property
    def tendered(self) -> Tender:
        cleaned = self.cleaned_data
        reference = "" if cleaned["tender"] == Account.CASH else cleaned["reference"]
        return Tender(cleaned["tender"], cleaned["amount"], reference, parts=self.parts)

    @property
    def is_awaited(self) -> bool:
        """Whether the money comes later, by EFT, as far as anybody here knows."""
        cleaned = self.cleaned_data
        return cleaned["tender"] == Account.EFT and not cleaned["approver_name"]

    def signed(self, request: StaffRequest) -> Tender:
        """What was typed, signed by who has seen the money of an EFT. Raises what `approval_for` raises."""
        tender = self.tendered
        if tender.method != Account.EFT:
            return tender
        return replace(tender, approval=self.approval_for(request, _("money seen")))

    @property
    def chosen(self) -> str:
        """The tender that the form shows."""
        typed = self.data.get("tender") if self.is_bound else ""
        return typed if typed in (Account.CARD, Account.EFT) else Account.CASH.value

    @property
    def tenders(self) -> list[TenderChoice]:
        return [
            TenderChoice(value, label, key, letter, value == self.chosen)
            for value, label, key, letter in _TENDERS
        ]

    def focus_money(self, *, is_refused: bool) -> None:
        """What is typed next is the amount, or the reference of the slip.

        It has the focus, and says why it was refused.
        """
        attrs = self.fields["amount" if self.chosen == Account.CASH else "reference"].widget.attrs
        attrs["autofocus"] = True
        if is_refused:
            attrs["aria-describedby"] = "refusal"

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """Each field with an error, and its words."""
        return (
            [(name, str(error)) for name in self.fields for error in self.errors.get(name, [])]
            if self.is_bound
            else []
        )


def _write_part(part: TenderPart) -> str:
    return f"{part.method} {cents(part.amount)} {part.reference}".strip()


def _read_part(text: str) -> TenderPart | None:
    method, _space, rest = text.partition(" ")
    amount, _space, reference = rest.partition(" ")
    if method not in Account.values:
        return None
    with suppress(ValueError):
        return TenderPart(method, read_amount(amount), reference)
    return None


class PayForm(TenderForm):
    """A row for each passenger, a contact if they want one, and the money."""

    def __init__(
        self,
        people: Sequence[Person],
        types: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        contact: str = "",
        country: str = "",
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
                {"autocomplete": "off", "spellcheck": "false", "maxlength": _LONGEST, "data-offer": ""}
            ),
        )

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
        """What all of them cost, by the types that the form shows."""
        fares = (person.fares.get(self[f"type-{person.index}"].value() or "") for person in self.people)
        firsts = (next(iter(person.fares.values()), "0") for person in self.people)
        return sum((read_amount(fare or first) for fare, first in zip(fares, firsts, strict=True)), ZERO)

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
