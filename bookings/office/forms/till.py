from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.money import format_zar
from bookings.domain.counter.cash_count import DENOMINATIONS, cash_total
from bookings.office.forms.approval import ApprovalFields
from bookings.web.fields import AmountField


class CashCount(forms.Form):
    """How many of each note and coin. Left empty means none."""

    submission = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for index, worth in enumerate(DENOMINATIONS):
            attrs = {"inputmode": "numeric", "autocomplete": "off", "data-worth": str(worth)} | (
                {"autofocus": True} if not index else {}
            )
            self.fields[self._name(worth)] = forms.IntegerField(
                label=format_zar(worth),
                min_value=0,
                max_value=9999,
                required=False,
                widget=forms.TextInput(attrs=attrs),
            )

    @staticmethod
    def _name(worth: Decimal) -> str:
        return f"of_{int(worth * 100)}"

    def counting(self) -> Iterator[forms.BoundField]:
        """The fields of notes and coins, for the template."""
        return (self[self._name(worth)] for worth in DENOMINATIONS)

    @property
    def denominations(self) -> dict[str, int]:
        return {str(worth): self.cleaned_data.get(self._name(worth)) or 0 for worth in DENOMINATIONS}

    @property
    def cash(self) -> Decimal:
        return cash_total(self.denominations)

    @classmethod
    def typed(cls, denominations: dict[str, int]) -> dict[str, int]:
        """The initial values that show these quantities."""
        return {cls._name(Decimal(worth)): quantity for worth, quantity in denominations.items() if quantity}


class TillCount(ApprovalFields, CashCount):
    """The blind count at the close. Reason and signature are asked for when the difference is large."""

    card = AmountField(_("Total of the card slips"), required=False)
    eft = AmountField(_("Total of the EFT slips"), required=False)
    reason = forms.CharField(label=_("Reason for the difference"), max_length=200, required=False)

    @property
    def counted(self) -> dict[str, Decimal]:
        given = self.cleaned_data
        return {
            "cash": self.cash,
            "card": given.get("card") or Decimal(0),
            "eft": given.get("eft") or Decimal(0),
        }


class MovementForm(ApprovalFields):
    submission = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    direction = forms.ChoiceField(
        label=_("Direction"), choices=[("in", _("Pay in")), ("out", _("Pay out"))], widget=forms.RadioSelect
    )
    amount = AmountField(_("Amount in rand"), min_value=Decimal("0.01"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    @property
    def signed(self) -> Decimal:
        amount = self.cleaned_data["amount"]
        return amount if self.cleaned_data["direction"] == "in" else -amount
