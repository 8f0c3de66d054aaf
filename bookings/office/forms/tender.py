"""How a sale is paid at the counter: a tender, or several for parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.codes import normal_code
from bookings.base.errors import Refusal
from bookings.base.money import ZERO, cents, format_zar, read_amount
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.tender import Tender, TenderPart
from bookings.models import VOUCHER, Account
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields
from bookings.office.forms.fields import tidy
from bookings.web.fields import AmountField


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
    (VOUCHER, gettext_lazy("Voucher"), "V", "v"),
)
_LABELS: Final = {value: label for value, label, _key, _letter in _TENDERS}


_MOST_PARTS: Final = 8


class TenderForm(ApprovalFields):
    """Cash with the amount given, card with a reference, a voucher by its code, or EFT. An empty amount is
    exactly what is due. The money of an EFT is awaited, unless a second person has seen it.

    Of a split payment the parts that were typed before stand in hidden fields: "card 300.00 T4 8812". A
    further way to pay is a further tender of `_TENDERS` and of `domain.counter.tender`.
    """

    use_required_attribute = False

    def __init__(self, data: Mapping[str, str] | None = None) -> None:
        if data is not None:  # a password is taken as it was typed
            data = {**tidy(data), "approver_password": data.get("approver_password", "")}
        super().__init__(data, auto_id="%s")
        money = {"class": "code sale-big", "autocomplete": "off", "data-money": True}
        coin = {
            "data-coin": int(company_settings.cash_rounding * 100)
        }  # cents; for the change that the page shows
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
            code_end = f"…{normal_code(part.reference)[-4:]}"
            yield PartRow(
                _LABELS[part.method],
                format_zar(part.amount),
                code_end if part.method == VOUCHER else part.reference,
                f"part-{place}",
                _write_part(part),
                f"unpart:{place}",
            )

    @property
    def has_voucher(self) -> bool:
        """Whether a voucher pays, all of it or a part."""
        parts = (part.method for part in self.parts)
        return VOUCHER in (self.cleaned_data["tender"], *parts)

    def split(self, worth: Decimal | None = None) -> None:
        """Make what was typed a part, and leave the fields empty for the rest; of a voucher that is `worth`
        so much all of that, unless an amount was typed. Raises Refusal without an amount, or if there are too
        many parts.
        """
        cleaned = self.cleaned_data
        amount = worth if cleaned["amount"] is None else cleaned["amount"]
        if amount is None:
            raise Refusal(_("Enter how much of it is paid this way."))
        if len(self.parts) == _MOST_PARTS:
            raise Refusal(_("These are too many parts."))
        part = TenderPart(cleaned["tender"], amount, self.tendered.reference)
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
        return typed if typed in (Account.CARD, Account.EFT, VOUCHER) else Account.CASH.value

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
    if method not in _LABELS:
        return None
    with suppress(ValueError):
        return TenderPart(method, read_amount(amount), reference)
    return None
